"""Ports of 127.0.0.1 for servers that are told where to listen, and that may end and begin again on the same one."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

# Below the ports that the kernel hands out by itself: no outgoing connection takes the port while a server restarts,
# and no client can connect to itself while nobody listens there.
_PORTS = range(20000, 30000)
_RESERVATIONS = Path(tempfile.gettempdir()) / f"jwk-operator-ports-{os.getuid()}"
_ours: set[int] = set()


def free_port() -> int:
    """Return a port that is free now, and that nobody else is given by this function while this process runs.

    Raises OSError when a hundred tries find none.
    """
    for port in random.sample(_PORTS, 100):
        if _reserve(port) and _is_free(port):
            return port
    raise OSError(f"no free port between {_PORTS[0]} and {_PORTS[-1]}")


def _reserve(port: int) -> bool:
    """Take a port for this process until it ends, which the lock on one byte of a file says to the user's others."""
    if port in _ours:
        return False
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    _ours.add(port)
    return True


@cache
def _reservations() -> int:
    """Open the file. Once for all: such locks go when any descriptor of the file is closed."""
    return os.open(_RESERVATIONS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
