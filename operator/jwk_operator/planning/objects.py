"""What stands in for the API server: objects in memory, read from the cluster where they are not, and never written."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from jwk_operator.kube.client import EVENTS, ApiError, Kind, ObjectClient, Raw

Place = tuple[str, str, str]
"""Plural, namespace (empty for cluster-scoped objects) and name."""


class Objects:
    """Objects by kind, namespace and name. Patches change the memory alone; Events are kept to be told."""

    def __init__(self, cluster: ObjectClient | None = None) -> None:
        """`cluster` is asked for what is not in memory; without one, that does not exist."""
        self._cluster = cluster
        self._objects: dict[Place, Raw | None] = {}
        self._events: list[Raw] = []

    def put(self, kind: Kind, raw: Raw) -> None:
        """Have an object in memory from now on, in place of the cluster's."""
        metadata = raw["metadata"]
        self._objects[kind.plural, metadata.get("namespace") or "", metadata["name"]] = raw

    async def find(self, kind: Kind, namespace: str | None, name: str) -> Raw | None:
        """Return an object, None where there is none. Raises what the API server's client raises."""
        try:
            return await self.get(kind, namespace, name)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Raw:
        """Return an object: from memory, else from the cluster, which is asked but once."""
        place = kind.plural, namespace or "", name
        if place not in self._objects:
            self._objects[place] = await self._ask(kind, namespace, name)
        return copy.deepcopy(self._known(place))

    async def _ask(self, kind: Kind, namespace: str | None, name: str) -> Raw | None:
        try:
            return await self._cluster.get(kind, namespace or None, name) if self._cluster is not None else None
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def _known(self, place: Place) -> Raw:
        found = self._objects.get(place)
        if found is None:
            raise ApiError(404, "NotFound", f'{place[0]} "{place[2]}" not found')
        return found

    async def merge_patch(
        self, kind: Kind, namespace: str, name: str, patch: Raw, subresource: str | None = None
    ) -> Raw:
        """Apply a merge patch in memory, tested as the API server tests it."""
        place = kind.plural, namespace or "", name
        known = self._known(place)
        for field in ("uid", "resourceVersion"):
            if patch.get("metadata", {}).get(field, known["metadata"][field]) != known["metadata"][field]:
                raise ApiError(409, "Conflict", f'{kind.plural} "{name}" has been modified')
        wanted = {"status": patch.get("status", {})} if subresource == "status" else patch
        after: Raw = merged(known, wanted)
        metadata = after["metadata"]
        if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            self._objects[place] = None  # answered with the version that it had, as the API server does
        else:
            metadata["resourceVersion"] = str(int(known["metadata"]["resourceVersion"]) + 1)
            self._objects[place] = after
        return copy.deepcopy(after)

    async def create(self, kind: Kind, namespace: str, body: Raw) -> Raw:
        """Keep an Event. The operator creates nothing else."""
        if kind != EVENTS:
            raise AssertionError(f"{kind.plural} are not created")
        self._events.append(body)
        return {**body, "metadata": {**body["metadata"], "name": f"event-{len(self._events)}", "namespace": namespace}}

    def news(self, uid: str) -> Iterator[tuple[str, str]]:
        """Yield reason and message of the Events about an object, oldest first."""
        for event in self._events:
            if event["involvedObject"]["uid"] == uid:
                yield event["reason"], event["message"]


def merged(target: Any, patch: Any) -> Any:
    """Return what a merge patch (RFC 7396) makes of a value; neither is changed."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
