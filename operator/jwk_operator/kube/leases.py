"""A Lease (coordination.k8s.io/v1) as leader election uses it: every change tests the version that was read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jwk_operator.kube.client import ApiError, Kind, KubeClient, Raw

LEASES = Kind("coordination.k8s.io", "v1", "leases")


@dataclass(frozen=True, slots=True)
class Record:
    """A Lease as it was read. `duration` is what its holder asked for, in seconds."""

    holder: str
    duration: float
    transitions: int
    version: str


class Leases:
    """One Lease. Every method raises `ApiError` (409: changed meanwhile) or `ApiUnavailableError`."""

    def __init__(self, client: KubeClient, namespace: str, name: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name

    def __str__(self) -> str:
        return f"Lease {self._namespace}/{self._name}"

    async def read(self) -> Record | None:
        """Return the Lease; None when there is none."""
        try:
            return _record(await self._client.get(LEASES, self._namespace, self._name))
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    async def create(self, holder: str, duration: float) -> Record:
        """Make the Lease."""
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name},
            "spec": _spec(holder, duration, 0, anew=True),
        }
        return _record(await self._client.create(LEASES, self._namespace, body))

    async def write(self, before: Record, holder: str, duration: float) -> Record:
        """Take the Lease over, or renew it."""
        anew = before.holder != holder
        spec = _spec(holder, duration, before.transitions + anew, anew=anew)
        return await self._patch(before, spec)

    async def release(self, before: Record) -> Record:
        """Have nobody hold the Lease."""
        return await self._patch(before, {"holderIdentity": "", "leaseDurationSeconds": 1})

    async def _patch(self, before: Record, spec: dict[str, Any]) -> Record:
        patch = {"metadata": {"resourceVersion": before.version}, "spec": spec}
        return _record(await self._client.merge_patch(LEASES, self._namespace, self._name, patch))


def _spec(holder: str, duration: float, transitions: int, *, anew: bool) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": max(1, math.ceil(duration)),
        "renewTime": now,
        "leaseTransitions": transitions,
    }
    return {**spec, "acquireTime": now} if anew else spec


def _record(raw: Raw) -> Record:
    spec = raw.get("spec") or {}
    return Record(
        holder=spec.get("holderIdentity") or "",
        duration=float(spec.get("leaseDurationSeconds") or 1),
        transitions=int(spec.get("leaseTransitions") or 0),
        version=raw["metadata"]["resourceVersion"],
    )
