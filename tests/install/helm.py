"""What the tests of the Helm chart share: Helm itself, and what a release is named."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from gotools import find_tool
from install.support import ROOT

CHART = ROOT / "charts" / "jwk-operator"
RELEASE = "keys"
NAME = f"{RELEASE}-jwk-operator"
MONITORING = "monitoring.coreos.com/v1"


def helm(*arguments: str, kubeconfig: Path | None = None) -> subprocess.CompletedProcess[str]:
    home = os.environ.get("HOME", "/")
    environment = {"PATH": os.environ["PATH"], "HOME": home, "KUBECONFIG": str(kubeconfig or os.devnull)}
    command = [str(find_tool("helm")), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def with_values(folder: Path, given: dict[str, Any]) -> list[str]:
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(given))
    return ["-f", str(path)]
