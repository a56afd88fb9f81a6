"""From objects of the API server to a `Board`. Pure, and patient with a status that is not of this version's making."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jwk_operator.api.jwk import ConnectionKind
from jwk_operator.api.names import ConnectionKey
from jwk_operator.cli.status.board import (
    Board,
    Connection,
    Delivery,
    Health,
    Jwk,
    Outcome,
    counted,
    plain,
    remedy_of,
)
from jwk_operator.kube.jwks import connection_of, wished_name

Raw = Mapping[str, Any]

_UNSEEN = "No operator has looked at it yet; if that lasts, run jwk-operator doctor."
_OUTDATED = "The status is about an earlier spec; the operator has not looked at the newest one yet."


@dataclass(frozen=True, slots=True)
class Scope:
    """Which JWKs are asked for."""

    namespace: str | None
    """None is all of them."""
    names: frozenset[str] = frozenset()
    selector: str | None = None

    def __str__(self) -> str:
        where = "all namespaces" if self.namespace is None else f"namespace {self.namespace}"
        return f"{where}, labels {self.selector}" if self.selector else where

    def covers(self, connection: ConnectionKey) -> bool:
        """Whether a connection is asked for, though none of the JWKs may use it."""
        narrow = bool(self.names or self.selector)
        return not narrow and (self.namespace is None or bool(connection[1]))


def read_board(
    scope: Scope, jwks: Iterable[Raw], connections: Iterable[Raw], now: datetime, notes: tuple[str, ...] = ()
) -> Board:
    """Return what is shown of JWKs and connections, of which there may be more than asked for."""
    wanted = [raw for raw in jwks if not scope.names or raw["metadata"]["name"] in scope.names]
    used = {_connection_of(raw) for raw in wanted}
    every = {connection.key: connection for connection in map(_connection, connections)}
    shown = [item for key, item in every.items() if key in used or scope.covers(key)]
    known = _known_environments(every, wanted)
    rows = sorted((_jwk(raw, every.get(_connection_of(raw)), known) for raw in wanted), key=_place)
    return Board(
        time=now,
        where=str(scope),
        everywhere=scope.namespace is None,
        jwks=tuple(rows),
        connections=tuple(sorted(shown, key=lambda item: (item.key[1], item.key[2]))),
        total=counted(row.health for row in rows),
        total_connections=counted(item.health for item in shown),
        notes=notes,
    )


def missing_names(scope: Scope, jwks: Iterable[Raw]) -> list[str]:
    """Return the names asked for that no JWK has."""
    return sorted(scope.names - {raw["metadata"]["name"] for raw in jwks})


def uses_cluster_wide(jwks: Iterable[Raw]) -> bool:
    """Whether a JWK names a connection of the cluster-wide kind."""
    return any(not _connection_of(raw)[1] for raw in jwks)


def _place(row: Jwk) -> tuple[object, ...]:
    return (*row.group, row.name)


def _connection_of(raw: Raw) -> ConnectionKey:
    return connection_of({"spec": {}, **raw})


_Project = tuple[str, str]
"""The address of a manager, and a project there: its environments are the same for all JWKs in it."""


def _project(raw: Raw, connection: Connection | None) -> _Project:
    remote = (raw.get("status") or {}).get("remote") or {}
    named = remote.get("projectName") or (raw.get("spec") or {}).get("projectName")
    address, pinned = (connection.address, connection.project) if connection else ("", "")
    return address, plain(named or pinned)


def _known_environments(
    connections: Mapping[ConnectionKey, Connection], jwks: Iterable[Raw]
) -> dict[_Project, dict[str, None]]:
    """Return the environments of each project, from its connections and from what was reported of its JWKs."""
    known: dict[_Project, dict[str, None]] = {}
    for connection in connections.values():
        if connection.project:
            project = (connection.address, connection.project)
            known.setdefault(project, {}).update(dict.fromkeys(connection.environments))
    for raw in jwks:
        reported = known.setdefault(_project(raw, connections.get(_connection_of(raw))), {})
        reported.update(dict.fromkeys(_results((raw.get("status") or {}).get("deploymentResult") or {})))
    return known


def _jwk(raw: Raw, connection: Connection | None, known: Mapping[_Project, Iterable[str]]) -> Jwk:
    metadata, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
    remote, deployment = status.get("remote") or {}, status.get("deploymentResult") or {}
    health, reason, message = _judge(metadata, status)
    project = _project(raw, connection)
    return Jwk(
        namespace=metadata["namespace"],
        name=metadata["name"],
        connection=_connection_of(raw),
        project=project[1],
        remote_name=plain(remote.get("name") or wished_name({"metadata": metadata, "spec": spec})),
        source=plain(spec.get("sourceType") or ""),
        key_type=plain(remote.get("type") or ""),
        kid=plain(remote.get("kid") or ""),
        description=plain(spec.get("description") or remote.get("description") or ""),
        health=health,
        reason=reason,
        message=message,
        remedy="" if health is Health.READY else remedy_of(reason),
        outcomes=tuple(_outcomes(spec, _results(deployment), known[project])),
        reported_at=_time(deployment.get("time")),
        last_operation=_operation(status.get("lastOperation") or {}),
        next_attempt_at=_time(status.get("nextAttemptAt")),
    )


def _results(deployment: Raw) -> dict[str, Raw]:
    return {plain(item["environmentName"]): item for item in deployment.get("environmentResults") or ()}


def _outcomes(spec: Raw, results: Mapping[str, Raw], known: Iterable[str]) -> Iterator[Outcome]:
    """Yield what is known of each environment: of those reported, those required, and the project's others."""
    everything = spec.get("requiredEnvironments") is None
    required = [plain(name) for name in spec.get("requiredEnvironments") or ()]
    for name in dict.fromkeys([*results, *required, *known]):
        counts = everything or name in required
        result = results.get(name)
        if result is None:
            yield Outcome(name, Delivery.NOT_REPORTED if counts else Delivery.NOT_REQUIRED)
            continue
        failed = Delivery.FAILED if counts else Delivery.EXCUSED
        yield Outcome(
            name,
            Delivery.DEPLOYED if result.get("success") is True else failed,
            plain(result.get("message") or ""),
            _time(result.get("lastTransitionTime")),
        )


