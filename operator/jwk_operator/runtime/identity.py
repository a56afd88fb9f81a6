"""Who holds a Lease: a name for this very process, from which others can tell that it has ended."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

_PROC = Path("/proc")
_POD, _PROCESS = "pod", "process"


def own_identity() -> str:
    """Return a name that no other process has ever had.

    In a pod it has the pod's uid: a new container of a pod means that the one before has ended. Elsewhere it has what
    tells on the same machine whether the process is still there.
    """
    host = socket.gethostname()
    pod = os.environ.get("POD_UID")
    if pod:
        return f"{host}_{_POD}.{pod}.{secrets.token_hex(4)}"
    pid = os.getpid()
    return f"{host}_{_PROCESS}.{_machine()}.{pid}.{_started(pid) or ''}"


def is_dead(holder: str, me: str) -> bool:
    """Whether the holder is certain to have ended. A process that was stopped has not."""
    theirs, mine = holder.rpartition("_")[2].split("."), me.rpartition("_")[2].split(".")
    if holder == me or theirs[0] != mine[0]:
        return False
    if theirs[0] == _POD and len(theirs) == 3:
        return theirs[1] == mine[1]
    if theirs[0] == _PROCESS and len(theirs) == 4 and theirs[2].isdecimal():
        return theirs[1] == mine[1] and _has_ended(int(theirs[2]), theirs[3])
    return False


def _machine() -> str:
    """Name this boot of this machine, and the space of process numbers; empty parts never make two of them equal."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        space = (_PROC / "self/ns/pid").readlink().name
    except OSError:
        return secrets.token_hex(8)
    return f"{boot}-{''.join(filter(str.isdigit, space))}"


def _has_ended(pid: int, started: str) -> bool:
    """Whether that process is certain to be gone: what /proc hides from other users, or cannot open, may live."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass  # it belongs to another user
    now = _started(pid)
    return now is not None and bool(started) and now != started


def _started(pid: int) -> str | None:
    """Return when a process started, in clock ticks since the boot; empty when it has ended, None when unknown."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # field 22 of proc(5), counted from the third; a zombie has ended
    return "" if fields[0] in ("Z", "X") else fields[19]
