"""Ports that servers of the tests and the demo are given."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane import ports

FIRST, MANY = 30100, 200
TAKES_HALF = f"""
import sys
from controlplane import ports
ports._RESERVATIONS, ports._PORTS = sys.argv[1], range({FIRST}, {FIRST + MANY})
print(*(ports.free_port() for _ in range({MANY // 2})), flush=True)
input()
"""


@pytest.fixture
def reservations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of this test, which others that run at the same time have nothing to do with."""
    monkeypatch.setattr(ports, "_RESERVATIONS", tmp_path / "ports")
    monkeypatch.setattr(ports, "_ours", set())
    ports._reservations.cache_clear()
    yield tmp_path / "ports"
    ports._reservations.cache_clear()


def test_no_port_is_given_twice_while_whoever_has_it_runs(reservations: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens on them: they are between the end of a server and its next start."""
    monkeypatch.setattr(ports, "_PORTS", range(FIRST, FIRST + MANY))
    command = [sys.executable, "-c", TAKES_HALF, str(reservations)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = set(map(int, other.stdout.readline().split()))
        ours = {ports.free_port() for _ in range(MANY // 4)}
        other.communicate("\n")
    assert (len(theirs), len(ours), theirs & ours) == (MANY // 2, MANY // 4, set())


@pytest.mark.usefixtures("reservations")
def test_no_port_is_given_that_somebody_listens_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        monkeypatch.setattr(ports, "_PORTS", [listener.getsockname()[1]] * 100)
        with pytest.raises(OSError, match="no free port"):
            ports.free_port()
