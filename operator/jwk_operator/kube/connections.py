"""Connections as the API server has them: what is kept of one, and the finalizer that holds it while it is needed."""

from __future__ import annotations

from collections.abc import Callable

from jwk_operator.api.base import IN_USE_FINALIZER, RECONCILE_ANNOTATION
from jwk_operator.kube.client import CLUSTER_CONNECTIONS, CONNECTIONS, ApiError, Kind, ObjectClient
from jwk_operator.kube.store import Key, Raw, Store, key_of

_METADATA = ("name", "uid", "resourceVersion", "generation", "labels", "deletionTimestamp", "finalizers")


def trim_connection(raw: Raw) -> Raw:
    """Return what the operator needs of a connection of either kind."""
    metadata = raw["metadata"]
    kept = {name: metadata[name] for name in _METADATA if metadata.get(name) is not None}
    kept["namespace"] = metadata.get("namespace") or ""
    if (requested := (metadata.get("annotations") or {}).get(RECONCILE_ANNOTATION)) is not None:
        kept["annotations"] = {RECONCILE_ANNOTATION: requested}
    return {"metadata": kept, "spec": raw.get("spec") or {}, "status": raw.get("status") or {}}


def is_held(raw: Raw, finalizer: str = IN_USE_FINALIZER) -> bool:
    """Whether a connection has the finalizer that keeps it while it is needed."""
    return finalizer in (raw["metadata"].get("finalizers") or ())


def is_going(raw: Raw) -> bool:
    """Whether a connection is being deleted; the API server refuses new finalizers on it."""
    return "deletionTimestamp" in raw["metadata"]


def reconcile_requested(raw: Raw) -> str | None:
    """Return what somebody wrote last to have a connection looked at now."""
    requested: str | None = raw["metadata"].get("annotations", {}).get(RECONCILE_ANNOTATION)
    return requested


def is_same(before: Raw, after: Raw) -> bool:
    """Whether two versions are of one object and say the same, so that what rests on the one holds for the other."""
    return bool(before["metadata"]["uid"] == after["metadata"]["uid"] and before["spec"] == after["spec"])


def kind_of(key: Key) -> Kind:
    """Return the kind of the connection under a key of the store, which holds both kinds."""
    return CONNECTIONS if key[0] else CLUSTER_CONNECTIONS


Notify = Callable[[str, Raw], None]
"""Told of a version of a connection in the words of a watch event: ADDED, MODIFIED or DELETED."""


class ConnectionWriter:
    """The patches that the operator makes to connections: of the finalizer, and of the status.

    What the API server answers is told at once, as a watch would tell it: whoever waits for the change learns of it.
    """

    def __init__(self, client: ObjectClient, store: Store, notify: Notify, finalizer: str = IN_USE_FINALIZER) -> None:
        """`notify` has to take what it is told into the store."""
        self.finalizer = finalizer
        self._client = client
        self._store = store
        self._notify = notify

    async def hold(self, raw: Raw, *, held: bool) -> None:
        """Add the finalizer, or take it away. Raises `ApiError` 409 when the object has changed meanwhile.

        A merge patch replaces the whole list, so the version is tested: nobody else's finalizer gets lost.
        """
        metadata = raw["metadata"]
        others = [name for name in metadata.get("finalizers") or () if name != self.finalizer]
        finalizers = [*others, self.finalizer] if held else others
        patch = {"metadata": {"resourceVersion": metadata["resourceVersion"], "finalizers": finalizers or None}}
        key = key_of(raw)
        answer = await self._client.merge_patch(kind_of(key), key[0], key[1], patch)
        ended = is_going(answer) and not answer["metadata"].get("finalizers")
        self._notify("DELETED" if ended else "MODIFIED", answer)

    async def status(self, raw: Raw, patch: Raw) -> None:
        """Patch the status. Nothing else writes it, so only the identity of the object is tested."""
        key = key_of(raw)
        body = {"metadata": {"uid": raw["metadata"]["uid"]}, "status": patch}
        self._notify("MODIFIED", await self._client.merge_patch(kind_of(key), key[0], key[1], body, "status"))

    async def refresh(self, key: Key) -> None:
        """Read a connection again from the API server."""
        known = self._store.get(key)
        try:
            raw = await self._client.get(kind_of(key), key[0] or None, key[1])
        except ApiError as error:
            if error.status != 404:
                raise
            if known is not None:
                self._notify("DELETED", known)
            return
        if known is not None and known["metadata"]["uid"] != raw["metadata"]["uid"]:
            self._notify("DELETED", known)
        self._notify("ADDED", raw)
