"""What Argo CD, kstatus and `kubectl wait` make of an object of the API server."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from gitops.machine import GitOps
from harness.cluster import ROOT
from health.argocd import FOLDER
from health.verdicts import Verdicts


def judged(gitops: GitOps, kubeconfig: Path, found: dict[str, Any]) -> Verdicts:
    """Ask all three."""
    return Verdicts(_argo(gitops, found), gitops.kstatus(found), _waits_no_longer(kubeconfig, found))


def _argo(gitops: GitOps, found: dict[str, Any]) -> str:
    """What Argo CD shows. Of what is being deleted it says Progressing itself, and the script agrees."""
    script = (ROOT / FOLDER / found["kind"] / "health.lua").read_text()
    return str(gitops.lua("health", script, found)["status"])


def _waits_no_longer(kubeconfig: Path, found: dict[str, Any]) -> bool:
    """Whether `kubectl wait` for Ready ends at once."""
    executable = shutil.which("kubectl")
    assert executable, "kubectl is not installed"
    namespace = found["metadata"].get("namespace")
    where = ["-n", namespace] if namespace else []
    target = f"{found['kind'].lower()}.apiops.apinizer.com/{found['metadata']['name']}"
    command = [executable, f"--kubeconfig={kubeconfig}", "wait", *where, "--for=condition=Ready", target]
    return subprocess.run([*command, "--timeout=0s"], capture_output=True, check=False, timeout=30).returncode == 0
