"""From a report to the status as it is to stand in the resource, and to the smallest patch that makes it so. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.api.resource import Resource
from jwk_operator.api.status import Condition, JWKStatus, ReplacementStatus
from jwk_operator.reconcile.state import Keep, Report

ConditionType = Literal["Ready", "Synced", "Deployed", "Reconciling", "Stalled"]

_LONGEST = 4096
_HOLDS = {
    "Synced": "The remote JWK is what the spec says.",
    "Deployed": "Every required environment reported that it has the JWK.",
}


def render(resource: Resource, report: Report, now: datetime, *, anew: bool = False) -> JWKStatus:
    """Return the whole status that follows from the last one and a report.

    `anew`: something has changed that ends the count of failures in a row, as a new generation does.
    """
    last = resource.status
    deployment = last.deployment_result if isinstance(report.deployment, Keep) else report.deployment
    results = deployment.environment_results or () if deployment else ()
    next_attempt = None if not report.delay else now + timedelta(seconds=report.delay)
    return JWKStatus(
        observed_generation=resource.generation,
        last_handled_reconcile_at=resource.reconcile_requested or last.last_handled_reconcile_at,
        conditions=_conditions(resource, report, now),
        remote=last.remote if isinstance(report.remote, Keep) else report.remote,
        deployment_result=deployment,
        environments=f"{sum(item.success for item in results)}/{len(results)}" if results else None,
        last_operation=last.last_operation if isinstance(report.operation, Keep) else report.operation,
        replacement=_replacement(resource, report),
        failures=(0 if anew or _outdated(resource) else last.failures or 0) + 1 if report.failed else None,
        next_attempt_at=next_attempt.replace(microsecond=0) + timedelta(seconds=1) if next_attempt else None,
    )


def _replacement(resource: Resource, report: Report) -> ReplacementStatus | None:
    if not isinstance(report.replacement, Keep):
        return report.replacement
    recorded = resource.claim is not None and resource.claim.aside is not None
    return resource.status.replacement if recorded else None


def _outdated(resource: Resource) -> bool:
    return resource.status.observed_generation != resource.generation


def _conditions(resource: Resource, report: Report, now: datetime) -> list[Condition]:
    last = {item.type: item for item in resource.status.conditions or ()}

    def condition(kind: ConditionType, holds: bool | None, reason: Reason, message: str) -> Condition:
        status: Literal["True", "False", "Unknown"] = "Unknown" if holds is None else "True" if holds else "False"
        before = last.get(kind)
        since = before.last_transition_time if before is not None and before.status == status else now
        return Condition(
            type=kind,
            status=status,
            observed_generation=resource.generation,
            last_transition_time=since,
            reason=reason,
            message=message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…",
        )

    def value(kind: ConditionType, wanted: bool | Keep | None) -> bool | None:
        if not isinstance(wanted, Keep):
            return wanted
        before = last.get(kind)
        return None if before is None or before.status == "Unknown" else before.status == "True"

    def detail(kind: ConditionType, wanted: bool | Keep | None) -> Condition:
        before = last.get(kind)
        if isinstance(wanted, Keep) and before is not None:
            return condition(kind, value(kind, wanted), before.reason, before.message)
        if wanted is True:
            return condition(kind, True, Reason.DEPLOYED, _HOLDS[kind])
        return condition(kind, value(kind, wanted), report.reason, report.message)

    ready = value("Ready", report.ready)
    conditions = [
        condition("Ready", ready, report.reason, report.message),
        detail("Synced", report.synced),
        detail("Deployed", report.deployed),
    ]
    match report.reason.waiting:
        case Waiting.USER:
            conditions.append(condition("Stalled", True, report.reason, report.message))
        case Waiting.OPERATOR:
            conditions.append(condition("Reconciling", True, report.reason, report.message))
        case Waiting.NOBODY:
            pass
    return conditions


def status_patch(old: dict[str, Any], new: JWKStatus) -> dict[str, Any]:
    """Return the merge patch (RFC 7396) of `status` that turns `old`, as the API server has it, into `new`.

    Lists are replaced whole, as a merge patch does. Empty when nothing is to change.
    """
    return _difference(old, new.model_dump(mode="json", by_alias=True, exclude_none=True))


def _difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            inner = _difference(before, value)
            if inner:
                patch[name] = inner
        elif value != before:
            patch[name] = value
    return patch
