"""Watches of our own, beside kopf's: of JWKs, since kopf's pipeline costs more for each event than all the rest of the
work on it, and of the metadata of Secrets and ConfigMaps, since kopf would hold everybody's secrets in memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from jwk_operator.kube.client import ApiError, ApiUnavailableError, Kind, KubeClient, Raw
from jwk_operator.kube.store import Key, key_of

log = logging.getLogger(__name__)

Notify = Callable[[str | None, Raw], None]
"""Told the type of an event (None for what a list shows) and the object, or its metadata alone."""
Relist = Callable[[], Awaitable[str]]
"""Takes in a whole list and returns its version: what it does not show is gone, which no event may ever have told."""
Listed = Callable[[set[Key]], None]
"""Told of what a whole list has shown."""
Failed = Callable[[ApiError | ApiUnavailableError], None]
"""Told why a watch or list failed, before it is repeated; what it raises ends everything."""

_SHORTEST = 1.0
"""Seconds below which a watch that ends by itself counts as a failure: an API server lets one last for minutes."""
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 30.0


async def follow(
    client: KubeClient,
    kind: Kind,
    namespace: str | None,
    notify: Notify,
    relist: Relist,
    version: str = "",
    *,
    metadata_only: bool = False,
    selector: str | None = None,
    failed: Failed | None = None,
) -> None:
    """Tell of every change after a version, in one namespace or in the whole cluster for None, until cancelled.

    Without a version, and whenever the API server does not know it any more, a list comes first.
    """
    failed = failed or _logging(kind)
    failures, clock = 0, asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            if not version:
                version = await relist()
            async for event in client.watch(kind, namespace, version, metadata_only=metadata_only, selector=selector):
                failures = 0
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    notify(event["type"], event["object"])
            failures += clock() - began < _SHORTEST
        except ApiError as error:
            version = ""  # 410: the version is too old; whatever else it is, a list starts over
            if error.status != 410:
                failures += 1
                failed(error)
        except ApiUnavailableError as error:
            failures += 1
            failed(error)
        except Exception as error:
            version = ""  # what the event told may be lost
            failures += 1
            log.warning("watch of %s interrupted: %s", kind.plural, type(error).__name__)
        if failures:
            await asyncio.sleep(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures, 9)))


def _logging(kind: Kind) -> Failed:
    def failed(error: ApiError | ApiUnavailableError) -> None:
        level = logging.WARNING if isinstance(error, ApiError) else logging.DEBUG
        log.log(level, "watch of %s interrupted: %s", kind.plural, error)

    return failed


async def watch_metadata(client: KubeClient, kind: Kind, namespace: str | None, notify: Notify, listed: Listed) -> None:
    """Tell who changes and of nothing that is in it, until cancelled."""

    async def relist() -> str:
        newest, shown = "", set()
        async for items, version in client.list(kind, namespace, metadata_only=True):
            newest = version
            for raw in items:
                notify(None, raw)
                shown.add(key_of(raw))
        listed(shown)
        return newest

    await follow(client, kind, namespace, notify, relist, metadata_only=True)
