"""A watch of metadata only: who has changed is told, what is in it never reaches this process.

kopf watches whole objects; for Secrets and ConfigMaps that would mean to hold everybody's secrets in memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from jwk_operator.kube.client import ApiError, ApiUnavailableError, Kind, KubeClient, Raw
from jwk_operator.kube.store import Key, key_of

log = logging.getLogger(__name__)

Notify = Callable[[str | None, Raw], None]
"""Told the type of an event (None for what a list shows) and the object's metadata."""
Listed = Callable[[set[Key]], None]
"""Told of what a whole list has shown: what it does not show is gone, which no event may ever have told."""

_LONGEST_PAUSE = 30.0


async def watch_metadata(client: KubeClient, kind: Kind, namespace: str | None, notify: Notify, listed: Listed) -> None:
    """Tell of every change of a kind, in one namespace or in the whole cluster for None, until cancelled."""
    failures, version = 0, ""
    while True:
        try:
            if not version:
                version = await _list(client, kind, namespace, notify, listed)
            async for event in client.watch(kind, namespace, version, metadata_only=True):
                failures = 0
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    notify(event["type"], event["object"])
        except ApiError as error:
            version = ""  # 410: the version is too old; whatever else it is, a list starts over
            if error.status != 410:
                failures += 1
                log.warning("watch of %s interrupted: %s", kind.plural, error)
        except ApiUnavailableError as error:
            failures += 1
            log.debug("watch of %s interrupted: %s", kind.plural, error)
        except Exception as error:
            failures += 1
            log.warning("watch of %s interrupted: %s", kind.plural, type(error).__name__)
        if failures:
            await asyncio.sleep(min(_LONGEST_PAUSE, 0.5 * 2 ** min(failures, 8)))


async def _list(client: KubeClient, kind: Kind, namespace: str | None, notify: Notify, listed: Listed) -> str:
    newest, shown = "", set()
    async for items, version in client.list(kind, namespace, metadata_only=True):
        newest = version
        for raw in items:
            notify(None, raw)
            shown.add(key_of(raw))
    listed(shown)
    return newest
