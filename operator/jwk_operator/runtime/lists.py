"""Whole lists of what is watched: read at the start, and now and then to find what no watch told of."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jwk_operator.kube.client import CLUSTER_CONNECTIONS, CONNECTIONS, JWKS, NAMESPACES, Kind, KubeClient
from jwk_operator.kube.store import Change, Key, Raw, Store, key_of


class Lists:
    """Takes lists of the namespaces that are served into stores."""

    def __init__(self, client: KubeClient, namespaces: tuple[str, ...] | None, selector: str | None = None) -> None:
        """`selector` is for JWKs: those of this shard."""
        self._client = client
        self._selector = selector
        self._namespaces = namespaces

    async def load(self, kind: Kind, store: Store, *, clusterwide_kind: bool = False) -> tuple[list[Key], list[Raw]]:
        """Take in whole lists; return the keys of what was new in them, and what the store had to drop."""
        changed: list[Key] = []
        gone: list[Raw] = []
        scope: Iterable[str | None] = self._namespaces or (None,)
        for namespace in (None,) if clusterwide_kind else scope:
            listed: set[Key] = set()
            newest = 0
            selector = self._selector if kind is JWKS else None
            async for items, version in self._client.list(kind, namespace, selector=selector):
                newest = int(version)
                for raw in items:
                    listed.add(key_of(raw))
                    if store.put(raw) is Change.PRESENT:
                        changed.append(key_of(raw))
            gone += store.sweep(listed, newest, _scope_of(namespace, kind), for_good=selector is None)
        return changed, gone


def _scope_of(namespace: str | None, kind: Kind) -> Callable[[Key], bool]:
    """Return which keys of a store a list was about: both kinds of connections share one."""
    if namespace is not None:
        return lambda key: key[0] == namespace
    if kind is CONNECTIONS:
        return lambda key: key[0] != ""
    return lambda key: key[0] == "" if kind in (CLUSTER_CONNECTIONS, NAMESPACES) else True
