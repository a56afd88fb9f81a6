"""The operator itself: where it is installed, in which version, and whether one of it acts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from jwk_operator.cli.doctor.findings import Finding, Level, failed, ok, skipped, some, warning
from jwk_operator.kube.client import ApiError, ApiUnavailableError, Kind, KubeClient, Raw
from jwk_operator.kube.leases import LEASES

NAME = "jwk-operator"
_LABEL = f"app.kubernetes.io/name={NAME}"
_DEPLOYMENTS = Kind("apps", "v1", "deployments")
_PODS = Kind("", "v1", "pods")
_LEASE_NAME = "JWK_OPERATOR_LEASE_NAME"

Found = list[Raw] | ApiError | ApiUnavailableError


@dataclass(frozen=True, slots=True)
class Installation:
    """What was found of the operator. `namespace` is where was looked, None is everywhere."""

    namespace: str | None
    deployments: Found
    pods: Found
    leases: Found

    @property
    def account(self) -> tuple[str, str] | None:
        """Namespace and name of the operator's ServiceAccount, where a Deployment tells."""
        if not isinstance(self.deployments, list) or not self.deployments:
            return None
        first = self.deployments[0]
        return first["metadata"]["namespace"], first["spec"]["template"]["spec"].get("serviceAccountName") or "default"

    @property
    def lease_name(self) -> str:
        """Return the name of the Lease, as a Deployment tells it, or as it is by default."""
        return next(iter(sorted(_lease_names(self.deployments))), NAME)


async def find_operator(client: KubeClient, namespace: str | None) -> Installation:
    """Look for Deployments, pods and Leases of the operator, in one namespace or (None) in all."""
    deployments, pods, leases = await asyncio.gather(
        _list(client, _DEPLOYMENTS, namespace, _LABEL),
        _list(client, _PODS, namespace, _LABEL),
        _list(client, LEASES, namespace),
    )
    if isinstance(leases, list):
        names = _lease_names(deployments)
        leases = [raw for raw in leases if raw["metadata"]["name"] in names or _is_ours(raw["metadata"]["name"])]
    return Installation(namespace, deployments, pods, leases)


async def _list(client: KubeClient, kind: Kind, namespace: str | None, selector: str | None = None) -> Found:
    try:
        return [raw async for chunk, _ in client.list(kind, namespace, selector=selector) for raw in chunk]
    except (ApiError, ApiUnavailableError) as error:
        return error


def _is_ours(lease: str) -> bool:
    return lease == NAME or lease.startswith(f"{NAME}-")


def _lease_names(deployments: Found) -> set[str]:
    return {
        str(variable.get("value"))
        for raw in (deployments if isinstance(deployments, list) else ())
        for container in raw["spec"]["template"]["spec"].get("containers") or ()
        for variable in container.get("env") or ()
        if variable.get("name") == _LEASE_NAME
    }


def judge_installation(found: Installation, now: datetime) -> list[Finding]:
    """Say whether an operator is there and acts."""
    leases = _judge_leases(found, now)
    acts = any(finding.level is Level.OK for finding in leases)
    return [*_judge_deployments(found, acts=acts), *leases]


def _where(namespace: str | None) -> str:
    return f"in namespace {namespace}" if namespace else "in the cluster"


def _unreadable(check: str, what: str, found: Installation, error: Exception) -> Finding:
    if isinstance(error, ApiError) and error.status == 403:
        remedy = f"run doctor as somebody who may list {what}"
        more = "" if found.namespace else ", or say with --service-account NAMESPACE/NAME where to look"
        return skipped(check, f"you may not list {what} {_where(found.namespace)}", remedy + more)
    return skipped(check, f"{what} cannot be listed: {error}", "run doctor again")


def _judge_deployments(found: Installation, *, acts: bool) -> list[Finding]:
    if not isinstance(found.deployments, list):
        return [_unreadable("Deployment", "deployments", found, found.deployments)]
    if found.deployments:
        return [_judge_deployment(raw, found.pods) for raw in found.deployments]
    if acts:
        return [ok("Deployment", f"none {_where(found.namespace)}; the Lease is held by an operator elsewhere")]
    return [
        warning(
            "Deployment",
            f"none has the label {_LABEL} {_where(found.namespace)}",
            "install the operator (manifests/README.md), or see that jwk-operator run goes on where you start it",
        )
    ]


def _judge_deployment(raw: Raw, pods: Found) -> Finding:
    namespace, name = raw["metadata"]["namespace"], raw["metadata"]["name"]
    wanted, available = raw["spec"].get("replicas", 1), (raw.get("status") or {}).get("availableReplicas") or 0
    images = [container["image"] for container in raw["spec"]["template"]["spec"]["containers"]]
    text = f"{namespace}/{name}: {available} of {wanted} replicas available, image {some(images)}"
    if wanted == 0:
        return failed("Deployment", text, f"kubectl scale deployment -n {namespace} {name} --replicas=2")
    if available >= wanted:
        return ok("Deployment", text)
    why = _waiting(pods, namespace)
    level = failed if available == 0 else warning
    told = (
        f"look at kubectl describe pods -n {namespace} -l {_LABEL} and kubectl logs -n {namespace} -l {_LABEL} --prefix"
    )
    return level("Deployment", f"{text}{f'; {why}' if why else ''}", told)


def _waiting(pods: Found, namespace: str) -> str:
    """Say for what the pods wait, as their containers tell."""
    states = [
        f"pod {raw['metadata']['name']} waits: {status['state']['waiting'].get('reason')}"
        for raw in (pods if isinstance(pods, list) else ())
        if raw["metadata"]["namespace"] == namespace
        for status in (raw.get("status") or {}).get("containerStatuses") or ()
        if "waiting" in (status.get("state") or {})
    ]
    return some(states)


def _judge_leases(found: Installation, now: datetime) -> list[Finding]:
    if not isinstance(found.leases, list):
        return [_unreadable("Lease", "leases", found, found.leases)]
    if not found.leases:
        return [
            warning(
                "Lease",
                f"none is named {NAME} or {NAME}-… {_where(found.namespace)}, so no operator elects a leader",
                f"with more than one replica, start it with --leader-elect; else see that {NAME} run is running",
            )
        ]
    return [_judge_lease(raw, now) for raw in found.leases]


def _judge_lease(raw: Raw, now: datetime) -> Finding:
    spec = raw.get("spec") or {}
    which = f"{raw['metadata']['namespace']}/{raw['metadata']['name']}"
    holder, renewed = spec.get("holderIdentity"), spec.get("renewTime")
    remedy = "see that an operator is running; its log says what keeps it from the Lease"
    if not holder or not renewed:
        return warning("Lease", f"{which}: nobody holds it, so no operator acts", remedy)
    age = now - datetime.fromisoformat(renewed)
    if age > timedelta(seconds=spec.get("leaseDurationSeconds") or 15):
        return warning(
            "Lease", f"{which}: {holder} renewed it last {_shown(age)} ago, so no operator seems to act", remedy
        )
    return ok("Lease", f"{which}: held by {holder}, which renews it")


def _shown(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
