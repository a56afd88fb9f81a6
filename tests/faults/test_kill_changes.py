"""kill -9 at every write of what else may happen: another description, adoption, a generated key, an overlap's end.

As in a replacement, one point for each write is enough: as soon as its answer is there.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from faults.test_kill import Lives, lives
from harness.keys import ec, pasted
from harness.objects import ASIDE, Jwk
from harness.processes import Process

__all__ = ["lives"]

NAME = "key"
GENERATED = {"sourceType": "GENERATE", "generate": {"type": "EC", "ec": {"curveType": "P256"}}}
CREATED = 4
"""Writes until a JWK is there: the connection's finalizer, claim, POST, status."""

Check = Callable[[Jwk], bool]


class Story:
    """What is applied before the operator starts, what happens then, and how it must end."""

    before = 0
    """Writes that come before those of the story."""
    call = ""

    def apply(self, lives: Lives) -> None:
        """Apply the resource."""
        lives.space.jwk(NAME, pasted(description="first"))

    def prepare(self, lives: Lives) -> None:
        """Wait for what the operator has to do before, which takes it `before` writes."""

    def happen(self, lives: Lives) -> None:
        """Make happen what the story is about, if that is not to be applied only."""

    def is_over(self, jwk: Jwk) -> bool:
        """Whether the resource says that the end is reached."""
        return jwk.observed and jwk.reason == "Deployed"

    def check(self, lives: Lives) -> None:
        """Check that Apinizer has what it should."""
        assert lives.remote == [NAME]


class Described(Story):
    """Another description: PUT, status. A lost answer brings a status, PUT once more, and a status."""

    before = CREATED
    call = "update"

    def prepare(self, lives: Lives) -> None:
        lives.space.wait(NAME)

    def happen(self, lives: Lives) -> None:
        lives.space.patch(NAME, description="second")

    def is_over(self, jwk: Jwk) -> bool:
        return super().is_over(jwk) and jwk.status["remote"]["description"] == "second"

    def check(self, lives: Lives) -> None:
        super().check(lives)
        assert lives.simulator.remote(lives.space.project)[NAME]["description"] == "second"
        assert lives.acted("create") == 1


class Adopted(Story):
    """The connection's finalizer, claim, status."""

    def apply(self, lives: Lives) -> None:
        lives.simulator.control.tamper("create", lives.space.project, NAME)
        lives.space.jwk(NAME, {"sourceType": "COPY_PASTE"}, adoptionPolicy="IfMatching")

    def is_over(self, jwk: Jwk) -> bool:
        return jwk.observed and jwk.reason == "Adopted" and jwk.claimed

    def check(self, lives: Lives) -> None:
        super().check(lives)
        assert lives.simulator.writes(lives.space.project) == []


class Generated(Story):
    """The connection's finalizer, claim, POST, status; a lost answer as with any create call."""

    call = "generate"

    def apply(self, lives: Lives) -> None:
        lives.space.jwk(NAME, GENERATED)

    def check(self, lives: Lives) -> None:
        super().check(lives)
        assert lives.acted("generate") == 1
        kid = lives.simulator.remote(lives.space.project)[NAME]["kid"]
        assert lives.space.get(NAME).status["remote"]["kid"] == kid


class Overlapped(Story):
    """The end of an overlap that is not wished for any more: DELETE, the record's end, status."""

    before = CREATED + 6

    def apply(self, lives: Lives) -> None:
        lives.space.jwk(NAME, pasted(ec("old")), updatePolicy="Replace", replacement={"keepOldFor": "1h"})

    def prepare(self, lives: Lives) -> None:
        lives.space.wait(NAME)
        lives.space.patch(NAME, jwkStr=pasted(ec("new"))["jwkStr"])
        lives.space.wait_for(NAME, _is_kept, "the overlap")
        assert len(lives.remote) == 2

    def happen(self, lives: Lives) -> None:
        lives.space.patch(NAME, replacement=None)

    def is_over(self, jwk: Jwk) -> bool:
        return super().is_over(jwk) and "replacement" not in jwk.status and ASIDE not in jwk.annotations

    def check(self, lives: Lives) -> None:
        super().check(lives)
        assert lives.simulator.remote(lives.space.project)[NAME]["kid"] == "new"


def _is_kept(jwk: Jwk) -> bool:
    replacement: dict[str, Any] = jwk.status.get("replacement", {})
    return replacement.get("step") == "KeepingOld"


STORIES: list[tuple[Story, str, int]] = [
    (Described(), "answered", 2),
    (Described(), "lost", 4),
    (Described(), "refused", 4),
    (Adopted(), "answered", 3),
    (Generated(), "answered", CREATED),
    (Generated(), "lost", CREATED + 3),
    (Generated(), "refused", CREATED + 2),
    (Overlapped(), "answered", 3),
]
IDS = [f"{type(story).__name__}-{answer}" for story, answer, _ in STORIES]


def _points() -> Iterator[Any]:
    for story, answer, writes in STORIES:
        for write in range(1, writes + 1):
            yield pytest.param(story, answer, write, id=f"{type(story).__name__}-{answer}-{write}")


def _play(lives: Lives, story: Story, answer: str, point: str) -> Process:
    """Start an operator that is to die at a point, counted from where the story begins, and make the story happen."""
    if not story.before:
        lives.order_fault(answer, story.call)
    story.apply(lives)
    number, _, moment = point.partition(":")
    doomed = lives.doomed(f"{story.before + int(number)}:{moment}")
    story.prepare(lives)
    if story.before:
        lives.order_fault(answer, story.call)
    story.happen(lives)
    return doomed


@pytest.mark.parametrize(("story", "answer", "write"), list(_points()))
def test_killed(lives: Lives, story: Story, answer: str, write: int) -> None:
    assert _play(lives, story, answer, f"{write}:after").wait() == -signal.SIGKILL
    with lives.sound():
        lives.space.wait_for(NAME, story.is_over, "the end of the story")
        story.check(lives)
        lives.space.delete(NAME)
        lives.space.wait_gone(NAME)
    assert lives.remote == []


@pytest.mark.parametrize(("story", "answer", "writes"), STORIES, ids=IDS)
def test_no_further_points(lives: Lives, story: Story, answer: str, writes: int) -> None:
    survivor = _play(lives, story, answer, f"{writes + 1}:before")
    lives.space.wait_for(NAME, story.is_over, "the end of the story")
    story.check(lives)
    assert survivor.terminate() == 0
