"""A cluster in memory as its users and the operator know it: it admits, defaults, counts generations and versions.

It shares no code with the product's own stand-in, whose predictions are held against what happens here.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, cast

from jwk_operator.admission import admit
from jwk_operator.kube.client import EVENTS, ApiError, Kind, KubeClient
from unit.merge import merged

Raw = dict[str, Any]
Place = tuple[str, str, str]

_PLURALS = {"JWK": "jwks", "ApinizerConnection": "apinizerconnections", "Secret": "secrets"}


class Copycat:
    """Objects by plural, namespace and name. `writes` counts what was changed by way of the client."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.objects: dict[Place, Raw] = {}
        self.writes = 0
        self._now = now
        self._version = 1000
        self._uids = 0

    @property
    def client(self) -> KubeClient:
        """The same, as the operator's client."""
        return cast("KubeClient", self)

    def may_write(self) -> bool:
        """Whether this process leads: always."""
        return True

    # --- users -----------------------------------------------------------------------------------------------------

    def apply(self, manifest: Raw) -> bool:
        """Apply a manifest; False when it is refused."""
        metadata = manifest["metadata"]
        place = _PLURALS[manifest["kind"]], metadata["namespace"], metadata["name"]
        known = self.objects.get(place)
        content = copy.deepcopy(manifest)
        if manifest["kind"] != "Secret":
            verdict = admit(content, known)
            if not verdict.accepted:
                return False
            content["spec"] = verdict.content["spec"]
        if known is None:
            self._uids += 1
            given = {"uid": f"00000000-0000-0000-0000-{self._uids:012}", "generation": 1}
            content["metadata"] |= given | {"creationTimestamp": self._now().strftime("%Y-%m-%dT%H:%M:%SZ")}
            self._store(place, content)
            return True
        after = copy.deepcopy(known)
        after |= {name: content[name] for name in ("spec", "data") if name in content}
        annotations = {**(known["metadata"].get("annotations") or {}), **(metadata.get("annotations") or {})}
        if annotations:
            after["metadata"]["annotations"] = annotations
        if after != known:
            after["metadata"]["generation"] += after.get("spec") != known.get("spec")
            self._store(place, after)
        return True

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object: at once, or once its finalizers are gone."""
        place = _PLURALS[kind], namespace, name
        known = self.objects[place]
        if not known["metadata"].get("finalizers"):
            del self.objects[place]
        elif "deletionTimestamp" not in known["metadata"]:
            known["metadata"]["deletionTimestamp"] = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
            known["metadata"]["generation"] += 1
            self._store(place, known)

    def of(self, kind: str) -> list[Raw]:
        """Return the objects of a kind."""
        return [copy.deepcopy(raw) for place, raw in self.objects.items() if place[0] == _PLURALS[kind]]

    def _store(self, place: Place, raw: Raw) -> Raw:
        self._version += 1
        raw["metadata"]["resourceVersion"] = str(self._version)
        self.objects[place] = raw
        return copy.deepcopy(raw)

    # --- the client ------------------------------------------------------------------------------------------------

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Raw:
        """Return one object."""
        try:
            return copy.deepcopy(self.objects[kind.plural, namespace or "", name])
        except KeyError:
            raise ApiError(404, "NotFound", "not found") from None

    async def list(
        self, kind: Kind, namespace: str | None, *, selector: str | None = None
    ) -> AsyncIterator[tuple[list[Raw], str]]:
        """Yield all objects in one chunk."""
        assert selector is None, "no story has shards"
        found = [raw for place, raw in self.objects.items() if place[0] == kind.plural]
        chosen = [copy.deepcopy(raw) for raw in found if namespace in (None, raw["metadata"]["namespace"])]
        yield chosen, str(self._version)

    async def create(self, kind: Kind, namespace: str, body: Raw) -> Raw:
        """Take an Event."""
        assert kind is EVENTS, "nothing else is created"
        assert body["metadata"]["namespace"] == namespace
        self.writes += 1
        return {**body, "metadata": {**body["metadata"], "name": "event"}}

    async def merge_patch(
        self, kind: Kind, namespace: str, name: str, patch: Raw, subresource: str | None = None
    ) -> Raw:
        """Apply a merge patch under its tests."""
        self.writes += 1
        known = await self.get(kind, namespace, name)
        for field, value in patch.get("metadata", {}).items():
            if field in ("uid", "resourceVersion") and known["metadata"][field] != value:
                raise ApiError(409, "Conflict", "the object has been modified")
        place = kind.plural, namespace, name
        after = merged(known, {"status": patch["status"]} if subresource else patch)
        if "deletionTimestamp" in after["metadata"] and not after["metadata"].get("finalizers"):
            del self.objects[place]
            return copy.deepcopy(cast("Raw", after))
        return self._store(place, after)
