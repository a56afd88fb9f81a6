"""The resources in the cluster that concern the namespaces chosen, and which JWK uses which connection."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jwk_operator.api.jwk import ConnectionKind
from jwk_operator.api.names import ConnectionKey
from jwk_operator.api.resource import Resource
from jwk_operator.cli.doctor.findings import Finding, failed, skipped
from jwk_operator.kube.client import (
    CLUSTER_CONNECTIONS,
    CONNECTIONS,
    JWKS,
    NAMESPACES,
    ApiError,
    ApiUnavailableError,
    Kind,
    KubeClient,
    Raw,
)
from jwk_operator.kube.connections import trim_connection
from jwk_operator.kube.jwks import read, trim
from jwk_operator.kube.namespaces import trim_namespace
from jwk_operator.kube.secrets import Sources
from jwk_operator.kube.store import Store, key_of
from jwk_operator.reconcile.connections import Connections, Resolved


@dataclass(frozen=True, slots=True)
class User:
    """A JWK, and what the operator makes of the connection that it names."""

    jwk: Resource
    resolved: Resolved

    def __str__(self) -> str:
        return f"{self.jwk.namespace}/{self.jwk.name}"


@dataclass(slots=True)
class Inventory:
    """What there is. `problems` tells what could not be looked at."""

    namespace: str | None
    """The one that was looked in; None is all of them."""
    connections: dict[ConnectionKey, Raw] = field(default_factory=dict)
    users: dict[ConnectionKey, list[User]] = field(default_factory=lambda: defaultdict(list))
    labels_known: bool = True
    """Whether the labels of namespaces are known, by which connections for several namespaces select."""
    problems: list[Finding] = field(default_factory=list)

    def chosen(self, names: Sequence[str]) -> dict[ConnectionKey, Raw]:
        """Return the connections of these names; for none those of the namespace and those that its JWKs use."""
        return {
            key: raw for key, raw in self.connections.items() if (key[2] in names if names else self._concerns(key))
        }

    def _concerns(self, key: ConnectionKey) -> bool:
        return self.namespace is None or key[0] == ConnectionKind.NAMESPACED or key in self.users


async def take_inventory(client: KubeClient, namespace: str | None) -> Inventory:
    """Read connections of both kinds, JWKs and namespaces, of one namespace or (None) of all."""
    found = Inventory(namespace)
    lists = await asyncio.gather(
        _list(client, CONNECTIONS, namespace, trim_connection),
        _list(client, CLUSTER_CONNECTIONS, None, trim_connection),
        _list(client, JWKS, namespace, trim),
    )
    found.problems += [problem for _, problem in lists if problem is not None]
    (namespaced, _), (clustered, _), (jwks, _) = lists
    store, labels = Store(trim_connection), Store(trim_namespace)
    for raw in (*namespaced, *clustered):
        store.put(raw)
    for raw in await _namespaces(client, namespace, found):
        labels.put(raw)
    connections = Connections(store, labels, Sources(client))
    for raw in jwks:
        resolved = connections.resolve(raw)
        found.users[resolved.key].append(User(read(raw), resolved))
    for raw in (*namespaced, *clustered):
        own, name = key_of(raw)
        kind = ConnectionKind.NAMESPACED if own else ConnectionKind.CLUSTER
        found.connections[kind.value, own, name] = raw
    return found


async def _list(
    client: KubeClient, kind: Kind, namespace: str | None, trimmed: Callable[[Raw], Raw]
) -> tuple[list[Raw], Finding | None]:
    try:
        return [trimmed(raw) async for chunk, _ in client.list(kind, namespace) for raw in chunk], None
    except ApiError as error:
        return [], _not_listed(kind, namespace, error)
    except ApiUnavailableError as error:
        return [], failed(kind.plural, f"they cannot be listed: {error}", "run doctor again")


def _not_listed(kind: Kind, namespace: str | None, error: ApiError) -> Finding:
    if error.status != 403:
        return skipped(kind.plural, f"they cannot be listed ({error.status})", "see what is said of the CRDs")
    where = f"namespace {namespace}" if namespace else "the cluster"
    told = f"run doctor as somebody who may list {kind.plural}"
    if namespace is None and kind != CLUSTER_CONNECTIONS:
        told += ", or for one namespace"
    return skipped(kind.plural, f"you may not list them in {where}", told)


async def _namespaces(client: KubeClient, namespace: str | None, found: Inventory) -> list[Raw]:
    try:
        if namespace is not None:
            return [await client.get(NAMESPACES, None, namespace)]
        return [trim_namespace(raw) async for chunk, _ in client.list(NAMESPACES, None) for raw in chunk]
    except (ApiError, ApiUnavailableError) as error:
        found.labels_known = False
        if isinstance(error, ApiError) and error.status == 404:
            told = "correct --namespace"
            found.problems.append(failed("namespace", f"namespace {namespace} does not exist", told))
    return []
