"""Where the control plane's binaries come from: a given folder, the cache, or a build from Go modules.

Looked for in this order:

1. the folder named by ``KUBEBUILDER_ASSETS``, when it has all three (what ``setup-envtest`` downloads has no
   kube-controller-manager; one put beside the others makes it complete);
2. the cache, ``$XDG_CACHE_HOME/jwk-operator/controlplane/VERSION-HASH`` (``~/.cache`` by default), where HASH covers
   the module files beside this one, so that a change of any version or checksum makes a new folder;
3. ``go build`` into that cache. The first build takes some ten minutes on two cores, later checkouts find it done.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

KUBERNETES_VERSION = "v1.37.2"
MODULES = Path(__file__).parent / "modules"

_MINOR = KUBERNETES_VERSION.removeprefix("v1.").split(".")[0]
_KUBERNETES_LDFLAGS = (
    f"-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES_VERSION}"
    f" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor={_MINOR}"
    f" -X k8s.io/client-go/pkg/version.gitVersion={KUBERNETES_VERSION}"
)


class BinariesError(RuntimeError):
    """The binaries are neither at hand nor can be built; the text says what is missing and what helps."""


@dataclass(frozen=True, slots=True)
class _Build:
    module: str
    package: str
    ldflags: str
    usual_time: str


_BUILDS = {
    "etcd": _Build("etcd", "go.etcd.io/etcd/server/v3", "-s -w", "about 1 min"),
    "kube-apiserver": _Build("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", _KUBERNETES_LDFLAGS, "about 5 min"),
    "kube-controller-manager": _Build(
        "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", _KUBERNETES_LDFLAGS, "about 2 min"
    ),
}


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
    if not _complete(folder):
        _build_missing(folder)
    return _in_folder(folder)


def cache_folder() -> Path:
    """Return the folder of the cache for exactly the versions that the module files name (it may not exist yet)."""
    digest = hashlib.sha256()
    for path in sorted(MODULES.glob("*/go.*")):
        digest.update(path.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "jwk-operator" / "controlplane" / f"{KUBERNETES_VERSION}-{digest.hexdigest()[:12]}"


def _in_folder(folder: Path) -> Binaries:
    return Binaries(folder / "etcd", folder / "kube-apiserver", folder / "kube-controller-manager")


def _complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _BUILDS)


def _build_missing(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / ".lock"):
        missing = [name for name in _BUILDS if not (folder / name).is_file()]
        for position, name in enumerate(missing, start=1):
            _say(f"[{position}/{len(missing)}] building {name} from its Go modules ({_BUILDS[name].usual_time}, once)")
            _build_one(name, folder)


def _build_one(name: str, folder: Path) -> None:
    build = _BUILDS[name]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as work:
        target = Path(work) / name
        log = folder / f"{name}.log"
        command = [_go(), "build", "-buildvcs=false", "-mod=readonly", "-trimpath", "-ldflags", build.ldflags]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "-o", str(target), build.package],
                cwd=MODULES / build.module,
                env={**os.environ, "GOTMPDIR": work},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _show_progress(process, name, started)
        if process.returncode != 0:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise BinariesError(f"go build of {name} failed (see {log}):\n{tail}")
        target.replace(folder / name)
        log.unlink()
    _say(f"    built {name} in {time.monotonic() - started:.0f} s")


def _show_progress(process: subprocess.Popen[bytes], name: str, started: float) -> None:
    try:
        while process.poll() is None:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                _say(f"    still building {name}: {time.monotonic() - started:.0f} s")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _go() -> str:
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found is None:
        raise BinariesError(
            "the control plane's binaries are not cached and Go is not installed; install Go 1.26 or newer, or set "
            "KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kube-controller-manager"
        )
    return found


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """Hold an exclusive lock, so that two checkouts never build into the same folder at once."""
    with path.open("wb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another process is building the control plane; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
