"""Stories that a hostile reviewer found: whose a description is, whose a JWK is, and when a key may go."""

from __future__ import annotations

import pytest

from jwk_operator.reconcile.state import Cause
from lifecycle.gate import Stop
from lifecycle.specs import Source
from lifecycle.stage import text_of
from lifecycle.test_lifecycle_examples import OTHER_TYPE, PASTED
from lifecycle.world import World

CALLS_UNTIL_ADOPTED = range(1, 6)


def test_a_description_that_is_left_to_others_survives_a_redeploy(world: World) -> None:
    world.foreign_comes("x", 0, description="theirs")
    world.create("a", "x", PASTED, adoptionPolicy="IfMatching", requiredEnvironments=["production"])
    world.work(7200)
    assert world.get("a").reason == "Deployed"
    assert _description(world) == "theirs"


def test_a_description_that_others_gave_survives_a_repair(world: World) -> None:
    world.create("a", "x", PASTED)
    world.work(1)
    world.somebody_describes("x")
    theirs = _description(world)
    world.work(1300)  # a check-up sees it
    world.environment("production", failing=True)
    world.edit("a", requiredEnvironments=["production", "nowhere"])
    world.work(10)
    world.environment("production", failing=False)
    world.edit("a", requiredEnvironments=["production"])
    world.work(3600)
    assert _description(world) == theirs


def test_a_repeated_delete_spares_who_took_the_name(world: World) -> None:
    world.create("a", "x", PASTED)
    world.work(1)
    world.environment("production", failing=True)
    world.delete("a")
    world.make_pass("a", Cause.EVENT)
    world.foreign_comes("x", OTHER_TYPE)
    world.work(600)
    assert world.ledger.named(world.remote("x")) is not None


def test_the_old_key_stays_while_an_environment_lacks_the_new_one(world: World) -> None:
    world.create("a", "x", PASTED, updatePolicy="Replace")
    world.work(1)
    world.resource("a", Source("pasted", 1))
    world.make_pass("a", Cause.EVENT)  # renamed aside
    world.environment("production", failing=True)
    world.work(3600)
    assert any(doc["deployed"]["production"] for doc in world.ledger.docs().values())
    world.environment("production", failing=False)
    world.work(3600)
    assert [doc["name"] for doc in world.ledger.docs().values()] == [world.remote("x")]


@pytest.mark.parametrize("stop", CALLS_UNTIL_ADOPTED)
def test_an_edit_after_an_adoption_was_cut_off_is_not_lost(world: World, stop: int) -> None:
    world.foreign_comes("x", 0, description="theirs")
    world.create("a", "x", PASTED, adoptionPolicy="IfMatching", description="theirs")
    world.make_pass("a", Cause.EVENT, Stop(stop, "after"))
    world.crash()
    world.edit("a", description="mine now")
    world.work(60)
    jwk = world.get("a")
    assert jwk.ready.status != "True" or _description(world) == "mine now"


def test_an_adopted_spec_cannot_be_completed_with_another_key(world: World) -> None:
    world.foreign_comes("x", OTHER_TYPE, description="theirs")
    world.create("a", "x", PASTED, adoptionPolicy="IfMatching", jwkStr=None)
    world.work(10)
    assert world.get("a").reason == "Adopted"
    world.edit("a", jwkStr=text_of(2))
    world.work(7200)
    assert world.get("a").reason == "ReplacementRequired"


def test_an_unheard_update_does_not_orphan_a_jwk_whose_resource_goes(world: World) -> None:
    world.create("a", "x", Source("url"), description="one")
    world.work(1)
    world.fault("drop", "update", act=True)
    world.edit("a", description="two")
    world.make_pass("a", Cause.EVENT)
    world.delete("a")
    world.work(600)
    assert world.ledger.named(world.remote("x")) is None


def _description(world: World) -> str | None:
    found = world.ledger.named(world.remote("x"))
    assert found is not None
    description: str | None = found["description"]
    return description
