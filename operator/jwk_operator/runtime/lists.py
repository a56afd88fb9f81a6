"""Whole lists of what is watched: read at the start, and now and then to find what no watch told of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jwk_operator.kube.client import CLUSTER_CONNECTIONS, CONNECTIONS, JWKS, NAMESPACES, Kind, KubeClient
from jwk_operator.kube.store import Change, Key, Raw, Store, key_of


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list has come to: the keys of what was new in it, what the store had to drop, and its version."""

    changed: list[Key]
    gone: list[Raw]
    version: str


class Lists:
    """Takes whole lists into stores."""

    def __init__(self, client: KubeClient, selector: str | None = None) -> None:
        """`selector` is for JWKs: those of this shard."""
        self._client = client
        self._selector = selector

    async def load(self, kind: Kind, store: Store, namespace: str | None = None) -> Listing:
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
