"""Where what is remembered comes from: lists at the start, watches that go on from there, and lists to compare with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Protocol

from jwk_operator.kube.client import (
    CLUSTER_CONNECTIONS,
    CONFIG_MAPS,
    CONNECTIONS,
    JWKS,
    NAMESPACES,
    SECRETS,
    Kind,
    KubeClient,
)
from jwk_operator.kube.following import follow, watch_metadata
from jwk_operator.kube.store import Change, Key, Raw, Store, key_of
from jwk_operator.runtime.settings import Settings


class Watched(Enum):
    """The kinds of objects whose events reach the core."""

    JWK = "jwks"
    CONNECTION = "connections"
    NAMESPACE = "namespaces"
    SECRET = "Secret"
    CONFIG_MAP = "ConfigMap"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list has come to: the keys of what was new in it, what the store had to drop, and its version."""

    changed: list[Key]
    gone: list[Raw]
    version: str


class Heeder(Protocol):
    """Who is told of what comes in."""

    def on_event(self, kind: Watched, event: str | None, raw: Raw) -> None:
        """A watch has told of an object."""

    def on_jwks_compared(self, listing: Listing) -> None:
        """A whole list of JWKs was taken in after the start."""

    def on_connections_compared(self, listing: Listing) -> None:
        """A whole list of connections was taken in after the start."""

    def on_sources_listed(self, kind: Watched, namespace: str | None, shown: set[Key]) -> None:
        """A whole list of Secrets or ConfigMaps was seen."""


class Intake:
    """Fills the stores, for the namespaces and the shard that are served."""

    def __init__(
        self,
        client: KubeClient,
        settings: Settings,
        jwks: Store,
        connections: Store,
        namespaces: Store | None,
        heeder: Heeder,
    ) -> None:
        """`namespaces` is None where single namespaces are served, and with them nothing of the cluster's own."""
        self._client = client
        self._selector = settings.shard.text if settings.shard else None
        self._scope: tuple[str | None, ...] = settings.namespaces or (None,)
        self._jwks = jwks
        self._connections = connections
        self._namespaces = namespaces
        self._heeder = heeder
        self._versions: dict[str | None, str] = {}
        """Versions of the lists of JWKs that were loaded, by namespace: there the watches go on."""

    async def load(self) -> None:
        """Read every connection, namespace and JWK once, so that no decision rests on half of them."""
        for kind, namespace in self._connection_lists():
            await self._list(kind, self._connections, namespace)
        if self._namespaces is not None:
            await self._list(NAMESPACES, self._namespaces)
        for namespace in self._scope:
            self._versions[namespace] = (await self._list(JWKS, self._jwks, namespace)).version

    async def compare(self) -> None:
        """Compare what is remembered with lists: an interrupted watch tells of no deletions, a dead one of nothing."""
        for namespace in self._scope:
            await self._compare_jwks(namespace)
        for kind, namespace in self._connection_lists():
            self._heeder.on_connections_compared(await self._list(kind, self._connections, namespace))

    async def watch(self) -> None:
        """Watch JWKs, and the metadata of Secrets and ConfigMaps, in all namespaces that are served, until cancelled.

        To be called once everything is loaded.
        """
        async with asyncio.TaskGroup() as group:
            for namespace, version in self._versions.items():
                notify, relist = partial(self._heeder.on_event, Watched.JWK), partial(self._compare_jwks, namespace)
                group.create_task(follow(self._client, JWKS, namespace, notify, relist, version))
                for kind, watched in ((SECRETS, Watched.SECRET), (CONFIG_MAPS, Watched.CONFIG_MAP)):
                    notify = partial(self._heeder.on_event, watched)
                    listed = partial(self._heeder.on_sources_listed, watched, namespace)
                    group.create_task(watch_metadata(self._client, kind, namespace, notify, listed))

    def _connection_lists(self) -> list[tuple[Kind, str | None]]:
        own = [(CONNECTIONS, namespace) for namespace in self._scope]
        return own if self._namespaces is None else [*own, (CLUSTER_CONNECTIONS, None)]

    async def _compare_jwks(self, namespace: str | None) -> str:
        """Take in a whole list of JWKs and return its version."""
        listing = await self._list(JWKS, self._jwks, namespace)
        self._heeder.on_jwks_compared(listing)
        return listing.version

    async def _list(self, kind: Kind, store: Store, namespace: str | None = None) -> Listing:
        """Take in the list of a namespace, or of the whole cluster for None."""
        selector = self._selector if kind is JWKS else None
        changed: list[Key] = []
        listed: set[Key] = set()
        version = "0"
        async for items, newest in self._client.list(kind, namespace, selector=selector):
            version = newest
            for raw in items:
                listed.add(key_of(raw))
                if store.put(raw) is Change.PRESENT:
                    changed.append(key_of(raw))
        gone = store.sweep(listed, int(version), _scope_of(namespace, kind), for_good=selector is None)
        return Listing(changed, gone, version)


def _scope_of(namespace: str | None, kind: Kind) -> Callable[[Key], bool]:
    """Return which keys of a store a list was about: both kinds of connections share one."""
    if namespace is not None:
        return lambda key: key[0] == namespace
    if kind is CONNECTIONS:
        return lambda key: key[0] != ""
    return lambda key: key[0] == "" if kind in (CLUSTER_CONNECTIONS, NAMESPACES) else True
