"""Secrets and ConfigMaps: what is read is never older than what is known, and whoever learns first tells the others."""

from __future__ import annotations

import asyncio
import base64
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.keys import ec
from jwk_operator.api.jwk import JWKSpec
from jwk_operator.kube.client import CONFIG_MAPS, SECRETS, ApiError
from jwk_operator.kube.jwks import open_store
from jwk_operator.kube.secrets import SourceNotFoundError, SourceRef, Sources
from jwk_operator.reconcile import gather
from jwk_operator.reconcile.connections import Connections
from jwk_operator.reconcile.keymaterial import KeyFacts, inspect_key
from unit.cluster import FakeCluster

PLACE = ("Secret", "team", "token")
TOKEN = SourceRef(*PLACE, "token")


class World:
    """Sources over a cluster whose answers may come late. `changes` has each place that was found to have changed."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.sources = Sources(self.cluster.client)
        self.changes: list[tuple[str, str, str]] = []
        self.sources.on_change = lambda *place: self.changes.append(place)
        self.late: list[asyncio.Event] = []
        """For the coming requests, one each: when the answer, which is made at once, arrives."""
        self._get = self.cluster.get
        self.cluster.get = self._answer_late  # type: ignore[method-assign,assignment]

    async def _answer_late(self, *arguments: Any) -> dict[str, Any]:
        arrives = self.late.pop(0) if self.late else None
        try:
            return await self._get(*arguments)
        finally:
            if arrives is not None:
                await arrives.wait()

    def hold(self) -> asyncio.Event:
        """Have the answer to the next request arrive when what is returned is set."""
        self.late.append(arrives := asyncio.Event())
        return arrives

    def put(self, token: str) -> str:
        """Have the Secret hold a token, and return its version."""
        data = {"token": base64.b64encode(token.encode()).decode()}
        raw = self.cluster.put(SECRETS, {"metadata": {"name": "token", "namespace": "team"}, "data": data})
        return str(raw["metadata"]["resourceVersion"])

    def become(self, token: str | None) -> str | None:
        """Have the Secret hold a token, or for None be gone if it is there, and return its version."""
        if token is not None:
            return self.put(token)
        self.cluster.objects.pop((SECRETS.plural, "team", "token"), None)
        return None

    def told(self, version: str | None, *, wanted: bool = False) -> bool:
        """Have a watch tell of a version."""
        return self.sources.told(*PLACE, version, wanted=wanted)

    async def read(self) -> str | None:
        """Return the token; None where there is no Secret."""
        try:
            return (await self.sources.read(TOKEN)).text.reveal()
        except SourceNotFoundError:
            return None

    async def begin(self) -> asyncio.Task[str | None]:
        """Begin to read, and return when the request was sent."""
        reading = asyncio.create_task(self.read())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return reading


@pytest.fixture
def world() -> World:
    return World()


async def test_a_read_says_which_version_it_is_of(world: World) -> None:
    version = world.put("one")
    content = await world.sources.read(TOKEN)
    assert (content.text.reveal(), content.version) == ("one", version)
    assert (world.sources.knows(*PLACE), world.sources.version(*PLACE)) == (True, version)
    assert world.changes == []


async def test_a_read_that_is_first_to_know_tells_and_the_event_after_it_is_no_news(world: World) -> None:
    assert await world.read() is None
    version = world.put("one")
    assert await world.read() == "one"
    assert world.changes == [PLACE]
    assert not world.told(version)
    newer = world.put("two")
    assert await world.read() == "two"
    assert world.changes == [PLACE] * 2
    assert not world.told(version)
    assert not world.told(newer)
    world.become(None)
    assert await world.read() is None
    assert world.changes == [PLACE] * 3
    assert not world.told(None)


async def test_an_event_that_is_first_is_news_once_and_the_read_after_it_tells_nobody(world: World) -> None:
    world.put("one")
    await world.read()
    version = world.put("two")
    assert world.told(version)
    assert not world.told(version)
    assert await world.read() == "two"
    world.become(None)
    assert world.told(None)
    assert await world.read() is None
    assert world.changes == []


async def test_what_nobody_has_read_is_news_to_nobody(world: World) -> None:
    assert not world.told("5")
    assert not world.sources.knows(*PLACE)
    assert not world.told("5", wanted=True)
    assert world.sources.version(*PLACE) == "5"
    assert world.told("6")
    assert world.sources.known("Secret") == {("team", "token")}
    assert world.sources.known("ConfigMap") == set()
    assert world.told(None)
    assert world.sources.known("Secret") == set()


@pytest.mark.parametrize(("before", "after"), [("one", "two"), (None, "one"), ("one", None)])
async def test_an_answer_that_an_event_has_overtaken_is_not_used(
    world: World, before: str | None, after: str | None
) -> None:
    """It may be that there is none, and so may the event tell of its end."""
    world.become(before)
    arrives = world.hold()
    reading = await world.begin()
    assert not world.told(world.become(after))
    arrives.set()
    assert await reading == after


async def test_it_is_read_again_once_for_each_event_and_not_for_ever(world: World) -> None:
    """The event of an end may be late: there is another one by then."""
    first, second = world.hold(), world.hold()
    reading = await world.begin()
    world.told(world.put("one"))
    world.become(None)
    world.put("two")
    first.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    world.told(None)
    second.set()
    assert await reading == "two"
    assert len(world.cluster.calls) == 3


async def test_an_answer_that_another_read_has_overtaken_is_not_used(world: World) -> None:
    world.put("one")
    arrives = world.hold()
    reading = await world.begin()
    world.put("two")
    assert await world.read() == "two"
    arrives.set()
    assert await reading == "two"
    assert world.changes == []


async def test_nothing_is_kept_of_reads_that_ended(world: World) -> None:
    arrives = world.hold()
    readings = [await world.begin(), await world.begin()]
    assert await readings[1] is None
    arrives.set()
    assert await readings[0] is None
    world.cluster.get = _forbidden  # type: ignore[method-assign,assignment]
    with pytest.raises(ApiError):
        await world.read()
    assert world.sources._readings == {}


async def _forbidden(*_: object) -> dict[str, Any]:
    raise ApiError(403, "Forbidden", "no")


async def test_secrets_and_config_maps_of_one_name_are_two(world: World) -> None:
    world.cluster.put(CONFIG_MAPS, {"metadata": {"name": "token", "namespace": "team"}, "data": {"token": "plain"}})
    assert (await world.sources.read(SourceRef("ConfigMap", "team", "token", "token"))).text.reveal() == "plain"
    assert await world.read() is None
    assert world.changes == []


async def test_a_key_has_the_version_that_it_was_read_from(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the next pass would take a key for deployed that came while this one was looked at."""
    version = world.put(json.dumps(ec("older")))

    def inspect(*arguments: Any) -> KeyFacts:
        world.told(world.put(json.dumps(ec("newer"))))
        return inspect_key(*arguments)

    monkeypatch.setattr(gather, "inspect_key", inspect)
    gatherer = gather.Gatherer(open_store(), cast("Connections", None), world.sources)
    spec = JWKSpec.model_validate(
        {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "token", "key": "token"}}}
    )
    resource = SimpleNamespace(namespace="team", uid="u")
    current = cast("gather.Pass", SimpleNamespace(facts=SimpleNamespace(resource=resource)))
    found = await gatherer._key(current, spec)
    assert isinstance(found, KeyFacts)
    assert (found.kid, found.secret_version) == ("older", version)
