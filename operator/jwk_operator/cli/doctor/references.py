"""What a connection itself says: its spec, the operator's report in its status, and the Secrets that it refers to."""

from __future__ import annotations

from pydantic import ValidationError

from jwk_operator.api.connection import ApinizerConnectionSpec, ApinizerConnectionStatus
from jwk_operator.api.reasons import Reason
from jwk_operator.cli.doctor.findings import Finding, advice, failed, ok, skipped, warning
from jwk_operator.kube.client import ApiError, ApiUnavailableError, KubeClient, Raw
from jwk_operator.kube.connections import is_going
from jwk_operator.kube.secrets import SourceKeyNotFoundError, SourceNotFoundError, Sources
from jwk_operator.reconcile.connection_secrets import ConnectionSecrets, read_secrets, sources_of
from jwk_operator.reconcile.state import Problem

_REMEDIES = {
    Reason.SECRET_NOT_FOUND: "create it, or correct the reference in the spec",
    Reason.SECRET_KEY_NOT_FOUND: "put what is needed under that key, or correct the key in the spec",
}


def judge_spec(spec: ApinizerConnectionSpec) -> Finding:
    """Say what a spec that can be read is for."""
    project = f'for project "{spec.project_name}"' if spec.project_name else "for the projects that its JWKs name"
    return ok("spec", f"admitted, {project}{'; readOnly: nothing is written to it' if spec.read_only else ''}")


def judge_status(raw: Raw) -> Finding:
    """Say what the operator has reported of the connection."""
    if is_going(raw):
        told = "delete its JWKs, or have them use another connection; it goes with the last one that needs it"
        return warning("status", "the connection is being deleted", told)
    try:
        status = ApinizerConnectionStatus.model_validate(raw["status"])
    except ValidationError:
        status = ApinizerConnectionStatus()  # somebody's edit
    ready = next((item for item in status.conditions or () if item.type == "Ready"), None)
    if ready is None or status.observed_generation != raw["metadata"].get("generation"):
        told = "see that an operator is running and serves this namespace"
        return warning("status", "no operator has reported on this spec", told)
    said = f"the operator reports {ready.reason}: {ready.message.rstrip('.')}"
    if ready.status == "True":
        return ok("status", said)
    level = failed if ready.status == "False" else warning
    return level("status", said, "see what follows, and docs/reference/reasons.md")


async def read_references(
    client: KubeClient, spec: ApinizerConnectionSpec, own_namespace: str
) -> tuple[ConnectionSecrets | None, Finding]:
    """Read what a connection refers to; the finding names the places and never a value."""
    sources = Sources(client)
    places = list(dict.fromkeys(sources_of(spec, own_namespace)))
    try:
        for place in places:
            try:
                await sources.read(place)
            except ApiError as error:
                kind = "secrets" if place.kind == "Secret" else "configmaps"
                told = f"run doctor as somebody who may get {kind} in namespace {place.namespace}"
                return None, skipped("secrets", f"you may not read {place} ({error.reason})", told)
        found = await read_secrets(sources, spec, own_namespace, "")
    except (SourceNotFoundError, SourceKeyNotFoundError) as error:
        missing = Reason.SECRET_NOT_FOUND if isinstance(error, SourceNotFoundError) else Reason.SECRET_KEY_NOT_FOUND
        return None, failed("secrets", str(error), _REMEDIES[missing])
    except ApiUnavailableError as error:
        return None, failed("secrets", f"they cannot be read: {error}", "run doctor again")
    if isinstance(found, Problem):
        said, told = advice(found.message.removeprefix(": "))
        return None, failed("secrets", said, told or _REMEDIES.get(found.reason, "correct the spec"))
    return found, ok("secrets", "; ".join(map(str, places)))
