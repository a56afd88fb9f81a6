"""A stand-in for the API server with versions, finalizers and faults, for what writes to single objects."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from typing import Any, cast

from jwk_operator.kube.client import ApiError, ApiUnavailableError, Kind, KubeClient
from unit.merge import merged

Raw = dict[str, Any]


class FakeCluster:
    """Objects by plural, namespace and name. `calls` has verb, plural and name of every request."""

    def may_write(self) -> bool:
        """Whether this process leads: always."""
        return True

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Raw] = {}
        self.calls: list[tuple[str, str, str]] = []
        self.created: list[Raw] = []
        self.faults: list[Exception | str] = []
        """For the coming patches, one each: an error instead of the patch, or "lost" for one that is not answered."""
        self.gate = asyncio.Event()
        """Patches are done at once, and answered when it is set."""
        self.gate.set()
        self._version = 100

    @property
    def client(self) -> KubeClient:
        return cast("KubeClient", self)

    def patches(self) -> list[str]:
        """The names of what was patched."""
        return [name for verb, _plural, name in self.calls if verb == "patch"]

    def spent(self) -> list[tuple[str, str, str]]:
        """The requests since this was last asked."""
        found, self.calls = self.calls, []
        return found

    def put(self, kind: Kind, raw: Raw) -> Raw:
        """Create or replace an object, with a new version."""
        self._version += 1
        raw["metadata"]["resourceVersion"] = str(self._version)
        self.objects[kind.plural, raw["metadata"].get("namespace") or "", raw["metadata"]["name"]] = raw
        return copy.deepcopy(raw)

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Raw:
        self.calls.append(("get", kind.plural, name))
        return copy.deepcopy(self._find(kind, namespace, name))

    async def list(
        self, kind: Kind, namespace: str | None, *, selector: str | None = None
    ) -> AsyncIterator[tuple[list[Raw], str]]:
        assert selector is None, "no test has shards here"
        found = [raw for (plural, _, _), raw in self.objects.items() if plural == kind.plural]
        yield [raw for raw in found if namespace in (None, raw["metadata"].get("namespace"))], str(self._version)

    async def create(self, kind: Kind, namespace: str, body: Raw) -> Raw:
        self.calls.append(("create", kind.plural, body["metadata"]["generateName"]))
        assert body["metadata"]["namespace"] == namespace, "the API server refuses that"
        self.created.append(body)
        return body

    async def merge_patch(
        self, kind: Kind, namespace: str, name: str, patch: Raw, subresource: str | None = None
    ) -> Raw:
        assert subresource is None, "not needed so far"
        self.calls.append(("patch", kind.plural, name))
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        known = self._find(kind, namespace, name)
        if patch["metadata"]["resourceVersion"] != known["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        answer = self._store(kind, namespace, name, merged(known, patch))
        await self.gate.wait()
        if fault == "lost":
            raise ApiUnavailableError("no answer")
        return answer

    def _store(self, kind: Kind, namespace: str, name: str, raw: Raw) -> Raw:
        if "deletionTimestamp" in raw["metadata"] and not raw["metadata"].get("finalizers"):
            # as the real one: what ends is answered with the version that it had
            del self.objects[kind.plural, namespace, name]
            return copy.deepcopy(raw)
        return self.put(kind, raw)

    def _find(self, kind: Kind, namespace: str | None, name: str) -> Raw:
        try:
            return self.objects[kind.plural, namespace or "", name]
        except KeyError:
            raise ApiError(404, "NotFound", "not found") from None
