"""Objects as they change, for whoever waits for something and then goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from jwk_operator.kube.client import ApiError, ApiUnavailableError, Kind, KubeClient, Raw

_PAUSE = 1.0
"""Seconds between the end of a watch and the next list."""


async def observe(
    client: KubeClient, kind: Kind, namespace: str | None, name: str | None = None
) -> AsyncGenerator[tuple[Raw, bool]]:
    """Yield each object as it is and then at each change, and whether it is still there, until nobody asks any more.

    Raises `ApiError` for what the API server refuses; while there is no answer, it goes on trying.
    """
    known: dict[str, Raw] = {}
    while True:
        try:
            listed, version = await _list(client, kind, namespace, name)
            gone, known = [raw for uid, raw in known.items() if uid not in listed], listed
            for raw in gone:
                yield raw, False
            for raw in listed.values():
                yield raw, True
            async for event in client.watch(kind, namespace, version, name=name):
                if event["type"] == "BOOKMARK":
                    continue
                raw, there = event["object"], event["type"] != "DELETED"
                known.pop(raw["metadata"]["uid"], None)
                if there:
                    known[raw["metadata"]["uid"]] = raw
                yield raw, there
        except ApiError as error:
            if error.status != 410:  # Gone: the version is too old, and a list starts over
                raise
        except ApiUnavailableError:
            pass
        await asyncio.sleep(_PAUSE)


async def _list(client: KubeClient, kind: Kind, namespace: str | None, name: str | None) -> tuple[dict[str, Raw], str]:
    found, newest = dict[str, Raw](), ""
    async for items, version in client.list(kind, namespace, name=name):
        newest = version
        found |= {raw["metadata"]["uid"]: raw for raw in items}
    return found, newest
