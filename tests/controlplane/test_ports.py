"""Ports that servers of the tests and the demo are given."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from controlplane import ports

TAKES_ALL = """
from controlplane import ports
ports._PORTS = range({0}, {0} + 200)
print(*(ports.free_port() for _ in range(100)), flush=True)
input()
"""


def test_no_port_is_given_twice_while_whoever_has_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens on them: they are between the end of a server and its next start."""
    first = 30100
    monkeypatch.setattr(ports, "_PORTS", range(first, first + 200))
    command = [sys.executable, "-c", TAKES_ALL.format(first)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = set(map(int, other.stdout.readline().split()))
        ours = {ports.free_port() for _ in range(50)}
        other.communicate("")
    assert (len(theirs), len(ours), theirs & ours) == (100, 50, set())


def test_no_port_is_given_that_somebody_listens_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        monkeypatch.setattr(ports, "_PORTS", [listener.getsockname()[1]] * 100)
        with pytest.raises(OSError, match="no free port"):
            ports.free_port()
