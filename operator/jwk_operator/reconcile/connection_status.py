"""The status of a connection: from what is known of it to what its conditions say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from jwk_operator.api.connection import (
    ApinizerConnectionStatus,
    CircuitStatus,
    ConnectionCondition,
    ConnectionEnvironment,
)
from jwk_operator.api.reasons import ConnectionReason
from jwk_operator.apinizer.answers import Answer, EnvironmentEntry, Verdict
from jwk_operator.reconcile.reports import RENEW, RIGHTS
from jwk_operator.reconcile.state import Problem

_LONGEST = 1024
_MOST_ENVIRONMENTS = 256
_STALE = timedelta(hours=6)
"""How old `lastProbeTime` may become before it is written although nothing else changed."""

_STALLED = frozenset(
    {
        ConnectionReason.INVALID_SPEC,
        ConnectionReason.SECRET_NOT_FOUND,
        ConnectionReason.SECRET_KEY_NOT_FOUND,
        ConnectionReason.UNAUTHORIZED,
        ConnectionReason.FORBIDDEN,
        ConnectionReason.PROJECT_NOT_FOUND,
    }
)

Outcome = Answer | tuple[EnvironmentEntry, ...]
"""What a probe came to: the project's environments, or the answer that came instead."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe: which project's environments were asked for, what came back and when."""

    project: str
    outcome: Outcome
    time: datetime


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What is known of a connection."""

    generation: int
    now: datetime
    users: int
    """How many JWKs name it."""
    project: str | None = None
    """The project that the connection itself names."""
    credential: str = ""
    """The Secret behind it, for messages."""
    problem: Problem | None = None
    """Why it cannot be used at all."""
    probe: Probe | None = None
    """The last probe; None while this process has made none."""
    askable: bool = True
    """Whether any project is known to ask for."""
    held: Answer | None = None
    """What every call gets at present in place of an answer."""
    circuit_changed: datetime | None = None
    token_expires_at: datetime | None = None
    handled: str | None = None
    """The request for a look that this look answers."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What Ready says. A status of None leaves it as it was."""

    status: Literal["True", "False", "Unknown"] | None
    reason: ConnectionReason
    message: str


def judge(facts: ConnectionFacts) -> Judgement:
    """Say whether a connection works, as far as is known."""
    if facts.problem is not None:
        return Judgement("False", ConnectionReason(facts.problem.reason.value), facts.problem.message)
    if facts.held is not None and facts.held.verdict in (Verdict.UNAUTHORIZED, Verdict.CIRCUIT_OPEN):
        return _refused(facts, facts.held)
    if facts.probe is None:
        if facts.askable:
            return Judgement(None, ConnectionReason.NOT_PROBED, "Not probed yet.")
        return Judgement("True", ConnectionReason.NOT_PROBED, _NOTHING_TO_PROBE)
    if isinstance(facts.probe.outcome, Answer):
        return _refused(facts, facts.probe.outcome)
    number = len(facts.probe.outcome)
    environments = f"{number} environment{'' if number == 1 else 's'}"
    message = f'Apinizer answers; project "{facts.probe.project}" has {environments}.'
    return Judgement("True", ConnectionReason.CONNECTED, message)


_NOTHING_TO_PROBE = "The credential can be read; the connection is probed as soon as it or a JWK of it names a project."


def _refused(facts: ConnectionFacts, answer: Answer) -> Judgement:
    own = facts.probe is not None and facts.probe.project == facts.project
    project = facts.probe.project if facts.probe else ""
    said = f": {answer.text}" if answer.text else "."
    match answer.verdict:
        case Verdict.UNAUTHORIZED:
            message = f"Apinizer does not accept the credential of {facts.credential}; {RENEW}{said}"
            return Judgement("False", ConnectionReason.UNAUTHORIZED, message)
        case Verdict.CIRCUIT_OPEN:
            message = f"Apinizer failed several times in a row, so only probes are sent until one succeeds{said}."
            return Judgement("False", ConnectionReason.CIRCUIT_OPEN, message)
        case Verdict.FORBIDDEN if own:
            message = f'The credential of {facts.credential} lacks permission in project "{project}"; {RIGHTS}{said}'
            return Judgement("False", ConnectionReason.FORBIDDEN, message)
        case Verdict.PROJECT_MISSING if own:
            remedy = "correct spec.projectName, or give the account access to it"
            message = f'Project "{project}" cannot be used; {remedy}{said}'
            return Judgement("False", ConnectionReason.PROJECT_NOT_FOUND, message)
        case Verdict.FORBIDDEN | Verdict.PROJECT_MISSING:
            # a project that some JWK names: the JWK says so itself
            return Judgement("True", ConnectionReason.CONNECTED, "Apinizer answers.")
        case Verdict.RATE_LIMITED:
            return Judgement(None, ConnectionReason.RATE_LIMITED, f"{answer.text}.")
        case Verdict.UNREACHABLE:
            return Judgement(None, ConnectionReason.UNREACHABLE, f"No answer from Apinizer{said}.")
        case _:
            return Judgement(None, ConnectionReason.SERVER_ERROR, f"Apinizer failed{said}")


