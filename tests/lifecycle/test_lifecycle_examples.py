"""Stories that failed once, and a few that everybody should know: each is a short program in the same world."""

from __future__ import annotations

import pytest

from jwk_operator.reconcile.state import Cause
from lifecycle.gate import Moment, Stop
from lifecycle.specs import SecretContent, Source
from lifecycle.stage import KEYS
from lifecycle.world import World

PASTED = Source("pasted")
OTHER_TYPE = len(KEYS) - 1


def test_an_ordinary_life(world: World) -> None:
    world.create("a", "x", PASTED, description="mine")
    world.work(1)
    assert world.get("a").reason == "Deployed"
    assert len(world.ledger.own) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 9))
def test_a_crash_anywhere_in_the_first_pass(world: World, number: int, moment: Moment) -> None:
    world.create("a", "x", PASTED, description="mine")
    world.make_pass("a", Cause.EVENT, Stop(number, moment))
    world.crash()


@pytest.mark.parametrize("ending", ["stays", "is deleted", "turns back"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("passes", range(4))
def test_a_crash_anywhere_in_a_replacement(world: World, passes: int, number: int, moment: Moment, ending: str) -> None:
    world.create("a", "x", PASTED, description="mine", updatePolicy="Replace")
    world.work(1)
    world.resource("a", Source("pasted", 1))
    for _ in range(passes):
        world.make_pass("a", Cause.EVENT)
    world.make_pass("a", Cause.EVENT, Stop(number, moment))
    world.crash()
    if ending == "is deleted":
        world.delete("a")
    elif ending == "turns back":
        world.resource("a", PASTED)


def _an_impostor_comes(world: World) -> None:
    """Somebody deletes our JWK and makes one of another type, while the status still calls it ours."""
    world.create("a", "x", PASTED, description="mine")
    world.work(1)
    world.somebody_deletes("x")
    world.foreign_comes("x", OTHER_TYPE)


def test_an_impostor_is_not_deleted_with_the_resource(world: World) -> None:
    _an_impostor_comes(world)
    world.delete("a")
    world.work(60)


def test_an_impostor_is_not_described(world: World) -> None:
    _an_impostor_comes(world)
    world.edit("a", description="new")
    world.work(60)


def test_an_impostor_is_not_deployed_again(world: World) -> None:
    world.environment("production", failing=True)
    _an_impostor_comes(world)
    world.work(60)


def test_an_impostor_is_noticed_by_a_checkup(world: World) -> None:
    _an_impostor_comes(world)
    world.work(3600)
    assert world.get("a").reason == "Drifted"


def test_a_replacement_whose_end_was_not_reported_does_not_block_the_next(world: World) -> None:
    world.create("a", "x", PASTED, updatePolicy="Replace")
    world.work(1)
    world.resource("a", Source("pasted", 1))
    world.make_pass("a", Cause.EVENT)  # renamed aside
    world.make_pass("a", Cause.EVENT)  # created anew
    world.make_pass("a", Cause.EVENT, Stop(2, "after"))  # the old one is deleted
    world.crash()
    world.resource("a", PASTED)
    world.work(60)
    assert world.get("a").reason == "Deployed"


def test_a_secret_that_went_while_no_operator_ran_is_missed(world: World) -> None:
    world.create("a", "x", Source("secret"))
    world.put_secret(SecretContent(0))
    world.work(1)
    world.put_secret(None)
    world.crash()
    world.work(3600)
    assert world.get("a").reason == "SecretNotFound"


@pytest.mark.parametrize("comes", [False, True], ids=["the name is free", "somebody takes the name"])
def test_the_old_one_stays_when_the_new_one_is_deleted_by_somebody(world: World, comes: bool) -> None:
    world.create("a", "x", PASTED, updatePolicy="Replace", description="mine")
    world.work(1)
    world.resource("a", Source("pasted", 1))
    world.make_pass("a", Cause.EVENT)  # renamed aside
    world.make_pass("a", Cause.EVENT)  # created anew
    world.somebody_deletes("x")
    if comes:
        world.foreign_comes("x", OTHER_TYPE)
    world.work(3600)
    assert world.get("a").reason == ("NameConflict" if comes else "Deployed")


def test_an_overlap_that_ends_while_suspended_waits_quietly(world: World) -> None:
    world.create("a", "x", PASTED, updatePolicy="Replace", replacement={"keepOldFor": "20m"})
    world.work(1)
    world.resource("a", Source("pasted", 1))
    world.work(60)
    world.edit("a", suspend=True)
    world.work(7200)
    assert world.get("a").status["replacement"]["step"] == "KeepingOld"
    world.edit("a", suspend=False)
    world.work(60)
    assert "replacement" not in world.get("a").status
