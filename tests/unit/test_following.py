"""Watches of our own: nothing is missed, whatever ends them, and an API server in trouble is not pressed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from jwk_operator.kube.client import JWKS, SECRETS, ApiError, ApiUnavailableError, KubeClient, Raw
from jwk_operator.kube.following import follow, watch_metadata

GONE = ApiError(410, "Expired", "too old resource version")


def event(kind: str, version: int, name: str = "one") -> Raw:
    return {"type": kind, "object": {"metadata": {"namespace": "n", "name": name, "resourceVersion": str(version)}}}


class Server:
    """An API server that has a script for each watch: events, and an error to end it with; then it says no more."""

    def __init__(self, *watches: list[Raw | Exception]) -> None:
        self.watches = list(watches)
        self.asked: list[str] = []
        self.lists = 0
        self.told: list[tuple[str | None, str]] = []

    @property
    def client(self) -> KubeClient:
        return cast("KubeClient", self)

    async def watch(
        self, kind: Any, namespace: Any, version: str, *, metadata_only: bool, selector: str | None
    ) -> AsyncIterator[Raw]:
        assert selector is None
        assert (kind, namespace, metadata_only) in ((JWKS, None, False), (SECRETS, None, True))
        self.asked.append(version)
        if not self.watches:
            raise asyncio.CancelledError
        for item in self.watches.pop(0):
            if isinstance(item, Exception):
                raise item
            yield item

    async def list(self, kind: Any, namespace: Any, *, metadata_only: bool) -> AsyncIterator[tuple[list[Raw], str]]:
        assert (kind, namespace, metadata_only) == (SECRETS, None, True)
        yield [event("", 7, "first")["object"]], "10"
        yield [event("", 9, "second")["object"]], "10"

    async def relist(self) -> str:
        self.lists += 1
        return f"list-{self.lists}"

    def notify(self, kind: str | None, raw: Raw) -> None:
        self.told.append((kind, raw["metadata"]["resourceVersion"]))
        if raw["metadata"]["name"] == "poison":
            raise KeyError("a bug")

    async def follow(self, version: str = "5") -> None:
        with pytest.raises(asyncio.CancelledError):
            await follow(self.client, JWKS, None, self.notify, self.relist, version)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made, none of which takes time here."""
    made: list[float] = []

    async def sleep(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return made


async def test_goes_on_from_the_last_version_that_was_told() -> None:
    server = Server([event("ADDED", 6), event("BOOKMARK", 8)], [event("DELETED", 9)])
    await server.follow()
    assert server.told == [("ADDED", "6"), ("DELETED", "9")]
    assert server.asked == ["5", "8", "9"]
    assert server.lists == 0


async def test_without_a_version_a_list_comes_first() -> None:
    server = Server()
    await server.follow("")
    assert server.asked == ["list-1"]


async def test_a_version_that_is_forgotten_is_answered_by_a_list_at_once(pauses: list[float]) -> None:
    server = Server([event("ADDED", 6), GONE])
    await server.follow()
    assert server.asked == ["5", "list-1"]
    assert pauses == []


async def test_a_connection_that_breaks_is_opened_again_where_it_broke() -> None:
    server = Server([event("ADDED", 6), ApiUnavailableError("broken")])
    await server.follow()
    assert (server.asked, server.lists) == (["5", "6"], 0)


@pytest.mark.parametrize(
    "end", [[ApiUnavailableError("away")], [ApiError(403, "Forbidden", "no")], []], ids=["away", "forbidden", "empty"]
)
async def test_an_api_server_in_trouble_is_asked_less_and_less(pauses: list[float], end: list[Raw | Exception]) -> None:
    server = Server(*[end] * 10, [event("ADDED", 6), ApiUnavailableError("away")])
    await server.follow()
    assert pauses[:10] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]
    assert pauses[10] == 0.2, "an event is a sign that it is well"


async def test_what_a_bug_has_lost_is_found_by_a_list() -> None:
    server = Server([event("ADDED", 6, "poison"), event("ADDED", 7)])
    await server.follow()
    assert server.told == [("ADDED", "6")]
    assert server.asked == ["5", "list-1"]


async def test_of_metadata_a_whole_list_is_told() -> None:
    server = Server([event("MODIFIED", 11)])
    shown: list[set[tuple[str, str]]] = []
    with pytest.raises(asyncio.CancelledError):
        await watch_metadata(server.client, SECRETS, None, server.notify, shown.append)
    assert server.told == [(None, "7"), (None, "9"), ("MODIFIED", "11")]
    assert shown == [{("n", "first"), ("n", "second")}]
    assert server.asked[0] == "10"


async def test_whoever_wants_can_end_it_when_it_is_refused() -> None:
    away = ApiUnavailableError("away")
    server = Server([event("ADDED", 6), GONE], [away], [ApiError(403, "Forbidden", "you may not")])
    told: list[str] = []

    def failed(error: ApiError | ApiUnavailableError) -> None:
        told.append(str(error))
        if isinstance(error, ApiError):
            raise PermissionError(error.status)

    with pytest.raises(PermissionError, match="403"):
        await follow(server.client, JWKS, None, server.notify, server.relist, "5", failed=failed)
    assert server.asked == ["5", "list-1", "list-1"]
    assert told == ["away", "403 Forbidden: you may not"], "what is too old is no failure"
