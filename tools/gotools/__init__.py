"""Programs that tests need and that few machines have, built from the Go modules in modules/ (see `gobuild`)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import gobuild
from gobuild import Build, BuildError

__all__ = ["BuildError", "find_tool"]

Tool = Literal["gitops", "helm", "promtool"]

_MODULES = Path(__file__).parent / "modules"
_BUILDS: dict[Tool, Build] = {
    "gitops": Build(_MODULES / "gitops", ".", "about 1 min"),
    "helm": Build(_MODULES / "helm", "helm.sh/helm/v3/cmd/helm", "about 3 min"),
    "promtool": Build(_MODULES / "promtool", "github.com/prometheus/prometheus/cmd/promtool", "about 4 min"),
}


def find_tool(name: Tool) -> Path:
    """Return a program's path, building it when it is not cached. Raises `BuildError`."""
    build = _BUILDS[name]
    folder = gobuild.cache_folder("tools", name, [*build.module.glob("go.*"), *build.module.glob("*.go")])
    gobuild.build_missing(folder, {name: build}, "")
    return folder / name
