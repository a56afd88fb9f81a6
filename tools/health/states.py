"""One resource for each reason that a status can give, made by the operator's own decisions and rendering."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from decisions.answers import ANSWERS, CALLS
from decisions.facts import NOW, new, owned, problem
from decisions.situations import STATES
from jwk_operator.api.base import API_VERSION, FINALIZER
from jwk_operator.api.connection import ApinizerConnectionStatus
from jwk_operator.api.reasons import ConnectionReason, Reason
from jwk_operator.api.resource import Resource
from jwk_operator.api.status import JWKStatus
from jwk_operator.apinizer.answers import Answer, EnvironmentEntry, Verdict
from jwk_operator.reconcile.conclude import conclude
from jwk_operator.reconcile.connection_status import ConnectionFacts, Probe, render_connection
from jwk_operator.reconcile.decide import decide
from jwk_operator.reconcile.render import render
from jwk_operator.reconcile.state import Amend, Disclaim, Facts, Problem, Report

Object = dict[str, Any]

GENERATION = 1
"""Generation of an object that nobody has changed."""


@dataclass(frozen=True, slots=True)
class State:
    """An object with the status that goes with a reason."""

    kind: str
    reason: str
    object: Object
    when: str = ""
    """Tells apart states of one reason, of which Ready says different things."""

    @property
    def conditions(self) -> dict[str, Object]:
        """The conditions by type."""
        return {item["type"]: item for item in self.object["status"]["conditions"]}

    @property
    def name(self) -> str:
        """The object's name: kind and reason in small letters."""
        return str(self.object["metadata"]["name"])


def jwk_states() -> list[State]:
    """Return a JWK for each reason, in the order of the reasons; several where Ready can say different things."""
    found: dict[Reason, State] = {}
    for known, report in _reports():
        found.setdefault(report.reason, _jwk(known.resource, report))
    states = [found[reason] for reason in Reason]
    place = states.index(found[Reason.SUSPENDED]) + 1
    states[place:place] = _suspended(found[Reason.DEPLOYED])
    return states


def _suspended(deployed: State) -> Iterator[State]:
    """Yield the JWKs of which Ready says something else than of one that was not ready before it was suspended."""
    known = owned(spec={"suspend": True})
    resource = replace(known.resource, status=JWKStatus.model_validate(deployed.object["status"]))
    before = {"was ready": replace(known, resource=resource), "from its creation on": new(spec={"suspend": True})}
    for when, facts in before.items():
        report = decide(facts)
        if not isinstance(report, Report):
            raise TypeError(f"a suspended resource is told of: {report}")
        yield _variant(_jwk(facts.resource, report), when)


def _variant(state: State, when: str) -> State:
    metadata = {**state.object["metadata"], "name": f"{state.name}-{when.replace(' ', '-')}"}
    return replace(state, object={**state.object, "metadata": metadata}, when=when)


def _reports() -> Iterator[tuple[Facts, Report]]:
    for situations in STATES.values():
        for _, known in situations:
            decision = decide(known)
            report = decision.report if isinstance(decision, Disclaim | Amend) else decision
            if isinstance(report, Report):
                yield known, report
    for _, call, known in CALLS:
        for _, answer in ANSWERS:
            concluded = conclude(call, known, answer).report
            if concluded is not None:
                yield known, concluded
    held = new(listed=problem(Reason.CIRCUIT_OPEN))
    decision = decide(held)
    if isinstance(decision, Report):
        yield held, decision


def _jwk(resource: Resource, report: Report) -> State:
    status = render(replace(resource, generation=GENERATION), report, NOW)
    spec: Object = {"sourceType": "URL", "url": "https://idp.example.com/jwks"}
    if report.reason is Reason.SUSPENDED:
        spec["suspend"] = True
    shown = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    state = _state("JWK", report.reason.value, spec, shown)
    if resource.deleting:
        state.object["metadata"] |= {"finalizers": [FINALIZER], "deletionTimestamp": NOW.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return state


def connection_states(kind: str) -> list[State]:
    """Return a connection of a kind for each reason, in their order; two where Ready can say different things."""
    spec: Object = {"baseUrl": "https://apinizer.example.com", "projectName": "project"}
    reference = {"name": "apinizer", **({"namespace": "platform"} if kind.startswith("Cluster") else {})}
    spec["auth"] = {"tokenSecretRef": reference}
    if kind.startswith("Cluster"):
        spec["allowedNamespaces"] = {"names": ["team-a"]}
    states = []
    for reason in ConnectionReason:
        facts = _connection_facts(reason)
        states.append(_connection(kind, reason, spec, facts))
        if reason is ConnectionReason.NOT_PROBED:
            nothing = replace(facts, project=None, askable=False)
            without = {name: value for name, value in spec.items() if name != "projectName"}
            states.append(_variant(_connection(kind, reason, without, nothing), "no project known"))
    return states


def _connection(kind: str, reason: ConnectionReason, spec: Object, facts: ConnectionFacts) -> State:
    status = render_connection(ApinizerConnectionStatus.model_validate({}), facts)
    return _state(kind, reason.value, spec, status.model_dump(mode="json", by_alias=True, exclude_none=True))


def _connection_facts(reason: ConnectionReason) -> ConnectionFacts:
    base = ConnectionFacts(GENERATION, NOW, 1, "project", "Secret platform/apinizer")
    answers = {
        ConnectionReason.FORBIDDEN: Answer(Verdict.FORBIDDEN, "You do not have permission", 403),
        ConnectionReason.PROJECT_NOT_FOUND: Answer(Verdict.PROJECT_MISSING, "Project(project) was not found", 404),
        ConnectionReason.UNREACHABLE: Answer(Verdict.UNREACHABLE, "the manager did not answer in time"),
        ConnectionReason.SERVER_ERROR: Answer(Verdict.SERVER_ERROR, "An unexpected error occurred", 500),
        ConnectionReason.RATE_LIMITED: Answer(Verdict.RATE_LIMITED, "Apinizer asks to slow down", 429),
    }
    match reason:
        case ConnectionReason.CONNECTED:
            return replace(base, probe=Probe("project", (EnvironmentEntry("production"),), NOW))
        case ConnectionReason.NOT_PROBED:
            return base
        case ConnectionReason.UNAUTHORIZED:
            return replace(base, held=Answer(Verdict.UNAUTHORIZED, "Token is invalid or expired", 401))
        case ConnectionReason.CIRCUIT_OPEN:
            return replace(base, held=Answer(Verdict.CIRCUIT_OPEN, "the manager refuses connections"))
        case _ if reason in answers:
            return replace(base, probe=Probe("project", answers[reason], NOW))
        case _:
            return replace(base, problem=Problem(Reason(reason.value), "What the message says."))


def _state(kind: str, reason: str, spec: Object, status: Object) -> State:
    metadata: Object = {"name": f"{kind}-{reason}".lower(), "generation": GENERATION}
    if not kind.startswith("Cluster"):
        metadata["namespace"] = "team-a"
    document = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec, "status": status}
    return State(kind, reason, document)


def without_status(state: State) -> State:
    """Return an object as it is before the operator has seen it."""
    document = {name: value for name, value in state.object.items() if name != "status"}
    metadata = {**document["metadata"], "name": f"{state.kind}-new".lower()}
    return replace(state, reason="", object={**document, "metadata": metadata})


def outdated(state: State) -> State:
    """Return an object whose status speaks of an older generation."""
    metadata = {**state.object["metadata"], "name": f"{state.kind}-outdated".lower(), "generation": GENERATION + 1}
    return replace(state, object={**state.object, "metadata": metadata})
