"""The create protocol against a model of a project: whatever fails or interferes, there is one JWK, and it is ours."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwk_operator.api.base import CLAIM_ANNOTATION, FINALIZER, REMOTE_ANNOTATION
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.apinizer.answers import Answer, Deployment, EnvironmentOutcome, Verdict
from jwk_operator.kube.jwks import read, trim
from jwk_operator.reconcile.conclude import conclude, problem_of
from jwk_operator.reconcile.decide import decide
from jwk_operator.reconcile.keymaterial import inspect_key
from jwk_operator.reconcile.render import render, status_patch
from jwk_operator.reconcile.state import (
    Call,
    Cause,
    Conclusion,
    Create,
    Delete,
    Disclaim,
    Facts,
    LetGo,
    Listed,
    Look,
    MakeClaim,
    Ready,
    Report,
    Rest,
    Update,
)
from unit.builders import CREDENTIAL, NOW, TARGET, UID
from unit.keys import EC_PUBLIC
from unit.merge import merged


class Fault(Enum):
    """What may happen to one pass."""

    NONE = auto()
    CRASH_BEFORE_CLAIM = auto()
    CRASH_AFTER_CLAIM = auto()
    EDIT_AFTER_CLAIM = auto()
    FOREIGN_AFTER_LIST = auto()
    CRASH_AFTER_CALL = auto()
    CRASH_BEFORE_STATUS = auto()
    """After finalizer and claim were given back, where they were."""
    LOST_REQUEST = auto()
    LOST_ANSWER = auto()
    ERROR_BUT_DONE = auto()
    SERVER_ERROR = auto()
    RATE_LIMITED = auto()
    FORBIDDEN = auto()
    REJECTED = auto()
    ENVIRONMENT_FAILS = auto()
    NO_LIST = auto()


class Move(Enum):
    """What may happen between passes."""

    DESCRIBE = auto()
    RESOURCE_SOURCE = auto()
    FOREIGN_COMES = auto()
    FOREIGN_GOES = auto()
    SOMEBODY_DELETES = auto()
    REQUEST = auto()


class CrashError(Exception):
    """The process died."""


_NOT_DONE = {
    Fault.LOST_REQUEST: Answer(Verdict.UNREACHABLE, "no answer"),
    Fault.SERVER_ERROR: Answer(Verdict.SERVER_ERROR, "an error", 500),
    Fault.RATE_LIMITED: Answer(Verdict.RATE_LIMITED, "slowly", 429, retry_after=5),
    Fault.FORBIDDEN: Answer(Verdict.FORBIDDEN, "no", 403),
    Fault.REJECTED: Answer(Verdict.REJECTED, "no", 400),
}
_DONE = {
    Fault.LOST_ANSWER: Answer(Verdict.UNREACHABLE, "no answer"),
    Fault.ERROR_BUT_DONE: Answer(Verdict.SERVER_ERROR, "an error", 500),
}


@dataclass
class World:
    """One resource, one project, and an operator that keeps nothing between two passes."""

    raw: dict[str, Any]
    project: dict[str, tuple[str, RemoteEntry]] = field(default_factory=dict)
    now: Any = NOW
    counter: Iterator[int] = field(default_factory=itertools.count)
    writes: int = 0
    alive: bool = True

    # --- Apinizer ------------------------------------------------------------------------------------------

    def foreign_comes(self) -> None:
        self.project.setdefault(TARGET.name, ("somebody", RemoteEntry("theirs", "KEYSTORE", None, "RSA", "x")))

    def foreign_goes(self) -> None:
        if self.project.get(TARGET.name, ("", None))[0] == "somebody":
            del self.project[TARGET.name]

    def _serve(self, call: Call) -> Answer:
        owner, entry = self.project.get(call.target.name, ("", None))
        if isinstance(call, Create):
            if entry is not None:
                return Answer(Verdict.EXISTS, "already exist", 400)
            assert FINALIZER in self.raw["metadata"]["finalizers"], "created without a record of it"
            self.project[call.target.name] = ("us", self._entry())
            return Answer(Verdict.OK, http_status=200)
        if entry is None:
            return Answer(Verdict.MISSING, "is not found", 400)
        assert owner == "us", f"{call} changed what is somebody else's"
        if isinstance(call, Update):
            self.project[call.target.name] = (owner, replace(entry, description=call.description))
        else:
            del self.project[call.target.name]
        return Answer(Verdict.OK, http_status=200)

    def _entry(self) -> RemoteEntry:
        spec = self.raw["spec"]
        shown = ("EC", None) if spec["sourceType"] == "COPY_PASTE" else ("EC", "k1")
        return RemoteEntry(spec.get("description", ""), spec["sourceType"], spec.get("url"), *shown)

    # --- the API server ------------------------------------------------------------------------------------------

    def edit(self, **fields: Any) -> None:
        self.raw["spec"] |= fields
        self.raw["metadata"]["generation"] += 1

    def _write_claim(self, finalizers: list[str], remote: str | None, claim: str | None) -> None:
        metadata = self.raw["metadata"]
        metadata["finalizers"] = finalizers
        annotations = {REMOTE_ANNOTATION: remote, CLAIM_ANNOTATION: claim}
        metadata["annotations"] = merged(metadata["annotations"], annotations)
        if "deletionTimestamp" in metadata and not finalizers:
            self.alive = False

    def delete(self) -> None:
        self.raw["metadata"]["deletionTimestamp"] = "2027-01-01T00:00:00Z"
        self.raw["metadata"]["generation"] += 1
        self.alive = bool(self.raw["metadata"]["finalizers"])

    # --- the operator ------------------------------------------------------------------------------------------

    def run(self, cause: Cause, fault: Fault) -> bool:
        """Make one pass; return whether it sent or wrote anything."""
        before = self.writes
        facts = Facts(read(trim(self.raw)), self.now, 0.5, cause, target=TARGET)
        try:
            self._pass(facts, fault)
        except CrashError:
            self.writes += 1
        return self.writes != before

    def _pass(self, facts: Facts, fault: Fault) -> None:
        for _ in range(12):
            match decision := decide(facts):
                case Look():
                    facts = self._look(facts, decision, fault)
                case MakeClaim():
                    facts = self._claim(facts, decision, fault)
                case Create() | Update() | Delete():
                    return self._finish(facts, conclude(decision, facts, self._send(decision, fault)), fault)
                case LetGo():
                    return self._finish(facts, Conclusion(let_go=True), fault)
                case Disclaim(report):
                    return self._finish(facts, Conclusion(report, disclaim=True), fault)
                case Report():
                    return self._finish(facts, Conclusion(decision), fault)
                case Rest():
                    return None
        raise AssertionError("a pass without an end")

    def _look(self, facts: Facts, wanted: Look, fault: Fault) -> Facts:
        if wanted.client or wanted.listed:
            facts = replace(facts, client=Ready(CREDENTIAL))
        if wanted.key:
            facts = replace(facts, key=inspect_key(self.raw["spec"]["jwkStr"], None))
        if wanted.listed:
            entry = self.project.get(TARGET.name, ("", None))[1]
            lost = problem_of(facts, Answer(Verdict.UNREACHABLE, "no answer"))
            facts = replace(
                facts, listed=lost if fault is Fault.NO_LIST else Listed({TARGET.name: entry} if entry else {})
            )
        # while a resource goes, nothing lies between the list and a delete call but the call itself
        if wanted.listed and fault is Fault.FOREIGN_AFTER_LIST and not facts.resource.deleting:
            self.foreign_comes()
        return facts

    def _claim(self, facts: Facts, decision: MakeClaim, fault: Fault) -> Facts:
        if fault is Fault.CRASH_BEFORE_CLAIM:
            raise CrashError
        first = facts.resource.claim is None
        self.writes += 1
        self._write_claim([FINALIZER], decision.claim.remote.encode(), decision.claim.encode())
        if fault is Fault.CRASH_AFTER_CLAIM:
            raise CrashError
        facts = replace(facts, resource=read(trim(self.raw)), claimed_now=first)
        if fault is Fault.EDIT_AFTER_CLAIM:
            self.edit(description=f"meanwhile {next(self.counter)}")
            raise CrashError
        return facts

    def _send(self, call: Call, fault: Fault) -> Answer:
        self.writes += 1
        if fault in _NOT_DONE:
            return _NOT_DONE[fault]
        answer = self._serve(call)
        if fault is Fault.CRASH_AFTER_CALL:
            raise CrashError
        if answer.verdict is Verdict.OK and fault in _DONE:
            return _DONE[fault]
        fails = fault is Fault.ENVIRONMENT_FAILS
        return replace(answer, deployment=Deployment(not fails, "", (EnvironmentOutcome("prod", not fails, ""),)))

    def _finish(self, facts: Facts, conclusion: Conclusion, fault: Fault) -> None:
        if conclusion.let_go or conclusion.disclaim:
            self.writes += 1
            self._write_claim([], None, None)
        if fault is Fault.CRASH_BEFORE_STATUS:
            raise CrashError
        if conclusion.report is None or not self.alive:
            return
        patch = status_patch(self.raw["status"], render(facts.resource, conclusion.report, facts.now))
        if patch:
            self.writes += 1
            self.raw["status"] = merged(self.raw["status"], json.loads(json.dumps(patch)))

    def settle(self) -> None:
        """Without faults, wait and look until nothing more happens."""
        self.run(Cause.DEPENDENCY, Fault.NONE)
        for _ in range(12):
            self.now += timedelta(minutes=10)
            quiet = not self.alive or not any(
                self.run(cause, Fault.NONE) for cause in Cause if cause is not Cause.DEPENDENCY
            )
            if quiet:
                return
        raise AssertionError(f"never quiet: {self.raw['status']}")


SPECS: list[dict[str, Any]] = [
    {"sourceType": "URL", "url": "https://one"},
    {"sourceType": "URL", "url": "https://one", "description": "mine", "redeployPolicy": "Always"},
    {"sourceType": "COPY_PASTE", "jwkStr": EC_PUBLIC, "description": "mine"},
]


def a_world(spec: dict[str, Any]) -> World:
    metadata = {
        "name": "signing",
        "namespace": "team",
        "uid": UID,
        "generation": 1,
        "finalizers": [],
        "annotations": {},
    }
    return World({"metadata": metadata, "spec": dict(spec), "status": {}})


def move(world: World, what: Move) -> None:
    number = next(world.counter)
    match what:
        case Move.DESCRIBE:
            world.edit(description=f"text {number}")
        case Move.RESOURCE_SOURCE if not world.raw["status"].get("remote") and world.raw["spec"]["sourceType"] == "URL":
            world.edit(url=f"https://other/{number}")
        case Move.FOREIGN_COMES if not world.raw["status"].get("remote"):
            world.foreign_comes()
        case Move.FOREIGN_GOES:
            world.foreign_goes()
        case Move.SOMEBODY_DELETES if world.project.get(TARGET.name, ("", None))[0] == "us":
            del world.project[TARGET.name]
        case Move.REQUEST:
            world.raw["metadata"]["annotations"]["apiops.apinizer.com/reconcile-requested-at"] = f"{number}"
        case _:
            pass


PASSES = st.tuples(st.sampled_from(Cause), st.sampled_from(Fault), st.sampled_from([0, 600]))
STORY = st.lists(PASSES | st.sampled_from(Move), max_size=14)


def play(world: World, story: list[tuple[Cause, Fault, int] | Move]) -> None:
    for step in story:
        if isinstance(step, Move):
            move(world, step)
            continue
        cause, fault, seconds = step
        world.now += timedelta(seconds=seconds)
        if world.alive:
            world.run(cause, fault)


@settings(max_examples=300)
@given(st.sampled_from(SPECS), STORY, STORY)
def test_there_is_one_jwk_it_is_ours_and_it_goes_with_the_resource(
    spec: dict[str, Any], story: list[tuple[Cause, Fault, int] | Move], end: list[tuple[Cause, Fault, int] | Move]
) -> None:
    world = a_world(spec)
    play(world, story)
    foreign = world.project.get(TARGET.name, ("", None))[0] == "somebody"
    world.settle()
    owner = world.project.get(TARGET.name, ("nobody", None))[0]
    ready = next(item for item in world.raw["status"]["conditions"] if item["type"] == "Ready")
    assert ready["status"] == "True" or ready["reason"] in ("NameConflict", "ReplacementRequired", "DeploymentFailed")
    assert owner == ("somebody" if foreign else "us")
    assert (owner == "us") == bool(world.raw["metadata"]["finalizers"])

    world.delete()
    play(world, [step for step in end if not isinstance(step, Move)])
    if world.alive:
        world.settle()
    assert not world.alive
    assert world.project.get(TARGET.name, ("nobody", None))[0] != "us"


@pytest.mark.parametrize("spec", SPECS, ids=["linked", "redeployed", "pasted"])
@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name)
def test_any_fault_in_the_first_pass_is_got_over(spec: dict[str, Any], fault: Fault) -> None:
    world = a_world(spec)
    world.run(Cause.START, fault)
    world.foreign_goes()
    world.settle()
    assert world.project[TARGET.name][0] == "us"
