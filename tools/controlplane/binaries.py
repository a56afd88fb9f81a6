"""Where the control plane's binaries come from: a given folder, the cache, or a build from Go modules.

Looked for in this order:

1. the folder named by ``KUBEBUILDER_ASSETS``, when it has all three (what ``setup-envtest`` downloads has no
   kube-controller-manager; one put beside the others makes it complete);
2. the cache, ``$XDG_CACHE_HOME/jwk-operator/controlplane/VERSION-HASH`` (``~/.cache`` by default), where HASH covers
   the module files beside this one, so that a change of any version or checksum makes a new folder;
3. ``go build`` into that cache. The first build takes some ten minutes on two cores, later checkouts find it done.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import gobuild
from gobuild import Build
from gobuild import BuildError as BinariesError

__all__ = ["KUBERNETES_VERSION", "Binaries", "BinariesError", "cache_folder", "find_binaries"]

KUBERNETES_VERSION = "v1.37.2"
MODULES = Path(__file__).parent / "modules"

_MINOR = KUBERNETES_VERSION.removeprefix("v1.").split(".")[0]
_KUBERNETES_LDFLAGS = (
    f"-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES_VERSION}"
    f" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor={_MINOR}"
    f" -X k8s.io/client-go/pkg/version.gitVersion={KUBERNETES_VERSION}"
)
_KUBERNETES = MODULES / "kubernetes"
_BUILDS = {
    "etcd": Build(MODULES / "etcd", "go.etcd.io/etcd/server/v3", "about 1 min"),
    "kube-apiserver": Build(_KUBERNETES, "k8s.io/kubernetes/cmd/kube-apiserver", "about 5 min", _KUBERNETES_LDFLAGS),
    "kube-controller-manager": Build(
        _KUBERNETES, "k8s.io/kubernetes/cmd/kube-controller-manager", "about 2 min", _KUBERNETES_LDFLAGS
    ),
}
_REMEDY = ", or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kube-controller-manager"


@dataclass(frozen=True, slots=True)
class Binaries:
    """Paths of the executables that make up a control plane."""

    etcd: Path
    apiserver: Path
    controller_manager: Path


def find_binaries() -> Binaries:
    """Return the binaries, building what is missing; progress goes to standard error.

    Raises `BinariesError` when something has to be built and cannot be.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    if assets and all((Path(assets) / name).is_file() for name in _BUILDS):
        return _in_folder(Path(assets))
    folder = cache_folder()
    gobuild.build_missing(folder, _BUILDS, _REMEDY)
    return _in_folder(folder)


def cache_folder() -> Path:
    """Return the folder of the cache for exactly the versions that the module files name (it may not exist yet)."""
    return gobuild.cache_folder("controlplane", KUBERNETES_VERSION, MODULES.glob("*/go.*"))


def _in_folder(folder: Path) -> Binaries:
    return Binaries(folder / "etcd", folder / "kube-apiserver", folder / "kube-controller-manager")