def _judge(metadata: Raw, status: Raw) -> tuple[Health, str, str]:
    """Return health, reason and message of a resource of any kind, as kstatus would judge it."""
    conditions = {item["type"]: item for item in status.get("conditions") or ()}
    ready = conditions.get("Ready")
    if ready is None:
        return Health.IN_PROGRESS, "", _UNSEEN
    reason, message = plain(ready.get("reason") or ""), plain(ready.get("message") or "")
    if status.get("observedGeneration") != metadata.get("generation"):
        return Health.IN_PROGRESS, reason, _OUTDATED

    def holds(kind: str) -> bool:
        return bool(conditions.get(kind, {}).get("status") == "True")

    if holds("Stalled"):
        return Health.STALLED, reason, message
    if holds("Reconciling"):
        return Health.IN_PROGRESS, reason, message
    return (Health.READY if holds("Ready") else Health.NOT_READY), reason, message


def _connection(raw: Raw) -> Connection:
    metadata, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
    health, reason, message = _judge(metadata, status)
    namespace = metadata.get("namespace") or ""
    kind = ConnectionKind.NAMESPACED if namespace else ConnectionKind.CLUSTER
    return Connection(
        key=(kind.value, namespace, metadata["name"]),
        health=health,
        reason=reason,
        message=message,
        remedy="" if health is Health.READY else remedy_of(reason),
        address=plain(spec.get("baseUrl") or ""),
        project=plain(spec.get("projectName") or ""),
        environments=tuple(plain(item["name"]) for item in status.get("environments") or ()),
        token_expires_at=_time(status.get("tokenExpiresAt")),
        token_renewed=bool((spec.get("auth") or {}).get("clientCredentialsSecretRef")),
        read_only=spec.get("readOnly") is True,
        jwks=status.get("jwks"),
    )


def _operation(operation: Raw) -> str:
    if not operation:
        return ""
    answer = operation.get("httpStatus")
    code = plain(operation.get("errorCode") or "")
    came = " ".join(filter(None, [f"HTTP {answer}" if answer else "no answer", code]))
    return f"{plain(operation.get('type', ''))} at {plain(operation.get('time', ''))}: {came}"


def _time(text: str | None) -> datetime | None:
    return None if not text else datetime.fromisoformat(text)
