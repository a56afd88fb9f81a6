"""JWK resources as the API server has them: reading one into values, and the patches that the operator makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from jwk_operator.api.base import (
    CLAIM_ANNOTATION,
    FINALIZER,
    RECONCILE_ANNOTATION,
    REMOTE_ANNOTATION,
    spec_problems,
)
from jwk_operator.api.jwk import DeletionPolicy, JWKSpec
from jwk_operator.api.names import Claim
from jwk_operator.api.resource import Resource
from jwk_operator.api.status import JWKStatus
from jwk_operator.kube.client import JWKS, ApiError, KubeClient
from jwk_operator.kube.store import Key, Raw, Store, key_of

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
_ANNOTATIONS = (REMOTE_ANNOTATION, CLAIM_ANNOTATION, RECONCILE_ANNOTATION)


def open_store() -> Store:
    """Return an empty store for JWKs: by remote name, by connection, and by the Secret that holds the key."""
    return Store(trim, name=_remote_names, connection=_connections, secret=_secrets)


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


def _secrets(raw: Raw) -> Iterator[Key]:
    name = ((raw["spec"].get("jwkStrFrom") or {}).get("secretKeyRef") or {}).get("name")
    if name:
        yield raw["metadata"]["namespace"], name


def wished_name(raw: Raw) -> str:
    """Return the remote name that a resource wishes for."""
    return str(raw["spec"].get("name") or raw["metadata"]["name"])


def connection_of(raw: Raw) -> tuple[str, str, str]:
    """Return kind, namespace (empty for the cluster-wide kind) and name of the connection that a resource names."""
    reference = raw["spec"].get("connectionRef") or {}
    kind = str(reference.get("kind") or "ApinizerConnection")
    namespace = raw["metadata"]["namespace"] if kind == "ApinizerConnection" else ""
    return kind, namespace, str(reference.get("name") or "default")


def claim_of(raw: Raw) -> Claim | None:
    """Return the claim on a resource, when it is its own and not one that was copied along with it."""
    annotations = raw["metadata"]["annotations"]
    claim = Claim.decode(annotations.get(REMOTE_ANNOTATION), annotations.get(CLAIM_ANNOTATION))
    if claim is None or claim.uid != raw["metadata"]["uid"]:
        return None
    return claim if FINALIZER in (raw["metadata"].get("finalizers") or ()) else None


def read(raw: Raw) -> Resource:
    """Read a trimmed JWK; a spec or status that does not fit the schema makes no exception."""
    metadata, fields = raw["metadata"], raw["spec"]
    spec, problem = _read_spec(fields)
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
        status=_read_status(raw["status"]),
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


class JwkWriter:
    """The patches that the operator makes to JWKs. What the API server answers goes into the store at once."""

    def __init__(self, client: KubeClient, store: Store) -> None:
        self._client = client
        self._store = store

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
        metadata = raw["metadata"]
        others = [name for name in metadata.get("finalizers") or () if name != FINALIZER]
        await self._patch(
            raw,
            {
                "resourceVersion": metadata["resourceVersion"],
                "finalizers": [*others, FINALIZER],
                "annotations": {REMOTE_ANNOTATION: claim.remote.encode(), CLAIM_ANNOTATION: claim.encode()},
            },
        )

    async def disclaim(self, raw: Raw) -> None:
        """Take finalizer and records away, however often the object changes meanwhile; done when it is gone."""
        uid = raw["metadata"]["uid"]
        current: Raw | None = raw
        while current is not None and current["metadata"]["uid"] == uid:
            metadata = current["metadata"]
            others = [name for name in metadata.get("finalizers") or () if name != FINALIZER]
            try:
                await self._patch(
                    current,
                    {
                        "resourceVersion": metadata["resourceVersion"],
                        "finalizers": others or None,
                        "annotations": {REMOTE_ANNOTATION: None, CLAIM_ANNOTATION: None},
                    },
                )
            except ApiError as error:
                if error.status not in (404, 409):
                    raise
            else:
                return
            current = await self.refresh(key_of(raw))

    async def status(self, raw: Raw, patch: Raw) -> None:
        """Patch the status. Nothing else writes it, so only the identity of the object is tested."""
        body = {"metadata": {"uid": raw["metadata"]["uid"]}, "status": patch}
        answer = await self._client.merge_patch(JWKS, *key_of(raw), body, "status")
        self._store.put(answer)

    async def _patch(self, raw: Raw, metadata: Raw) -> None:
        answer = await self._client.merge_patch(JWKS, *key_of(raw), {"metadata": metadata})
        if "deletionTimestamp" in answer["metadata"] and not answer["metadata"].get("finalizers"):
            self._store.remove(answer)
        else:
            self._store.put(answer)
