"""Where a plan is played: the cluster's objects with the manifests applied to them, all of it in memory."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from jwk_operator.admission import admit
from jwk_operator.api.jwk import ConnectionKind
from jwk_operator.api.names import ConnectionKey
from jwk_operator.kube.client import (
    CLUSTER_CONNECTIONS,
    CONFIG_MAPS,
    CONNECTIONS,
    JWKS,
    NAMESPACES,
    SECRETS,
    ApiError,
    Kind,
    KubeClient,
    Raw,
)
from jwk_operator.kube.connections import trim_connection
from jwk_operator.kube.jwks import claim_of, connection_of, open_store, wished_name
from jwk_operator.kube.namespaces import trim_namespace
from jwk_operator.kube.store import Key, Store, key_of
from jwk_operator.planning.objects import Objects
from jwk_operator.planning.wishes import Wishes, applied, applied_data, applied_labels, deleted

_CONNECTIONS = {ConnectionKind.NAMESPACED.value: CONNECTIONS, ConnectionKind.CLUSTER.value: CLUSTER_CONNECTIONS}
_DATA = {"Secret": SECRETS, "ConfigMap": CONFIG_MAPS}


@dataclass(frozen=True, slots=True)
class Token:
    """A token to use in place of every connection's own; `origin` says where it comes from."""

    origin: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A manifest that the API server would refuse."""

    kind: str
    key: Key
    message: str


@dataclass(slots=True)
class Stage:
    """The objects, and which of the JWKs are planned: in the order in which the operator would come to know them."""

    objects: Objects
    jwks: Store = field(default_factory=open_store)
    connections: Store = field(default_factory=lambda: Store(trim_connection))
    namespaces: Store = field(default_factory=lambda: Store(trim_namespace))
    planned: list[Key] = field(default_factory=list)
    gone: list[Raw] = field(default_factory=list)
    """JWKs that are deleted and that nothing holds, as they are now."""
    changed: set[ConnectionKey] = field(default_factory=set)
    """Connections that the manifests change; what else they change is told by `objects`."""
    refusals: list[Refusal] = field(default_factory=list)

    def take_in(self, raw: Raw) -> None:
        """Have a JWK as it is given from now on."""
        self.objects.put(JWKS, raw)
        self.jwks.put(raw)


class StageBuilder:
    """Sets a stage. Its methods raise what the API server's client raises."""

    def __init__(self, cluster: KubeClient | None, now: datetime, token: Token | None = None) -> None:
        self._cluster = cluster
        self._now = now
        self._token = token
        self.stage = Stage(Objects(cluster))
        self.narrow = False
        """Whether JWKs of other namespaces could not be seen, which may have names that are wished for."""

    async def of_cluster(self, namespace: str | None) -> Stage:
        """Plan what the operator would do about the JWKs of a namespace as they are, or of all for None."""
        known = await self._known({namespace} if namespace else None)
        for raw in known:
            self.stage.take_in(raw)
        chosen = [raw for raw in known if namespace in (None, raw["metadata"]["namespace"])]
        self.stage.planned = [key_of(raw) for raw in sorted(chosen, key=_age)]
        await self._connect()
        return self.stage

    async def of_wishes(self, wishes: Wishes, *, prune: bool = False) -> Stage:
        """Plan what the operator would do once the manifests are applied.

        With `prune` the other JWKs of their namespaces are deleted, as GitOps tools do.
        """
        known = {key_of(raw): raw for raw in await self._known(wishes.namespaces)}
        old: list[Raw] = []
        for key, raw in known.items():
            goes = prune and key[0] in wishes.namespaces and key not in wishes.of("JWK")
            after = deleted(raw, self._now) if goes else raw
            if after is not None:
                self.stage.take_in(after)
            else:
                self.stage.gone.append(raw)
            if goes or key in wishes.of("JWK"):
                old.append(raw)
        self._apply_jwks(wishes, known)
        await self._apply_connections(wishes)
        self._expect(wishes)
        wished = [key_of(raw) for raw in sorted(old, key=_age)]
        wished += [key for key in wishes.of("JWK") if key not in known]
        # one whose manifest is refused stays as it is, and the operator goes on with it
        self.stage.planned = [key for key in wished if self.stage.jwks.get(key) is not None]
        self.stage.planned += sorted({key async for key in self._dependants(wishes)} - set(wished))
        await self._connect()
        return self.stage

    async def _known(self, namespaces: set[str] | None) -> list[Raw]:
        """Return the JWKs of the whole cluster, since any may have a name first; of some namespaces where need be."""
        if self._cluster is None:
            return []
        try:
            return await self._listed(self._cluster, None)
        except ApiError as error:
            if error.status != 403 or namespaces is None:
                raise
        self.narrow = True
        return [raw for namespace in sorted(namespaces) for raw in await self._listed(self._cluster, namespace)]

    @staticmethod
    async def _listed(cluster: KubeClient, namespace: str | None) -> list[Raw]:
        return [raw async for items, _version in cluster.list(JWKS, namespace) for raw in list(items)]

    # --- applying --------------------------------------------------------------------------------------------------

    def _apply_jwks(self, wishes: Wishes, known: dict[Key, Raw]) -> None:
        for position, (key, wish) in enumerate(wishes.of("JWK").items()):
            admitted = self._admitted("JWK", key, wish, known.get(key))
            if admitted is not None:
                # of two that wish for one name the one that is applied first is the older one
                self.stage.take_in(applied(admitted, known.get(key), self._now + timedelta(seconds=position)))

    def _admitted(self, kind: str, key: Key, wish: Raw, known: Raw | None) -> Raw | None:
        """Return a manifest with its defaults filled in; None where the API server would refuse it."""
        verdict = admit(wish)
        if known is not None:
            if verdict.content.get("spec") == known.get("spec"):
                return verdict.content  # nothing changes, and to find out that much takes a tenth of the time
            verdict = admit(wish, known)
        if not verdict.accepted:
            self.stage.refusals.append(Refusal(kind, key, verdict.message))
            return None
        return verdict.content

    async def _apply_connections(self, wishes: Wishes) -> None:
        for kind, plural in _CONNECTIONS.items():
            for key, wish in wishes.of(kind).items():
                await self._apply_connection(kind, plural, key, wish)

    def _expect(self, wishes: Wishes) -> None:
        """Have what JWKs and connections may refer to changed when it is asked for."""
        for kind, plural in _DATA.items():
            for key, wish in wishes.of(kind).items():
                self.stage.objects.expect(plural, *key, partial(applied_data, wish))
        for key, wish in wishes.of("Namespace").items():
            self.stage.objects.expect(NAMESPACES, *key, partial(applied_labels, wish))

    async def _apply_connection(self, kind: str, plural: Kind, key: Key, wish: Raw) -> None:
        before = await self.stage.objects.find(plural, *key)
        admitted = self._admitted(kind, key, wish, before)
        if admitted is None:
            return
        after = applied(admitted, before, self._now)
        self.stage.objects.put(plural, after)
        if before is None or before["spec"] != after["spec"]:
            self.stage.changed.add((kind, *key))

    # --- connections -----------------------------------------------------------------------------------------------

    async def _dependants(self, wishes: Wishes) -> AsyncIterator[Key]:
        """Yield the JWKs that use a connection, or take their key from a Secret, that the manifests change."""
        for connection in self.stage.changed:
            for key in self.stage.jwks.find("connection", connection):
                yield key
        for secret in wishes.of("Secret"):
            users = self.stage.jwks.find("secret", secret)
            if users and await self.stage.objects.is_changed(SECRETS, *secret):
                for key in users:
                    yield key

    async def _connect(self) -> None:
        """Take in the connections of the JWKs that are planned, and of those that may have their names."""
        for key in self._concerned():
            raw = self.stage.jwks.get(key)
            if raw is not None:
                await self._take_in_connection(connection_of(raw), key[0])

    def _concerned(self) -> list[Key]:
        planned = [raw for key in self.stage.planned if (raw := self.stage.jwks.get(key)) is not None]
        names = {wished_name(raw) for raw in (*planned, *self.stage.gone)}
        names |= {claim.remote.name for raw in planned if (claim := claim_of(raw)) is not None}
        namesakes = {key for name in names for key in self.stage.jwks.find("name", name)}
        return sorted(namesakes.union(self.stage.planned))

    async def _take_in_connection(self, connection: ConnectionKey, namespace: str) -> None:
        kind, *key = connection
        plural = _CONNECTIONS[kind]
        found = await self.stage.objects.find(plural, *key)
        if found is None:
            return
        if (found["spec"].get("allowedNamespaces") or {}).get("selector") is not None:
            labelled = await self.stage.objects.find(NAMESPACES, None, namespace)
            if labelled is not None:
                self.stage.namespaces.put(labelled)
        if self.stage.connections.get((key[0], key[1])) is None:
            used = self._with_token(found, namespace)
            self.stage.objects.put(plural, used)
            self.stage.connections.put(used)

    def _with_token(self, connection: Raw, namespace: str) -> Raw:
        """Return a connection that uses the one token that was given, if one was."""
        if self._token is None:
            return connection
        place = connection["metadata"].get("namespace") or namespace
        name, data = self._token.origin, {"token": base64.b64encode(self._token.value.encode()).decode()}
        self.stage.objects.put(
            SECRETS, {"metadata": {"name": name, "namespace": place, "resourceVersion": "1"}, "data": data}
        )
        reference = {"name": name, "key": "token"}
        if connection["metadata"].get("namespace") is None:
            reference["namespace"] = place
        return {**connection, "spec": {**connection["spec"], "auth": {"tokenSecretRef": reference}}}


def _age(raw: Raw) -> tuple[str, Key]:
    return raw["metadata"].get("creationTimestamp") or "", key_of(raw)
