"""JWK resources as the API server has them: reading one into values, and the patches that the operator makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from jwk_operator.api.base import (
    ASIDE_ANNOTATION,
    CLAIM_ANNOTATION,
    FINALIZER,
    RECONCILE_ANNOTATION,
    REMOTE_ANNOTATION,
    spec_problems,
)
from jwk_operator.api.jwk import DeletionPolicy, JWKSpec
from jwk_operator.api.names import Claim, ConnectionKey
from jwk_operator.api.resource import Resource
from jwk_operator.api.status import JWKStatus
from jwk_operator.kube.client import JWKS, ApiError, ObjectClient
from jwk_operator.kube.store import Key, Raw, Store, key_of, once, version_of

_METADATA = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "finalizers",
)
_ANNOTATIONS = (REMOTE_ANNOTATION, CLAIM_ANNOTATION, ASIDE_ANNOTATION, RECONCILE_ANNOTATION)


def open_store(wants: Callable[[Raw], bool] = lambda _: True) -> Store:
    """Return an empty store for JWKs: by remote name, by connection (needed or named), by the Secret with the key.

    `wants` says which of them concern this operator.
    """
    return Store(trim, wants, name=_remote_names, connection=_connections, needs=_needed_connections, secret=secrets_of)


def trim(raw: Raw) -> Raw:
    """Return what the operator needs of a JWK; managed fields and foreign annotations cost memory for nothing."""
    metadata = raw["metadata"]
    annotations = metadata.get("annotations") or {}
    kept = {name: metadata[name] for name in _METADATA if name in metadata}
    kept["annotations"] = {name: annotations[name] for name in _ANNOTATIONS if name in annotations}
    return {"metadata": kept, "spec": raw.get("spec") or {}, "status": raw.get("status") or {}}


def _remote_names(raw: Raw) -> Iterator[str]:
    yield wished_name(raw)
    claim = claim_of(raw)
    if claim is not None and claim.remote.name != wished_name(raw):
        yield claim.remote.name


def _connections(raw: Raw) -> Iterable[tuple[str, str, str]]:
    return (connection_of(raw),)


def _needed_connections(raw: Raw) -> Iterator[tuple[str, str, str]]:
    if claim_of(raw) is not None and deletes_remotely(raw):
        yield connection_of(raw)


def deletes_remotely(raw: Raw) -> bool:
    """Whether a resource, when it goes, takes with it what it owns remotely: its connection is needed for that."""
    return raw["spec"].get("deletionPolicy") != DeletionPolicy.RETAIN.value and raw["spec"].get("suspend") is not True


def secrets_of(raw: Raw) -> Iterator[Key]:
    """Yield the Secret that a resource takes its key from, if it does."""
    name = ((raw["spec"].get("jwkStrFrom") or {}).get("secretKeyRef") or {}).get("name")
    if name:
        yield raw["metadata"]["namespace"], name


def wished_name(raw: Raw) -> str:
    """Return the remote name that a resource wishes for."""
    return str(raw["spec"].get("name") or raw["metadata"]["name"])


def connection_of(raw: Raw) -> ConnectionKey:
    """Return kind, namespace (empty for the cluster-wide kind) and name of the connection that a resource names."""
    reference = raw["spec"].get("connectionRef") or {}
    kind = str(reference.get("kind") or "ApinizerConnection")
    namespace = raw["metadata"]["namespace"] if kind == "ApinizerConnection" else ""
    return kind, namespace, str(reference.get("name") or "default")


def claim_of(raw: Raw) -> Claim | None:
    """Return the claim on a resource, when it is its own and not one that was copied along with it."""
    return once(raw, _read_claim)


def _read_claim(raw: Raw) -> Claim | None:
    claim = Claim.decode(*_encoded(raw["metadata"]))
    if claim is None or claim.uid != raw["metadata"]["uid"]:
        return None
    return claim if FINALIZER in (raw["metadata"].get("finalizers") or ()) else None


def _encoded(metadata: Raw) -> Iterator[str | None]:
    return (metadata["annotations"].get(name) for name in (REMOTE_ANNOTATION, CLAIM_ANNOTATION, ASIDE_ANNOTATION))


def read(raw: Raw) -> Resource:
    """Read a trimmed JWK; a spec or status that does not fit the schema makes no exception."""
    return once(raw, _read)


def _read(raw: Raw) -> Resource:
    metadata, fields = raw["metadata"], raw["spec"]
    spec, problem = once(fields, _read_spec)
    return Resource(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=int(metadata.get("generation") or 0),
        deleting="deletionTimestamp" in metadata,
        finalizer=FINALIZER in (metadata.get("finalizers") or ()),
        claim=claim_of(raw),
        spec=spec,
        spec_problem=problem,
        retain=fields.get("deletionPolicy") == DeletionPolicy.RETAIN.value,
        suspended=fields.get("suspend") is True,
        status=JWKStatus() if _came_along(raw) else _read_status(raw["status"]),
        reconcile_requested=metadata["annotations"].get(RECONCILE_ANNOTATION),
    )


def _read_spec(fields: dict[str, Any]) -> tuple[JWKSpec | None, str]:
    try:
        return JWKSpec.model_validate(fields), ""
    except ValidationError as error:
        return None, f"The spec cannot be read: {spec_problems(error)}."


def _read_status(fields: dict[str, Any]) -> JWKStatus:
    try:
        return JWKStatus.model_validate(fields)
    except ValidationError:
        return JWKStatus()  # somebody's edit: what the records and the list say rebuilds it


def _came_along(raw: Raw) -> bool:
    """Whether the status is another resource's, that came along when this one was copied or restored from a backup.

    Another's records alone do not tell: they come back with each apply of an exported manifest.
    """
    metadata, remote = raw["metadata"], raw["status"].get("remote") or {}
    observed, created = remote.get("observedAt"), metadata.get("creationTimestamp")
    if not (observed and created and observed < created):
        return False  # as nearly always, without reading the records
    claim = Claim.decode(*_encoded(metadata))
    return claim is not None and claim.uid != metadata["uid"]


def _has_finalizer(raw: Raw) -> bool:
    return FINALIZER in (raw["metadata"].get("finalizers") or ())


def _records(raw: Raw) -> tuple[Claim | None, Any]:
    """What tells whether another operator has gone on with a resource meanwhile."""
    return claim_of(raw), raw["status"].get("remote")


class JwkWriter:
    """The patches that the operator makes to JWKs. What the API server answers goes into the store at once."""

    def __init__(self, client: ObjectClient, store: Store) -> None:
        self._client = client
        self._store = store
        self._written: dict[Key, set[int]] = {}

    def written(self, key: Key) -> set[int]:
        """Return the versions that patches of an object have led to, and forget them."""
        return self._written.pop(key, set())

    async def refresh(self, key: Key) -> Raw | None:
        """Read an object again from the API server; None when it is gone."""
        try:
            raw = await self._client.get(JWKS, *key)
        except ApiError as error:
            if error.status != 404:
                raise
            known = self._store.get(key)
            if known is not None:
                self._store.remove(known)
            return None
        known = self._store.get(key)
        if known is not None and known["metadata"]["uid"] != raw["metadata"]["uid"]:
            self._store.remove(known)
        self._store.put(raw)
        return self._store.get(key)

    async def claim(self, raw: Raw, claim: Claim) -> None:
        """Write finalizer and records in one patch. Raises `ApiError` 409 when the object has changed meanwhile."""
        await self._write_records(raw, claim)

    async def amend(self, raw: Raw, claim: Claim | None) -> bool:
        """Write the records anew, or take them and the finalizer away, however often the object changes meanwhile.

        True when they stand so, or the object is gone; False when somebody else has changed them since `raw`.
        """
        current: Raw | None = raw
        while current is not None and current["metadata"]["uid"] == raw["metadata"]["uid"]:
            if current is not raw:
                if claim_of(current) == claim and (claim is not None or not _has_finalizer(current)):
                    return True
                if _records(current) != _records(raw):
                    return False
            try:
                await self._write_records(current, claim)
            except ApiError as error:
                if error.status not in (404, 409):
                    raise
            else:
                return True
            current = await self.refresh(key_of(raw))
        return True

    async def _write_records(self, raw: Raw, claim: Claim | None) -> None:
        metadata = raw["metadata"]
        finalizers = [name for name in metadata.get("finalizers") or () if name != FINALIZER]
        values: tuple[str | None, ...] = (None, None, None)
        if claim is not None:
            finalizers.append(FINALIZER)
            values = (claim.remote.encode(), claim.encode(), claim.aside.encode() if claim.aside else None)
        annotations = dict(zip((REMOTE_ANNOTATION, CLAIM_ANNOTATION, ASIDE_ANNOTATION), values, strict=True))
        version = metadata["resourceVersion"]
        await self._patch(
            raw, {"resourceVersion": version, "finalizers": finalizers or None, "annotations": annotations}
        )

    async def status(self, raw: Raw, patch: Raw) -> None:
        """Patch the status. Nothing else writes it, so only the identity of the object is tested."""
        body = {"metadata": {"uid": raw["metadata"]["uid"]}, "status": patch}
        self._take_in(await self._client.merge_patch(JWKS, *key_of(raw), body, "status"))

    async def _patch(self, raw: Raw, metadata: Raw) -> None:
        self._take_in(await self._client.merge_patch(JWKS, *key_of(raw), {"metadata": metadata}))

    def _take_in(self, answer: Raw) -> None:
        self._written.setdefault(key_of(answer), set()).add(version_of(answer))
        if "deletionTimestamp" in answer["metadata"] and not answer["metadata"].get("finalizers"):
            self._store.remove(answer)
        else:
            self._store.put(answer)
