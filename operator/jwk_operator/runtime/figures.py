"""What the metrics say of the resources that the operator knows of. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from jwk_operator.api.names import ConnectionKey
from jwk_operator.api.reasons import ConnectionReason, Reason, Waiting
from jwk_operator.kube.jwks import connection_of
from jwk_operator.kube.store import Raw
from jwk_operator.reconcile.connections import shown

_Place = TypeVar("_Place")

NEW = "New"
"""Stands for the reason of a resource whose newest spec has no status yet."""
_WAITS_FOR = {Waiting.NOBODY: "nobody", Waiting.USER: "user", Waiting.OPERATOR: "operator"}
_KNOWN = {NEW: _WAITS_FOR[Waiting.OPERATOR], **{reason.value: _WAITS_FOR[reason.waiting] for reason in Reason}}
_DEPLOYED = frozenset({Reason.DEPLOYED.value, Reason.ADOPTED.value})
_REASONS = frozenset(reason.value for reason in ConnectionReason)

ConnectionName = str
"""As `shown` has it."""


@dataclass(frozen=True, slots=True)
class ConnectionFigures:
    """One connection as its status has it."""

    ready: bool
    circuit_open: bool
    reason: str = ""
    """Of Ready; empty when the status has none that is known."""
    since: float | None = None
    """Since when Ready says this; seconds since the epoch, as all times here."""
    token_end: float | None = None
    renews_token: bool = False
    """Whether the operator gets itself a new one before that."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of JWKs, by connection, reason and who has to act, and by connection, environment and outcome.

    Of those that are not as they should be, also since when the first of them has been so.
    """

    jwks: Counter[tuple[ConnectionName, str, str]] = field(default_factory=Counter)
    waiting_since: dict[tuple[ConnectionName, str, str], float] = field(default_factory=dict)
    environments: Counter[tuple[ConnectionName, str, str]] = field(default_factory=Counter)
    failing_since: dict[tuple[ConnectionName, str], float] = field(default_factory=dict)
    untold: Counter[ConnectionName] = field(default_factory=Counter)
    """JWKs that are settled although nobody knows what their environments have."""
    connections: dict[ConnectionName, ConnectionFigures] = field(default_factory=dict)


def figures(jwks: Iterable[Raw], connections: Iterable[tuple[ConnectionKey, Raw]]) -> Figures:
    """Count (trimmed) JWKs, and read the (trimmed) connections."""
    found = Figures()
    waiting: dict[tuple[ConnectionName, str, str], str] = {}
    failing: dict[tuple[ConnectionName, str], str] = {}
    for raw in jwks:
        connection = shown(connection_of(raw))
        reason, since = _reason(raw)
        place = connection, reason, _KNOWN[reason]
        found.jwks[place] += 1
        if place[2] != _WAITS_FOR[Waiting.NOBODY]:
            _keep_first(waiting, place, since)
        if reason in _DEPLOYED and _condition(raw["status"], "Deployed").get("status") == "Unknown":
            found.untold[connection] += 1
        required = raw["spec"].get("requiredEnvironments")
        for result in (raw["status"].get("deploymentResult") or {}).get("environmentResults") or ():
            environment = str(result.get("environmentName", ""))
            outcome = "deployed" if result.get("success") else "failed"
            if outcome == "failed" and required is not None and environment not in required:
                outcome = "optional"  # nothing repairs it, and nobody asked for it
            found.environments[connection, environment, outcome] += 1
            if outcome == "failed":
                _keep_first(failing, (connection, environment), result.get("lastTransitionTime"))
    found.waiting_since.update({place: _seconds(since) for place, since in waiting.items()})
    found.failing_since.update({place: _seconds(since) for place, since in failing.items()})
    for key, raw in connections:
        found.connections[shown(key)] = _connection(raw["spec"], raw["status"])
    return found


def _keep_first(known: dict[_Place, str], place: _Place, since: str | None) -> None:
    """Times are compared as text, as the operator writes all of them in one form, and many JWKs are looked at."""
    if since is not None:
        known[place] = min(known.get(place, since), since)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _reason(raw: Raw) -> tuple[str, str | None]:
    """Return the reason of Ready, and since when Ready has its value; of one never looked at, since when it exists."""
    status, metadata = raw["status"], raw["metadata"]
    ready = _condition(status, "Ready")
    if not ready:
        return NEW, metadata.get("creationTimestamp")
    if status.get("observedGeneration") != metadata.get("generation") or ready.get("reason") not in _KNOWN:
        return NEW, None
    return str(ready["reason"]), ready.get("lastTransitionTime")


def _condition(status: Raw, kind: str) -> Raw:
    """Return a condition; empty where there is none."""
    return next((item for item in status.get("conditions") or () if item.get("type") == kind), {})


def _connection(spec: Raw, status: Raw) -> ConnectionFigures:
    ready = _condition(status, "Ready")
    since, ends = ready.get("lastTransitionTime"), status.get("tokenExpiresAt")
    return ConnectionFigures(
        ready=ready.get("status") == "True",
        circuit_open=(status.get("circuit") or {}).get("state") == "Open",
        reason=ready["reason"] if ready.get("reason") in _REASONS else "",
        since=_seconds(since) if since else None,
        token_end=_seconds(ends) if ends else None,
        renews_token="clientCredentialsSecretRef" in (spec.get("auth") or {}),
    )
