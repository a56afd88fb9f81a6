"""What stands in for the API server: objects in memory, read from the cluster where they are not, and never written."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from jwk_operator.kube.client import EVENTS, ApiError, Kind, ObjectClient, Raw

Place = tuple[str, str, str]
"""Plural, namespace (empty for cluster-scoped objects) and name."""
Change = Callable[[Raw | None], Raw]
"""What becomes of an object, or of none."""


class Objects:
    """Objects by kind, namespace and name. Patches change the memory alone; Events are kept to be told."""

    def __init__(self, cluster: ObjectClient | None = None) -> None:
        """`cluster` is asked for what is not in memory; without one, that does not exist."""
        self._cluster = cluster
        self._objects: dict[Place, Raw | None] = {}
        self._changes: dict[Place, Change] = {}
        self._changed: set[Place] = set()
        self._events: list[Raw] = []

    def put(self, kind: Kind, raw: Raw) -> None:
        """Have an object in memory from now on, in place of the cluster's."""
        metadata = raw["metadata"]
        self._objects[kind.plural, metadata.get("namespace") or "", metadata["name"]] = raw

    def expect(self, kind: Kind, namespace: str, name: str, change: Change) -> None:
        """Have an object changed once it is asked for; those that nobody asks for are not read from the cluster."""
        self._changes[kind.plural, namespace, name] = change

    async def is_changed(self, kind: Kind, namespace: str, name: str) -> bool:
        """Whether an expected change of an object makes a difference to it."""
        place = kind.plural, namespace, name
        if place in self._changes:
            await self.get(kind, namespace, name)
        return place in self._changed

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
            self._objects[place] = await self._first(place, kind, namespace, name)
        return copy.deepcopy(self._known(place))

    async def _first(self, place: Place, kind: Kind, namespace: str | None, name: str) -> Raw | None:
        change = self._changes.get(place)
        if change is None:
            return await self._ask(kind, namespace, name)
        try:
            before = await self._ask(kind, namespace, name)
        except ApiError as error:
            if error.status != 403:
                raise
            before = None  # it may be written, but not read
        after = change(before)
        if before is None or before["metadata"]["resourceVersion"] != after["metadata"]["resourceVersion"]:
            self._changed.add(place)
        return after

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
