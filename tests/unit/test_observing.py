"""Objects as they change: nothing is missed, whatever ends the watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import pytest

from jwk_operator.kube.client import JWKS, ApiError, ApiUnavailableError, KubeClient, Raw
from jwk_operator.kube.observing import observe

AWAY = ApiUnavailableError("away")
Watch = list[tuple[str, str] | Exception]
Told = list[tuple[str, bool]]


def an_object(name: str, version: str = "") -> Raw:
    return {"metadata": {"uid": name, "name": name, "resourceVersion": version}}


class Server:
    """An API server with what each list shows and each watch tells, one after the other."""

    def __init__(self, *rounds: tuple[list[str] | Exception, Watch]) -> None:
        self._rounds = list(rounds)
        self._watch: Watch = []

    async def list(self, kind: Any, namespace: Any, *, name: Any) -> AsyncIterator[tuple[list[Raw], str]]:
        assert (kind, namespace, name) == (JWKS, "team", "key")
        listed, self._watch = self._rounds.pop(0)
        if isinstance(listed, Exception):
            raise listed
        yield [an_object(item) for item in listed[:1]], "7"
        yield [an_object(item) for item in listed[1:]], "7"

    async def watch(self, kind: Any, namespace: Any, version: str, *, name: Any) -> AsyncIterator[Raw]:
        assert (kind, namespace, version, name) == (JWKS, "team", "7", "key")
        for item in self._watch:
            if isinstance(item, Exception):
                raise item
            yield {"type": item[0], "object": an_object(item[1])}

    async def told(self, count: int) -> Told:
        found: Told = []
        async with aclosing(observe(cast("KubeClient", self), JWKS, "team", "key")) as changes:
            async for raw, there in changes:
                found.append((raw["metadata"]["name"], there))
                if len(found) == count:
                    break
        return found


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(_: float) -> None: ...

    monkeypatch.setattr(asyncio, "sleep", sleep)


async def test_as_it_is_and_as_it_changes() -> None:
    server = Server((["one", "two"], [("MODIFIED", "one"), ("BOOKMARK", ""), ("DELETED", "two"), ("ADDED", "three")]))
    assert await server.told(5) == [("one", True), ("two", True), ("one", True), ("two", False), ("three", True)]


@pytest.mark.parametrize("end", [[], [AWAY], [ApiError(410, "Expired", "too old")]], ids=["ended", "away", "expired"])
async def test_what_goes_while_the_watch_is_interrupted_is_told(end: Watch) -> None:
    server = Server((["one", "two"], [("ADDED", "three"), *end]), (AWAY, []), (["two"], []))
    first = [("one", True), ("two", True), ("three", True)]
    assert await server.told(6) == [*first, ("one", False), ("three", False), ("two", True)]


async def test_what_is_refused_ends_it() -> None:
    with pytest.raises(ApiError, match="403 Forbidden"):
        await Server((ApiError(403, "Forbidden", "no"), [])).told(1)
