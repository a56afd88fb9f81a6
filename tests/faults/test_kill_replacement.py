"""kill -9 at every write of a replacement: at any time one of the two JWKs exists, and in the end it is the wished one.

A point is reached as soon as the answer to a write is there. What was sent and not answered, and what was answered and
not yet followed by the next write, are the same to whoever comes after: one point for each write is enough.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from faults.test_kill import Lives, lives
from harness.keys import ec, pasted
from harness.objects import ASIDE, Jwk

__all__ = ["lives"]

NAME = "key"
FIRST = 4
"""Writes until the old JWK is there: the connection's finalizer, claim, POST, status."""

WRITES = {
    "answered": 9,
    "update lost": 9,
    "update refused": 11,
    "create lost": 12,
    "create refused": 11,
    "delete lost": 10,
    "delete refused": 11,
    "rejected": 10,
}
"""The record of the renaming, PUT, status, the record of the creation, POST, status, DELETE, the record's end, status.

A lost answer brings a status that tells of it; then the list shows whether the next step or the same one follows. A new
JWK whose answer was lost is deployed again by PUT. A creation that is rejected brings the record of the return, a
status, PUT, the record's end and a status."""


def _points() -> Iterator[tuple[str, int]]:
    for story, number in WRITES.items():
        for write in range(1, number + 1):
            yield story, write


class Replacing:
    """A JWK with an old key that is to get a new one."""

    def __init__(self, lives: Lives, story: str) -> None:
        self.lives = lives
        self.story = story
        self._old, self._new = pasted(ec("old")), pasted(ec("new"))

    def begin(self) -> None:
        """Wait for the old JWK, order the fault of the story, and wish for the new one."""
        space, control = self.lives.space, self.lives.simulator.control
        space.wait(NAME)
        call, _, answer = self.story.partition(" ")
        if answer:
            self.lives.order_fault(answer, call)
        elif self.story == "rejected":
            body = {"error": "bad_request", "error_description": "Not this one!"}
            control.fault("status", project=space.project, call="create", times=None, status=400, body=body)
        space.patch(NAME, jwkStr=self._new["jwkStr"])

    def create(self) -> None:
        """Apply the JWK with the old key."""
        self.lives.space.jwk(NAME, self._old, updatePolicy="Replace")

    @property
    def kids(self) -> dict[str, Any]:
        """The kid of each remote JWK by its name."""
        return {name: jwk["kid"] for name, jwk in self.lives.simulator.remote(self.lives.space.project).items()}

    def is_over(self, jwk: Jwk) -> bool:
        """Whether the resource says that the end is reached."""
        reason = "Rejected" if self.story == "rejected" else "Deployed"
        settled = jwk.observed and jwk.reason == reason and ASIDE not in jwk.annotations
        return settled and "replacement" not in jwk.status and jwk.status["remote"]["kid"] == self.winner

    @property
    def winner(self) -> str:
        """The kid of the JWK that is to be there in the end."""
        return "old" if self.story == "rejected" else "new"

    def wait(self) -> None:
        """Wait for the end: one JWK of the name, and it is the right one."""
        self.lives.space.wait_for(NAME, self.is_over, "the end of the replacement")
        assert self.kids == {NAME: self.winner}


@pytest.mark.parametrize(("story", "write"), list(_points()))
def test_killed_while_replacing(lives: Lives, story: str, write: int) -> None:
    replacing = Replacing(lives, story)
    replacing.create()
    doomed = lives.doomed(f"{FIRST + write}:after")
    replacing.begin()
    assert doomed.wait() == -signal.SIGKILL
    assert set(replacing.kids.values()) & {"old", "new"}, "neither old nor new"
    with lives.sound():
        replacing.wait()
        lives.space.delete(NAME)
        lives.space.wait_gone(NAME)
    assert lives.remote == []


@pytest.mark.parametrize("story", list(WRITES))
def test_replacing_has_no_further_points(lives: Lives, story: str) -> None:
    replacing = Replacing(lives, story)
    replacing.create()
    survivor = lives.doomed(f"{FIRST + WRITES[story] + 1}:before")
    replacing.begin()
    replacing.wait()
    assert survivor.terminate() == 0
