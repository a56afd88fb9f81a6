"""Events: the same news is counted on the Event that told of it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from jwk_operator.kube.client import ApiError
from jwk_operator.kube.events import EventPoster

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
    return EventPoster(cast("Any", server), lambda: server.time)


async def post(poster: EventPoster, message: str = "m", uid: str = "c") -> None:
    about = {"metadata": {**CONNECTION["metadata"], "uid": uid}}
    await poster.post_about_connection(about, reason="R", message=message)


async def test_the_same_news_is_counted(server: Server, poster: EventPoster) -> None:
    for _ in range(3):
        await post(poster)
    assert server.shown == [("m", 3)]


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
