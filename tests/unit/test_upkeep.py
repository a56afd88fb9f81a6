"""What connections need besides passes: lines that are open in good time, an end, and no request without a cause."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from jwk_operator.api.base import IN_USE_FINALIZER
from jwk_operator.apinizer.credentials import StaticToken
from jwk_operator.kube.client import CONNECTIONS, JWKS, SECRETS, ApiError, ApiUnavailableError, Kind
from jwk_operator.kube.events import EventPoster
from jwk_operator.kube.store import Key, Raw
from jwk_operator.reconcile.connections import Line
from jwk_operator.reconcile.state import Cause
from jwk_operator.runtime.intake import Watched
from jwk_operator.runtime.operator import Operator
from jwk_operator.runtime.queue import WorkQueue
from jwk_operator.runtime.settings import Settings
from jwk_operator.runtime.upkeep import Duty
from unit.cluster import FakeCluster
from unit.test_protection import GOING, MAIN, THEIRS, a_jwk

READ_TOKEN = ("get", SECRETS.plural, "token")
PATCHED = ("patch", CONNECTIONS.plural, "default")


def a_secret(name: str, key: str, text: str) -> Raw:
    """A Secret as the API server has it."""
    data = {key: base64.b64encode(text.encode()).decode()}
    return {"metadata": {"name": name, "namespace": "team", "uid": f"uid-{name}"}, "data": data}


class World:
    """An operator without kopf and workers for JWKs, and the cluster that it sees."""

    def __init__(self, *jwks: Raw, **connection: Any) -> None:
        self.cluster = FakeCluster()
        self.operator = Operator(self.cluster.client, Settings())
        self.connections = self.operator._connections
        for raw in jwks:
            self.operator._jwks.put(raw)
        self.connect(**connection)
        self.secret("first")

    def connect(
        self, *finalizers: str, url: str = "https://m", event: str = "ADDED", more: Raw | None = None, **metadata: Any
    ) -> Raw:
        """Have the connection like this, with `more` in its spec, and tell of it."""
        own = {"name": "default", "namespace": "team", "uid": "c", "finalizers": list(finalizers), **metadata}
        spec = {"baseUrl": url, "projectName": "shop", "auth": {"tokenSecretRef": {"name": "token"}}}
        spec |= more or {}
        raw = self.cluster.put(CONNECTIONS, {"metadata": own, "spec": spec})
        self.operator.on_event(Watched.CONNECTION, event, raw)
        return raw

    def secret(self, token: str | None, key: str = "token") -> None:
        """Have the Secret hold a token, or be gone, and tell of it."""
        if token is None:
            raw = self.cluster.objects.pop((SECRETS.plural, "team", "token"))
            self.operator.on_event(Watched.SECRET, "DELETED", raw)
            return
        self.operator.on_event(Watched.SECRET, "MODIFIED", self.cluster.put(SECRETS, a_secret("token", key, token)))

    def jwk(self, event: str, raw: Raw) -> None:
        """Tell of a JWK."""
        self.operator.on_event(Watched.JWK, event, raw)

    async def settled(self) -> list[tuple[str, str, str]]:
        """Do all upkeep, and return the requests that it took."""
        queue = self.operator.upkeep._queue
        worker = asyncio.create_task(self.operator.upkeep.work())
        while len(queue) or queue.busy:
            await asyncio.sleep(0)
        worker.cancel()
        return self.cluster.spent()

    async def woken(self) -> list[Key]:
        """Return which JWKs are to be worked on, and have nothing to do with them."""
        queue, found = self.operator.queue, []
        while len(queue):
            key, _cause = await queue.take()
            found.append(key)
            queue.done(key)
        return found

    @property
    def token(self) -> str | None:
        """The token that a deletion would use if the Secret were gone."""
        line = self.connections.last_good(MAIN)
        credential = line.client.credential if line else None
        return credential.token.reveal() if isinstance(credential, StaticToken) else None

    @property
    def held(self) -> bool:
        """Whether the connection has the finalizer."""
        return IN_USE_FINALIZER in (
            self.cluster.objects[CONNECTIONS.plural, "team", "default"]["metadata"].get("finalizers") or ()
        )


@asynccontextmanager
async def a_world(*jwks: Raw, begun: bool = True, held: bool = True) -> AsyncIterator[World]:
    world = World(*jwks)
    if held:
        world.connect(IN_USE_FINALIZER)
    if begun:
        world.operator.upkeep.begin()
        await world.settled()
    try:
        yield world
    finally:
        await world.operator.aclose()


async def test_nothing_is_done_before_everything_is_loaded() -> None:
    async with a_world(begun=False) as world:  # as long as no JWK is loaded, nobody seems to need the connection
        world.jwk("ADDED", a_jwk("two"))
        assert await world.settled() == []
        world.jwk("ADDED", a_jwk(claims=True))
        assert await world.settled() == []
        world.operator.upkeep.begin()
        assert await world.settled() == [READ_TOKEN]
        assert (world.token, world.held) == ("first", True)


async def test_a_start_puts_finalizers_right() -> None:
    async with a_world(a_jwk(claims=True), begun=False, held=False) as world:
        world.operator.upkeep.begin()
        assert await world.settled() == [PATCHED, READ_TOKEN]
        assert world.held
    async with a_world(a_jwk(), begun=False) as world:
        world.operator.upkeep.begin()
        assert await world.settled() == [PATCHED]
        assert (world.token, world.held) == (None, False)


async def test_a_start_and_a_sweep_find_what_no_event_told() -> None:
    async with a_world(begun=False, held=False) as world:
        world.cluster.put(JWKS, a_jwk(claims=True))
        await world.operator.load()
        assert await world.settled() == [PATCHED, READ_TOKEN]
        world.cluster.put(JWKS, a_jwk(claims=True, deletionPolicy="Retain"))
        await world.operator.sweep()
        assert await world.settled() == [PATCHED]
        assert not world.held


async def test_what_a_pass_has_done_is_seen_without_an_event() -> None:
    async with a_world(a_jwk(claims=True)) as world:

        class LetsGo:
            async def reconcile(self, *_: object) -> None:
                world.operator._jwks.remove(a_jwk(claims=True))

        queue: WorkQueue[Key, Cause] = WorkQueue(dict.fromkeys(Cause, 0))
        world.operator.queue, world.operator._reconciler = queue, cast("Any", LetsGo())
        queue.wake(("team", "one"), Cause.EVENT)
        worker = asyncio.create_task(world.operator.work())
        while len(queue) or queue.busy:
            await asyncio.sleep(0)
        queue.close()
        await worker
        assert await world.settled() == [PATCHED]
        assert not world.held


@pytest.mark.parametrize(("why", "level"), [("because it is being terminated", "DEBUG"), ("no right", "WARNING")])
async def test_events_that_cannot_be_posted(why: str, level: str, caplog: pytest.LogCaptureFixture) -> None:
    """A namespace that goes takes no new Events: that is no reason to warn."""
    caplog.set_level("DEBUG", "jwk_operator.kube.events")

    class Refuses:
        async def create(self, *_: object) -> None:
            raise ApiError(403, "Forbidden", why)

    poster = EventPoster(cast("Any", Refuses()))
    await poster.post_about_connection({"metadata": {"name": "main", "uid": "c"}}, reason="R", message="m")
    (record,) = caplog.records
    assert record.levelname == level
    assert record.getMessage() == (
        f"event R of ClusterApinizerConnection default/main not posted: 403 Forbidden: {why}"
    )


async def test_jwks_of_a_settled_connection_cost_nothing() -> None:
    async with a_world(a_jwk(claims=True)) as world:
        world.jwk("MODIFIED", a_jwk(version=2, claims=True, description="new"))
        world.jwk("ADDED", a_jwk("two", claims=True))
        world.secret(None)
        await world.settled()
        world.jwk("MODIFIED", a_jwk(version=3, claims=True))  # the Secret is known to be gone: nothing to read
        world.connect(THEIRS)  # somebody took the finalizer off
        assert await world.settled() == [PATCHED]


async def test_the_last_jwk_frees_the_connection() -> None:
    async with a_world(a_jwk(claims=True), a_jwk("two", claims=True)) as world:
        world.jwk("DELETED", a_jwk(version=2, claims=True))
        assert await world.settled() == []
        world.jwk("DELETED", a_jwk("two", version=2, claims=True))
        assert await world.settled() == [PATCHED]
        assert not world.held
        world.jwk("ADDED", a_jwk("three", version=3, claims=True))  # one that was restored, or missed before
        assert await world.settled() == [PATCHED]
        assert world.held


async def test_a_new_token_is_read_at_once_and_the_last_good_one_is_the_newest() -> None:
    async with a_world(a_jwk(claims=True)) as world:
        old = world.connections.last_good(MAIN)
        world.secret("second")
        assert await world.settled() == [READ_TOKEN]
        assert world.token == "second"
        assert old is not None
        assert old.client._retired
        world.secret("third", key="other")  # cannot be read: the second one stays the last that was good
        assert await world.settled() == [READ_TOKEN]
        world.secret(None)
        await world.settled()
        assert world.token == "second"
        world.secret("fourth")
        await world.settled()
        assert world.token == "fourth"


async def test_a_changed_connection_is_opened_anew() -> None:
    async with a_world(a_jwk(claims=True)) as world:
        world.connect(IN_USE_FINALIZER, url="https://other")
        assert await world.settled() == [READ_TOKEN]
        line = world.connections.last_good(MAIN)
        assert line is not None
        assert line.client.endpoint.address == "https://other"
        world.connect(IN_USE_FINALIZER, THEIRS, url="https://other")  # somebody's finalizer is no reason
        assert await world.settled() == []
        world.connect(IN_USE_FINALIZER, url="https://other", uid="new")  # nobody has told that the old one went
        assert await world.settled() == [READ_TOKEN]


async def test_a_line_for_an_older_spec_is_not_used_for_a_newer_one() -> None:
    async with a_world(a_jwk(claims=True)) as world:
        before = world.connections.resolve(world.operator._jwks.get(("team", "one")) or {})
        world.connect(IN_USE_FINALIZER, url="https://other")
        after = world.connections.resolve(world.operator._jwks.get(("team", "one")) or {})
        assert before.spec is not None
        assert after.spec is not None
        await world.connections.line(MAIN, before.spec)  # by a pass that began before the change
        line = await world.connections.line(MAIN, after.spec)
        assert isinstance(line, Line)
        assert line.client.endpoint.address == "https://other"


async def test_who_found_no_secret_is_woken_when_another_read_finds_it_before_its_watch() -> None:
    """As the event will be no news any more to who has read the Secret already."""
    async with a_world(a_jwk(claims=True, going=True)) as world:
        raw = world.cluster.objects.pop((SECRETS.plural, "team", "token"))
        world.operator.on_event(Watched.SECRET, "DELETED", raw)
        await world.settled()
        assert await world.woken() == [("team", "one")]
        world.cluster.put(SECRETS, raw)
        world.operator.upkeep.do(MAIN, Duty.OPEN)
        await world.settled()
        assert await world.woken() == [("team", "one")]
        world.operator.on_event(Watched.SECRET, "ADDED", raw)
        assert (await world.settled(), await world.woken()) == ([], [])


async def test_a_line_is_opened_again_when_what_it_refers_to_changes_meanwhile() -> None:
    """Here the last of what it needs is read while the first of it changes."""
    async with a_world(a_jwk(claims=True)) as world:
        get, changes = world.cluster.get, ["third"]

        async def changing(kind: Kind, namespace: str | None, name: str) -> Raw:
            found = await get(kind, namespace, name)
            if name == "proxy" and changes:
                world.secret(changes.pop())
            return found

        proxy = a_secret("proxy", "username", "me")
        proxy["data"] |= a_secret("proxy", "password", "mine")["data"]
        world.cluster.put(SECRETS, proxy)
        world.cluster.get = changing  # type: ignore[method-assign]
        more = {"proxyUrl": "http://proxy:3128", "proxyAuthSecretRef": {"name": "proxy"}}
        world.connect(IN_USE_FINALIZER, event="MODIFIED", more=more)
        await world.settled()
        assert world.token == "third"
        assert not changes


async def test_a_connection_that_is_gone_is_forgotten_once_nobody_needs_it() -> None:
    async with a_world(a_jwk(claims=True), a_jwk("two", claims=True)) as world:
        raw = world.cluster.objects.pop((CONNECTIONS.plural, "team", "default"))
        world.operator.on_event(Watched.CONNECTION, "DELETED", raw)
        world.jwk("DELETED", a_jwk(version=2, claims=True))
        await world.settled()
        line = world.connections.last_good(MAIN)
        assert line is not None
        assert not line.client._retired
        world.jwk("MODIFIED", a_jwk("two", version=2, claims=True, deletionPolicy="Retain"))
        await world.settled()
        assert world.connections.last_good(MAIN) is None
        assert line.client._retired
        assert not world.connections.remembers(MAIN)
        assert len(world.connections._locks) == 0


async def test_calls_are_shown_until_their_connection_is_forgotten() -> None:
    def shown() -> int:
        return world.operator.metrics.render().decode().count('connection="ApinizerConnection/team/default"')

    async with a_world(a_jwk(claims=True)) as world:
        line = world.connections.last_good(MAIN)
        assert line is not None
        called, waited = line.client._observe, line.client.gate.budget._waited
        assert called is not None

        def call() -> None:
            called("list", "GET", 200, 0.1)
            waited(0.1)

        call()
        before = shown()
        assert before > 0
        world.connect(IN_USE_FINALIZER, url="https://other", event="MODIFIED")
        await world.settled()
        assert world.connections.last_good(MAIN) is not line
        assert shown() == before, "a changed connection goes on counting"
        raw = world.cluster.objects.pop((CONNECTIONS.plural, "team", "default"))
        world.operator.on_event(Watched.CONNECTION, "DELETED", raw)
        await world.settled()
        assert shown() == before, "its JWK still needs it"
        world.jwk("DELETED", a_jwk(version=2, claims=True))
        await world.settled()
        assert shown() == 0
        call()
        assert shown() == 0, "a call that was under way has ended"


async def test_a_start_shows_no_calls_of_connections_that_went_before() -> None:
    async with a_world(a_jwk(), begun=False) as world:
        for name in ("default", "gone"):
            world.operator.metrics.called(f"ApinizerConnection/team/{name}", "list", "GET", 200, 0.1)
        world.operator.upkeep.begin()
        text = world.operator.metrics.render().decode()
        assert "team/default" in text
        assert "team/gone" not in text


async def test_what_fails_is_repeated() -> None:
    async with a_world(a_jwk(claims=True), begun=False, held=False) as world:
        world.cluster.faults = [ApiUnavailableError("no answer")]
        world.operator.upkeep.begin()
        await world.settled()
        assert world.operator.upkeep._queue.is_delayed(MAIN, Duty.OPEN)
        world.operator.upkeep.do(MAIN, Duty.OPEN)
        await world.settled()
        assert (world.held, world.token) == (True, "first")


async def test_the_end_takes_away_what_nobody_needs_any_more() -> None:
    async with a_world(a_jwk(claims=True)) as world:
        world.jwk("DELETED", a_jwk(version=2, claims=True))
        assert world.held
        await world.operator.upkeep.finish(5)
        assert not world.held


async def test_the_end_does_not_wait_for_an_api_server_that_is_silent() -> None:
    async with a_world(a_jwk(claims=True)) as world:
        world.cluster.gate.clear()
        world.jwk("DELETED", a_jwk(version=2, claims=True))
        await world.operator.upkeep.finish(0.01)
        assert world.cluster.spent() == [PATCHED]


@pytest.mark.parametrize("claims", [True, False])
async def test_a_deletion_is_told_of_to_those_it_concerns(claims: bool) -> None:
    async with a_world(a_jwk(claims=claims), a_jwk("two", claims=True)) as world:
        queue: WorkQueue[Key, Cause] = WorkQueue(dict.fromkeys(Cause, 0))
        world.operator.queue = queue
        world.connect(IN_USE_FINALIZER, event="MODIFIED", **GOING)
        woken = [await queue.take() for _ in range(len(queue))]
        assert woken == ([] if claims else [(("team", "one"), Cause.DEPENDENCY)])
        await world.settled()
        world.connect(IN_USE_FINALIZER, THEIRS, event="MODIFIED", **GOING)
        await world.settled()
        assert world.cluster.created == [], "the rest of the batch may be on its way"
        assert world.operator.upkeep._queue.is_delayed(MAIN, Duty.TELL)
        world.operator.upkeep.do(MAIN, Duty.TELL)
        await world.settled()
        (event,) = world.cluster.created
        assert (event["type"], event["reason"]) == ("Warning", "DeletionBlocked")
        about = {"kind": "ApinizerConnection", "namespace": "team", "name": "default", "uid": "c"}
        assert event["involvedObject"] == {"apiVersion": "apiops.apinizer.com/v1alpha1", **about}
