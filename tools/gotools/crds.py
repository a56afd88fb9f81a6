"""CRDs of other projects, whose objects stand in examples/, manifests/ and the chart: out of their own Go modules.

Nothing is built. The module in modules/crds pins the versions and their hashes.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from gobuild import BuildError, find_go

_MODULE = Path(__file__).parent / "modules" / "crds"
_FILES = {
    "github.com/argoproj/argo-cd/v3": (
        "manifests/crds/application-crd.yaml",
        "manifests/crds/applicationset-crd.yaml",
    ),
    "github.com/bitnami-labs/sealed-secrets": ("helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml",),
    "github.com/external-secrets/external-secrets": ("config/crds/bases/external-secrets.io_externalsecrets.yaml",),
    "github.com/fluxcd/kustomize-controller": ("config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml",),
    "github.com/fluxcd/source-controller": ("config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml",),
    "github.com/operator-framework/api": ("crds/operators.coreos.com_clusterserviceversions.yaml",),
    "github.com/prometheus-operator/prometheus-operator": (
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
    ),
}


def foreign_crds() -> list[Path]:
    """Return the files, downloading the modules that are not at hand (80 MB in all). Raises `BuildError`."""
    command = [find_go("CRDs"), "mod", "download", "-json"]
    done = subprocess.run(command, cwd=_MODULE, capture_output=True, text=True, check=False)
    folders = {module["Path"]: module["Dir"] for module in _documents(done.stdout) if "Dir" in module}
    if done.returncode != 0 or folders.keys() != _FILES.keys():
        raise BuildError(f"go mod download of the CRDs failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return [Path(folders[module]) / file for module, files in _FILES.items() for file in files]


def _documents(text: str) -> Iterator[dict[str, str]]:
    """Yield the JSON objects that follow each other."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:]
