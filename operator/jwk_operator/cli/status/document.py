"""A `Board` as JSON, for programs. Times are in UTC (RFC 3339); what is not known is left out."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from jwk_operator.api.names import ConnectionKey
from jwk_operator.cli.status.board import Board, Connection, Health, Jwk, Outcome


def document(board: Board) -> dict[str, Any]:
    """Return what `-o json` prints."""
    return {
        "time": _time(board.time),
        "scope": board.where,
        "environments": list(board.environments),
        "summary": {"jwks": _counts(board.total), "connections": _counts(board.total_connections)},
        "connections": [_connection(connection) for connection in board.connections],
        "jwks": [_jwk(jwk) for jwk in board.jwks],
        "notes": list(board.notes),
    }


def _counts(counts: Counter[Health]) -> dict[str, int]:
    return {_word(health): counts[health] for health in Health}


def _connection(connection: Connection) -> dict[str, Any]:
    return _known(
        **_reference(connection.key),
        health=_word(connection.health),
        reason=connection.reason,
        message=connection.message,
        remedy=connection.remedy,
        address=connection.address,
        projectName=connection.project,
        environments=list(connection.environments),
        tokenExpiresAt=_time(connection.token_expires_at),
        tokenRenewedByItself=connection.token_renewed,
        readOnly=connection.read_only,
        jwks=connection.jwks,
    )


def _jwk(jwk: Jwk) -> dict[str, Any]:
    return _known(
        namespace=jwk.namespace,
        name=jwk.name,
        connectionRef=_reference(jwk.connection),
        projectName=jwk.project,
        remoteName=jwk.remote_name,
        sourceType=jwk.source,
        type=jwk.key_type,
        kid=jwk.kid,
        description=jwk.description,
        health=_word(jwk.health),
        reason=jwk.reason,
        message=jwk.message,
        remedy=jwk.remedy,
        environments=[_outcome(outcome) for outcome in jwk.outcomes],
        reportedAt=_time(jwk.reported_at),
        nextAttemptAt=_time(jwk.next_attempt_at),
    )


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return _known(
        name=outcome.environment,
        state=_word(outcome.delivery),
        message=outcome.message,
        since=_time(outcome.since),
    )


def _reference(key: ConnectionKey) -> dict[str, Any]:
    kind, namespace, name = key
    return _known(kind=kind, namespace=namespace, name=name)


def _word(text: str) -> str:
    """Return `not reported` as `NotReported`, as Kubernetes writes values."""
    return "".join(part.capitalize() for part in text.replace(",", "").split())


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _known(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "")}
