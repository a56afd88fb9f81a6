"""Stories that failed once, and a few that everybody should know: each is a short program in the same world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jwk_operator.reconcile.state import Cause
from lifecycle.gate import Stop
from lifecycle.specs import Source
from lifecycle.stage import Stage
from lifecycle.world import World

PASTED = Source("pasted")


@pytest.fixture
def world(stage: Stage) -> Iterator[World]:
    """A world in which nothing has happened yet; the end is played after each story."""
    with World(stage) as world:
        yield world
        world.finish()


def test_an_ordinary_life(world: World) -> None:
    world.create("a", "x", PASTED, description="mine")
    world.work(1)
    assert world.get("a").reason == "Deployed"
    assert len(world.ledger.own) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 8))
def test_a_crash_anywhere_in_the_first_pass(world: World, number: int, moment: str) -> None:
    world.create("a", "x", PASTED, description="mine")
    world.make_pass("a", Cause.EVENT, Stop(number, moment))  # type: ignore[arg-type]
    world.crash()
