"""Conflict and gone: the operator's memory is older than the API server, wherever in a pass that is.

The same for its connection: what was opened as it was before is used for nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest

from harness.objects import deployed
from jwk_operator.kube.jwks import JwkWriter
from jwk_operator.kube.store import Key
from jwk_operator.reconcile.state import Cause
from lifecycle.gate import Moment, Stop
from lifecycle.specs import Source
from lifecycle.stage import Stage
from lifecycle.world import World

PASTED = Source("pasted")


@pytest.fixture
def world(stage: Stage) -> Iterator[World]:
    with World(stage) as world:
        yield world
        if not world.failed:
            world.finish()


@pytest.fixture
def read_again(monkeypatch: pytest.MonkeyPatch) -> list[Key]:
    """The objects that were read again."""
    keys: list[Key] = []
    refresh = JwkWriter.refresh

    async def noted(self: JwkWriter, key: Key) -> None:
        keys.append(key)
        await refresh(self, key)

    monkeypatch.setattr(JwkWriter, "refresh", noted)
    return keys


def calls(world: World) -> list[tuple[str, str | None]]:
    """Each call to Apinizer with the description in it."""
    return [(call["call"], (call["body"] or {}).get("description")) for call in world.stage.simulator.recorder.since(0)]


BEFORE_CLAIM, BEHIND_CLAIM = range(1, 4), range(4, 7)
"""The requests of a first pass: the connection's Secret, list and claim; then POST and status, after which it ends."""


@pytest.mark.parametrize("number", BEFORE_CLAIM)
def test_edited_before_the_claim(world: World, read_again: list[Key], number: int) -> None:
    world.create("a", "x", PASTED, description="first")
    world.make_pass("a", Cause.EVENT, Stop(number, "before"))
    world.edit("a", description="second")
    world.go_on()
    assert read_again == [world.key("a")], "the claim was refused (409)"
    assert calls(world) == [("list", None)]
    world.work(1)
    assert calls(world) == [("list", None), ("create", "second")]
    assert world.get("a").ready == deployed(2)


@pytest.mark.parametrize("number", BEHIND_CLAIM)
def test_edited_behind_the_claim(world: World, number: int) -> None:
    world.create("a", "x", PASTED, description="first")
    world.make_pass("a", Cause.EVENT, Stop(number, "before"))
    world.edit("a", description="second")
    world.go_on()
    world.work(1)
    assert calls(world) == [("list", None), ("create", "first"), ("list", None), ("update", "second")]
    assert world.get("a").ready == deployed(2)


@pytest.mark.parametrize("number", BEFORE_CLAIM)
def test_gone_before_the_claim(world: World, read_again: list[Key], number: int) -> None:
    world.create("a", "x", PASTED)
    world.make_pass("a", Cause.EVENT, Stop(number, "before"))
    world.delete("a")
    world.go_on()
    assert read_again == [world.key("a")], "the claim was refused (404)"
    world.work(1)
    assert calls(world) == [("list", None)], "nothing was created"
    assert not world.living()


@pytest.mark.parametrize("number", BEHIND_CLAIM)
def test_deleted_behind_the_claim(world: World, number: int) -> None:
    world.create("a", "x", PASTED)
    world.make_pass("a", Cause.EVENT, Stop(number, "before"))
    world.delete("a")
    world.go_on()
    world.work(1)
    assert [call for call, _ in calls(world)] == ["list", "create", "list", "delete"]
    assert not world.living()


@pytest.mark.parametrize("source", ["pasted", "generated"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 7))
def test_a_connection_that_changes_costs_at_most_another_pass(
    world: World, number: int, moment: Moment, source: Literal["pasted", "generated"]
) -> None:
    world.create("a", "x", Source(source))
    world.make_pass("a", Cause.EVENT, Stop(number, moment))
    world.reconnect()
    world.go_on()
    world.work(60)
    sent = [call for call, _ in calls(world) if call != "list"]
    assert sent in (["create"], ["generate"]), "once"
    assert world.get("a").ready == deployed(2)
    assert world.get("a").claimed


def test_a_claim_for_nothing_is_taken_back(world: World) -> None:
    world.create("a", "x", PASTED)
    world.make_pass("a", Cause.EVENT, Stop(3, "after"))
    assert world.get("a").claimed
    world.reconnect()
    world.go_on()
    assert not world.get("a").claimed
    assert calls(world) == [("list", None)]
    world.work(1)
    assert world.get("a").ready == deployed(2)
