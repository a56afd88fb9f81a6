"""kill -9 at every write: whatever dies in between, the next start ends in the same place.

The points are enumerated, not hit by luck: each write that a life needs is a point before and a point after it, and for
each series of writes a last run shows that there is no further one. `lost` has Apinizer act and drop the connection,
`refused` has it drop the connection without acting.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.keys import pasted
from harness.objects import Condition
from harness.operator import OperatorProcess
from harness.processes import Process
from harness.rbac import Account
from harness.simulator import SimulatorProcess
from harness.space import Space

TESTS = Path(__file__).parents[1]
NAME = "key"
SPEC = pasted(description="first")
DEPLOYED = Condition("True", "Deployed", "Deployed to 2 environments.")

CREATE_WRITES = {"answered": 4, "lost": 7, "refused": 6}
"""The connection's finalizer, claim, POST, status. Where the answer is lost, that status tells of it; then come, for
what the list shows, a status that it was found, PUT and a status, and for what it does not show POST again and a
status."""

DELETE_WRITES = {"answered": 3, "lost": 4, "refused": 5}
"""DELETE, letting go, the connection's finalizer. Where the answer is lost, a status tells of it, and for what the list
still shows comes DELETE again."""


def _points(writes: dict[str, int]) -> Iterator[tuple[str, str]]:
    for answer, number in writes.items():
        for write in range(1, number + 1):
            yield answer, f"{write}:before"
            yield answer, f"{write}:after"


class Lives:
    """Operators for one namespace, one after the other: some kill themselves, some run as they should."""

    def __init__(self, space: Space, simulator: SimulatorProcess, account: Account, folder: Path) -> None:
        self.space = space
        self.simulator = simulator
        self._account = account
        self._folder = folder
        self._scope = ("--namespace", space.name)

    def sound(self) -> OperatorProcess:
        """An operator as users run it."""
        return OperatorProcess(self._account.kubeconfig, self._folder, self._scope)

    def doomed(self, point: str) -> Process:
        """An operator that kills itself at a point (see `crashing`)."""
        command = [sys.executable, "-m", "faults.crashing", point, "run", *self._scope, "--log-level", "debug"]
        environment = {"KUBECONFIG": str(self._account.kubeconfig), "PYTHONPATH": str(TESTS)}
        return Process(command, self._folder / "doomed.log", environment)

    def order_fault(self, answer: str, call: str) -> None:
        """Have the next call of a kind lose its answer, or not even be acted on."""
        if answer != "answered":
            self.simulator.control.fault("drop", project=self.space.project, call=call, act=answer == "lost")

    def calls(self, call: str) -> list[dict[str, Any]]:
        """The calls of a kind that Apinizer received."""
        return self.simulator.requests(self.space.project, call)

    def acted(self, call: str) -> int:
        """How many calls of a kind Apinizer carried out."""
        return sum(record["acted"] for record in self.calls(call))

    @property
    def remote(self) -> list[str]:
        """Names of the remote JWKs."""
        return list(self.simulator.remote(self.space.project))


@pytest.fixture
def lives(space: Space, simulator: SimulatorProcess, account: Account, tmp_path: Path) -> Lives:
    """A namespace with a connection, and no operator yet."""
    return Lives(space, simulator, account, tmp_path)


@pytest.mark.parametrize(("answer", "point"), list(_points(CREATE_WRITES)))
def test_killed_while_creating(lives: Lives, answer: str, point: str) -> None:
    lives.order_fault(answer, "create")
    lives.space.jwk(NAME, SPEC)
    assert lives.doomed(point).wait() == -signal.SIGKILL
    with lives.sound():
        assert lives.space.wait(NAME).ready == DEPLOYED
        assert lives.remote == [NAME]
        assert lives.acted("create") == 1
        assert lives.space.held()
        # A second POST only where the list has shown that the first one left nothing behind.
        assert len(lives.calls("create")) == (2 if answer == "refused" else 1)
        lives.space.delete(NAME)
        lives.space.wait_gone(NAME)
    assert lives.remote == []
    assert not lives.space.held()


@pytest.mark.parametrize(("answer", "point"), list(_points(DELETE_WRITES)))
def test_killed_while_deleting(lives: Lives, answer: str, point: str) -> None:
    lives.space.jwk(NAME, SPEC)
    with lives.sound():
        lives.space.wait(NAME)
    lives.order_fault(answer, "delete")
    lives.space.delete(NAME)
    assert lives.doomed(point).wait() == -signal.SIGKILL
    with lives.sound():
        lives.space.wait_gone(NAME)
    assert lives.remote == []
    assert not lives.space.held()
    assert lives.acted("delete") == 1


@pytest.mark.parametrize("answer", list(CREATE_WRITES))
def test_creating_has_no_further_points(lives: Lives, answer: str) -> None:
    lives.order_fault(answer, "create")
    lives.space.jwk(NAME, SPEC)
    survivor = lives.doomed(f"{CREATE_WRITES[answer] + 1}:before")
    lives.space.wait(NAME)
    assert survivor.terminate() == 0


@pytest.mark.parametrize("answer", list(DELETE_WRITES))
def test_deleting_has_no_further_points(lives: Lives, answer: str) -> None:
    lives.space.jwk(NAME, SPEC)
    with lives.sound():
        lives.space.wait(NAME)
    lives.order_fault(answer, "delete")
    lives.space.delete(NAME)
    survivor = lives.doomed(f"{DELETE_WRITES[answer] + 1}:before")
    lives.space.wait_gone(NAME)
    assert survivor.terminate() == 0