def render_connection(last: ApinizerConnectionStatus, facts: ConnectionFacts) -> ApinizerConnectionStatus:
    """Return the whole status that follows from the last one and from what is known now."""
    is_open = facts.held is not None and facts.held.verdict is Verdict.CIRCUIT_OPEN
    circuit = CircuitStatus(state="Open" if is_open else "Closed", since=_seconds(facts.circuit_changed))
    known = last.circuit
    if known is not None and known.state == circuit.state and not is_open:
        circuit = known  # a restart makes no news of a circuit that was closed before
    return ApinizerConnectionStatus(
        observed_generation=facts.generation,
        last_handled_reconcile_at=facts.handled or last.last_handled_reconcile_at,
        conditions=_conditions(last, facts, judge(facts)),
        environments=_environments(last, facts),
        token_expires_at=_seconds(facts.token_expires_at),
        last_probe_time=_seconds(facts.probe.time) if facts.probe else last.last_probe_time,
        jwks=facts.users,
        circuit=circuit,
    )


def connection_patch(old: dict[str, Any], new: ApinizerConnectionStatus) -> dict[str, Any]:
    """Return the merge patch of `status` that turns `old` into `new`; empty when nothing is worth a write.

    The time of a probe alone is not, unless it has become old: connections at rest cost the API server nothing.
    """
    wanted = new.model_dump(mode="json", by_alias=True, exclude_none=True)
    patch: dict[str, Any] = {name: None for name in old if name not in wanted}
    patch |= {name: value for name, value in wanted.items() if value != old.get(name)}
    probed = new.last_probe_time
    if set(patch) == {"lastProbeTime"} and probed is not None and old.get("lastProbeTime"):
        before = datetime.fromisoformat(old["lastProbeTime"])
        return patch if probed - before > _STALE else {}
    return patch


def _conditions(
    last: ApinizerConnectionStatus, facts: ConnectionFacts, verdict: Judgement
) -> list[ConnectionCondition]:
    before = {item.type: item for item in last.conditions or ()}
    ready = before.get("Ready")
    checked = ready is not None and ready.status != "Unknown" and ready.reason != ConnectionReason.CIRCUIT_OPEN
    if verdict.status is None and checked and last.observed_generation == facts.generation:
        return last.conditions or []  # what cannot be checked just now is not broken
    found: list[ConnectionCondition] = []

    def add(kind: Literal["Ready", "Reconciling", "Stalled"], status: Literal["True", "False", "Unknown"]) -> None:
        known = before.get(kind)
        same = known is not None and known.status == status
        found.append(
            ConnectionCondition(
                type=kind,
                status=status,
                observed_generation=facts.generation,
                last_transition_time=known.last_transition_time if same and known else facts.now.replace(microsecond=0),
                reason=verdict.reason.value,
                message=verdict.message[:_LONGEST],
            )
        )

    add("Ready", verdict.status or "Unknown")
    if verdict.status != "True":
        add("Stalled" if verdict.reason in _STALLED else "Reconciling", "True")
    return found


def _environments(last: ApinizerConnectionStatus, facts: ConnectionFacts) -> list[ConnectionEnvironment] | None:
    if facts.project is None:
        return None  # of which project's, if every JWK names its own?
    if facts.probe is None or isinstance(facts.probe.outcome, Answer) or facts.probe.project != facts.project:
        return last.environments
    entries = facts.probe.outcome[:_MOST_ENVIRONMENTS]
    return [ConnectionEnvironment(name=entry.name, type=entry.type, status=entry.status) for entry in entries]


def is_current(status: ApinizerConnectionStatus, generation: int) -> bool:
    """Whether a status that an earlier process wrote says that this very connection works, on a probe's word."""
    ready = _ready(status)
    works = ready is not None and ready.status == "True" and ready.reason == ConnectionReason.CONNECTED
    return works and status.observed_generation == generation


def news(last: ApinizerConnectionStatus, new: ApinizerConnectionStatus) -> tuple[bool, str, str] | None:
    """Return the Event that a change of Ready is worth: whether it is a warning, its reason and its message."""
    before, after = _ready(last), _ready(new)
    if after is None or (before is not None and before.reason == after.reason):
        return None
    if after.status == "False":
        return True, after.reason, after.message
    if after.status == "True" and before is not None and before.status == "False":
        return False, after.reason, after.message
    return None


def ready_reason(status: ApinizerConnectionStatus) -> str:
    """Return the reason of Ready; empty while there is none."""
    ready = _ready(status)
    return ready.reason if ready else ""


def _ready(status: ApinizerConnectionStatus) -> ConnectionCondition | None:
    return next((item for item in status.conditions or () if item.type == "Ready"), None)


def _seconds(time: datetime | None) -> datetime | None:
    return time.replace(microsecond=0) if time else None
