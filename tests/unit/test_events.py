"""Events: the same news is counted on the Event that told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from jwk_operator.kube.client import ApiError
from jwk_operator.kube.events import EventPoster
from unit.builders import owned

START = datetime(2027, 1, 1, tzinfo=UTC)
CONNECTION = {"metadata": {"name": "main", "namespace": "team", "uid": "c"}}


class Server:
    """Keeps Events as the API server does: a name for each, and none for ever."""

    def __init__(self) -> None:
        self.time = 0.0
        self.events: dict[str, dict[str, Any]] = {}

    async def create(self, _: object, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        name = f"{body['metadata']['generateName']}{len(self.events)}"
        self.events[name] = body
        return {"metadata": {"name": name, "namespace": namespace}}

    async def merge_patch(self, _: object, _namespace: str, name: str, patch: dict[str, Any]) -> dict[str, Any]:
        if name not in self.events:
            raise ApiError(404, "NotFound", name)
        self.events[name].update(patch)
        return self.events[name]

    @property
    def shown(self) -> list[tuple[str, int]]:
        return [(event["message"], event["count"]) for event in self.events.values()]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def poster(server: Server) -> EventPoster:
    return EventPoster(cast("Any", server), lambda: server.time, lambda: START + timedelta(seconds=server.time))


async def post(poster: EventPoster, message: str = "m", uid: str = "c") -> None:
    about = {"metadata": {**CONNECTION["metadata"], "uid": uid}}
    await poster.post_about_connection(about, reason="R", message=message)


async def test_the_same_news_is_counted(server: Server, poster: EventPoster) -> None:
    for _ in range(3):
        await post(poster)
    assert server.shown == [("m", 3)]


async def test_it_shows_when_it_was_first_and_last(server: Server, poster: EventPoster) -> None:
    await post(poster)
    server.time += 90
    await post(poster)
    (event,) = server.events.values()
    assert (event["firstTimestamp"], event["lastTimestamp"]) == ("2027-01-01T00:00:00Z", "2027-01-01T00:01:30Z")


async def test_it_is_about_the_object_that_it_tells_of(server: Server, poster: EventPoster) -> None:
    await poster.post(owned().resource, warning=True, reason="R", message="m")
    await post(poster)
    shared = {"metadata": {"name": "shared", "uid": "s"}}
    await poster.post_about_connection(shared, reason="R", message="m", warning=False)
    version = {"apiVersion": "apiops.apinizer.com/v1alpha1"}
    about = owned().resource
    jwk = {"kind": "JWK", "namespace": about.namespace, "name": about.name, "uid": about.uid}
    assert [event["involvedObject"] for event in server.events.values()] == [
        {**version, **jwk},
        {**version, "kind": "ApinizerConnection", "namespace": "team", "name": "main", "uid": "c"},
        {**version, "kind": "ClusterApinizerConnection", "name": "shared", "uid": "s"},
    ]
    # kubectl describe looks for the Events about what has no namespace there
    assert [event["metadata"]["namespace"] for event in server.events.values()] == [about.namespace, "team", "default"]
    assert [event["type"] for event in server.events.values()] == ["Warning", "Warning", "Normal"]


async def test_other_news_and_other_objects_have_their_own(server: Server, poster: EventPoster) -> None:
    await post(poster)
    await post(poster, "other")
    await post(poster, uid="another of that name")
    assert server.shown == [("m", 1), ("other", 1), ("m", 1)]


async def test_what_was_long_ago_is_news_again(server: Server, poster: EventPoster) -> None:
    await post(poster)
    server.time += 1801
    await post(poster)
    await post(poster)
    assert server.shown == [("m", 1), ("m", 2)]


async def test_an_event_that_the_server_has_dropped_is_posted_anew(server: Server, poster: EventPoster) -> None:
    await post(poster)
    server.events.clear()
    await post(poster)
    assert server.shown == [("m", 1)]


async def test_what_is_remembered_is_limited(server: Server, poster: EventPoster) -> None:
    for number in range(1001):
        await post(poster, f"m{number}")
    await post(poster, "m1000")
    await post(poster, "m0")
    assert server.events["main.1000"]["count"] == 2
    assert len(server.events) == 1002, "the oldest was forgotten"
