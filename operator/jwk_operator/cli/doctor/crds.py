"""The CRDs: whether each is there, works, and is what this program was made for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from jwk_operator.api.base import VERSION
from jwk_operator.api.crd import RESOURCES, Resource, openapi_schema
from jwk_operator.cli.cluster import APPLY_CRDS
from jwk_operator.cli.doctor.findings import Finding, failed, ok, skipped, some, warning
from jwk_operator.kube.client import ApiError, ApiUnavailableError, Kind, KubeClient, Raw

CRDS = Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions")

Found = Raw | ApiError | ApiUnavailableError


async def get_crds(client: KubeClient) -> list[Found]:
    """Return the CRD of each resource, or what came instead."""

    async def get(resource: Resource) -> Found:
        try:
            return await client.get(CRDS, None, resource.name)
        except (ApiError, ApiUnavailableError) as error:
            return error

    return await asyncio.gather(*map(get, RESOURCES))


def judge_crds(found: list[Found]) -> list[Finding]:
    """Say of each CRD whether it will do."""
    return [_judge(resource, raw) for resource, raw in zip(RESOURCES, found, strict=True)]


def _judge(resource: Resource, found: Found) -> Finding:
    check = resource.plural
    match found:
        case ApiError(status=404):
            return failed(check, "the CRD is not there", f"run {APPLY_CRDS}")
        case ApiError(status=403):
            return skipped(check, "you may not read CRDs", _right())
        case ApiError() | ApiUnavailableError():
            return failed(check, f"the CRD cannot be read: {found}", "run doctor again")
    why = _unusable(found)
    if why is not None:
        return failed(check, why, f"run {APPLY_CRDS}; then look at kubectl describe crd {resource.name}")
    served = next(version for version in found["spec"]["versions"] if version["name"] == VERSION)
    theirs = (served.get("schema") or {}).get("openAPIV3Schema") or {}
    ours = openapi_schema(resource)
    if theirs == ours:
        return ok(check, f"established, serves {VERSION}, and its schema is this program's own")
    return warning(check, f"its schema is not this program's own: {_difference(ours, theirs)}", f"run {APPLY_CRDS}")


def _right() -> str:
    return "run doctor as somebody who may get customresourcedefinitions"


def _unusable(raw: Raw) -> str | None:
    if "deletionTimestamp" in raw["metadata"]:
        return "the CRD is being deleted, and every object with it"
    conditions = {item["type"]: item for item in (raw.get("status") or {}).get("conditions") or ()}
    established = conditions.get("Established") or {}
    if established.get("status") != "True":
        return f"the CRD is not established ({established.get('reason') or 'no condition says why'})"
    served = [version["name"] for version in raw["spec"]["versions"] if version.get("served")]
    if VERSION not in served:
        return f"the CRD serves {some(served)} and not {VERSION}"
    return None


def _difference(ours: Any, theirs: Any) -> str:
    own, other = set(_fields(ours)), set(_fields(theirs))
    lacking, unknown = sorted(own - other), sorted(other - own)
    parts = []
    if lacking:
        parts.append(f"it is older and lacks {some(lacking)}")
    if unknown:
        parts.append(f"it is newer and has {some(unknown)}")
    return "; ".join(parts) or "the fields are the same, their rules or descriptions are not"


def _fields(schema: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each field of a schema."""
    for name, inner in ((schema or {}).get("properties") or {}).items():
        own = f"{path}.{name}".removeprefix(".")
        yield own
        yield from _fields(inner, own)
    items = (schema or {}).get("items")
    if isinstance(items, dict):
        yield from _fields(items, f"{path}[]")
