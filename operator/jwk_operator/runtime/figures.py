"""What the metrics say of the resources that the operator knows of. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.kube.jwks import connection_of
from jwk_operator.kube.store import Raw
from jwk_operator.reconcile.connections import ConnectionKey, shown

NEW = "New"
"""Stands for the reason of a resource whose newest spec has no status yet."""
_WAITS_FOR = {Waiting.NOBODY: "nobody", Waiting.USER: "user", Waiting.OPERATOR: "operator"}
_KNOWN = {NEW: _WAITS_FOR[Waiting.OPERATOR], **{reason.value: _WAITS_FOR[reason.waiting] for reason in Reason}}

ConnectionName = str
"""As `shown` has it."""


@dataclass(frozen=True, slots=True)
class ConnectionFigures:
    """One connection as its status has it."""

    ready: bool
    circuit_open: bool
    token_end: float | None = None
    """Seconds since the epoch."""
    renews_token: bool = False
    """Whether the operator gets itself a new one before that."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of JWKs, by connection, reason and who has to act, and by connection, environment and outcome."""

    jwks: Counter[tuple[ConnectionName, str, str]] = field(default_factory=Counter)
    environments: Counter[tuple[ConnectionName, str, str]] = field(default_factory=Counter)
    connections: dict[ConnectionName, ConnectionFigures] = field(default_factory=dict)


def figures(jwks: Iterable[Raw], connections: Iterable[tuple[ConnectionKey, Raw]]) -> Figures:
    """Count (trimmed) JWKs, and read the (trimmed) connections."""
    found = Figures()
    for raw in jwks:
        connection, status = shown(connection_of(raw)), raw["status"]
        reason = _reason(raw)
        found.jwks[connection, reason, _KNOWN[reason]] += 1
        for result in (status.get("deploymentResult") or {}).get("environmentResults") or ():
            outcome = "deployed" if result.get("success") else "failed"
            found.environments[connection, str(result.get("environmentName", "")), outcome] += 1
    for key, raw in connections:
        found.connections[shown(key)] = _connection(raw["spec"], raw["status"])
    return found


def _reason(raw: Raw) -> str:
    status = raw["status"]
    if status.get("observedGeneration") != raw["metadata"].get("generation"):
        return NEW
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Ready" and condition.get("reason") in _KNOWN:
            return str(condition["reason"])
    return NEW


def _connection(spec: Raw, status: Raw) -> ConnectionFigures:
    conditions = {item.get("type"): item.get("status") for item in status.get("conditions") or ()}
    ends = status.get("tokenExpiresAt")
    return ConnectionFigures(
        ready=conditions.get("Ready") == "True",
        circuit_open=(status.get("circuit") or {}).get("state") == "Open",
        token_end=datetime.fromisoformat(ends).timestamp() if ends else None,
        renews_token="clientCredentialsSecretRef" in (spec.get("auth") or {}),
    )
