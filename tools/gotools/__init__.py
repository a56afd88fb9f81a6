"""Programs that tests need and that few machines have, built from the Go modules in modules/ (see `gobuild`)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import gobuild
from gobuild import Build, BuildError

__all__ = ["BuildError", "find_tool"]

Tool = Literal["dashboard", "gitops", "helm", "olm", "promtool", "sealedsecrets"]

_MODULES = Path(__file__).parent / "modules"
# As Helm's own releases set them: without these it takes every cluster for Kubernetes 1.20.
_KUBERNETES_OF_HELM = " ".join(
    f"-X helm.sh/helm/v3/pkg/{package}.k8sVersion{part}={number}"
    for package in ("chartutil", "lint/rules")
    for part, number in (("Major", 1), ("Minor", 37))
)
_BUILDS: dict[Tool, Build] = {
    "dashboard": Build(_MODULES / "dashboard", ".", "about 20 s"),
    "gitops": Build(_MODULES / "gitops", ".", "about 1 min"),
    "helm": Build(_MODULES / "helm", "helm.sh/helm/v3/cmd/helm", "about 1 min", f"-s -w {_KUBERNETES_OF_HELM}"),
    "olm": Build(_MODULES / "olm", ".", "about 1 min"),
    "promtool": Build(
        _MODULES / "promtool",
        "github.com/prometheus/prometheus/cmd/promtool",
        "about 1 min",
        tags="remove_all_sd",  # the clients of every cloud, for service discovery, take longer than all the rest
    ),
    "sealedsecrets": Build(_MODULES / "sealedsecrets", ".", "about 15 s"),
}


def find_tool(name: Tool) -> Path:
    """Return a program's path, building it when it is not cached. Raises `BuildError`."""
    build = _BUILDS[name]
    folder = gobuild.cache_folder("tools", name, [*build.module.glob("go.*"), *build.module.glob("*.go")])
    gobuild.build_missing(folder, {name: build}, "")
    return folder / name
