"""A control plane that runs in the background, known by its folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from controlplane.access import Access
from controlplane.errors import ControlPlaneError
from controlplane.plane import DEFAULT_ACCOUNT, STATE, ControlPlane, read_state
from controlplane.supervisor import LOCK

_TIMEOUT = 90.0
_CONTENT = ("etcd", "pki", "log", STATE, "audit-policy.yaml", "etcd-client:0", "etcd-peer:0")


def up(folder: Path, audit: bool, progress: Callable[[str], None]) -> Path:
    """Make sure that a control plane runs in the folder and return its kubeconfig file.

    Raises `ControlPlaneError` when it cannot be started, or runs but does not answer.
    """
    folder = folder.absolute()
    if is_running(folder):
        _wait_until(lambda: _answers(folder), f"{folder} is up but does not answer; end it with down")
        progress("already up")
        if audit and not read_state(folder).get("audit"):
            raise ControlPlaneError(f"{folder} is up without an audit log; end it with down first")
        return folder / "kubeconfig"
    plane = ControlPlane(folder, audit, timeout=_TIMEOUT, progress=progress)
    plane.start()
    kubeconfig = plane.kubeconfig
    plane.detach()
    return kubeconfig


def down(folder: Path) -> bool:
    """End the control plane of the folder and remove its files; tell whether there was something to do.

    Files that are not its own stay, with the folder. Raises `ControlPlaneError` when the folder is not a control
    plane's, or its processes do not end.
    """
    if not folder.exists():
        return False
    if not (folder / LOCK).exists():
        raise ControlPlaneError(f"{folder} is not a control plane's folder")
    if is_running(folder):
        os.kill(int((folder / LOCK).read_text()), signal.SIGTERM)
        _wait_until(lambda: not is_running(folder), f"the control plane in {folder} does not end")
    _remove_content(folder)
    return True


def is_running(folder: Path) -> bool:
    """Tell whether a supervisor keeps the folder's lock; that ends with the process in every case."""
    try:
        handle = (folder / LOCK).open("r")
    except (FileNotFoundError, NotADirectoryError):
        return False
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _answers(folder: Path) -> bool:
    port = read_state(folder).get("port")
    if not port or not (folder / "kubeconfig").exists():
        return False
    return Access(port, folder / "pki").answers_ok(DEFAULT_ACCOUNT)


def _wait_until(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise ControlPlaneError(complaint)
        time.sleep(0.05)


def _remove_content(folder: Path) -> None:
    own = [*_CONTENT, *(path.name for path in folder.glob("*kubeconfig")), *(p.name for p in folder.glob("audit*.log"))]
    for name in [*own, LOCK]:  # the lock last: it marks the folder as a control plane's
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
