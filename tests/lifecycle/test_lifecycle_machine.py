"""Stories that nobody thought of: whatever users, others, faults and crashes do in whatever order, the promises hold.

`make test` plays the same stories each time; `make soak` plays new ones, SOAK_EXAMPLES of them. A failure prints the
shortest story that fails as a program: it belongs into test_lifecycle_examples.py, where it stays.
"""

from __future__ import annotations

import os
import sys
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from jwk_operator.reconcile.state import Cause
from lifecycle.gate import Stop
from lifecycle.specs import SecretContent, Source
from lifecycle.stage import ENVIRONMENTS, KEYS, Stage
from lifecycle.world import SLOTS, WISHES, World

SOAK = int(os.environ.get("SOAK_EXAMPLES", "0"))
EXAMPLES, STEPS = 200, 25
PHASES = [Phase.generate] + [Phase.shrink] * ("SOAK_FAST" not in os.environ)
"""SOAK_FAST shows the first failure as it is, without the minutes that it takes to find the shortest story."""

FOLLOW = st.sampled_from(["", "pass", "pass", "work", "work", "work", "hold", "crash", "crash"])
"""What the operator does after a move of a user."""
NUMBERS = st.integers(0, len(KEYS) - 1)
KINDS = ["url", "pasted", "pasted", "secret", "certificate", "generated"]
SOURCES = st.builds(Source, st.sampled_from(KINDS), NUMBERS)
CONTENTS = st.none() | st.builds(SecretContent, st.none() | NUMBERS)
CALLS = st.sampled_from(["create", "update", "delete", "list", None])
STOPS = st.builds(Stop, st.integers(1, 9), st.sampled_from(["before", "after"]))
PLACES = st.integers(0, 5)
"""Which of one, two or three, each as often."""
CAUSES = st.sampled_from(Cause)

FAULTS: dict[str, dict[str, Any]] = {
    "request lost": {"kind": "drop", "act": False},
    "answer lost": {"kind": "drop", "act": True},
    "answer cut off": {"kind": "truncate"},
    "answer of a proxy": {"kind": "garbage"},
    "error, not done": {"kind": "status", "status": 500},
    "error, but done": {"kind": "status", "status": 500, "act": True},
    "too many requests": {"kind": "rate_limit", "retry_after": 30},
    "rejected": {"kind": "status", "status": 400, "body": {"error": "bad_request", "error_description": "No!"}},
    "unauthorized": {"kind": "status", "status": 401, "body": {"error": "invalid_token"}},
    "forbidden": {"kind": "status", "status": 403, "body": {"error": "forbidden"}},
    "an environment fails": {"kind": "environment", "environmentName": ENVIRONMENTS[0]},
}

_UPDATES: list[dict[str, Any]] = [
    {"updatePolicy": "Immutable", "replacement": None},
    {"updatePolicy": "Replace"},
    {"updatePolicy": "Replace", "replacement": None},
    {"updatePolicy": "Replace", "replacement": {"keepOldFor": "20m"}},
]
POLICIES = st.one_of(
    st.sampled_from(["Auto", "Always", "Never"]).map(lambda value: {"redeployPolicy": value}),
    st.sampled_from(["Delete", "Retain"]).map(lambda value: {"deletionPolicy": value}),
    st.booleans().map(lambda value: {"suspend": value}),
    st.sampled_from([None, [], ENVIRONMENTS[:1], list(ENVIRONMENTS)]).map(
        lambda value: {"requiredEnvironments": value}
    ),
    st.sampled_from(_UPDATES),
    st.sampled_from(["Never", "IfMatching"]).map(lambda value: {"adoptionPolicy": value}),
)


def _chosen(slots: list[str], place: int) -> str | None:
    return slots[place % len(slots)] if slots else None


class Lifecycle(RuleBasedStateMachine):
    """Each rule is one move in the world.

    What is drawn depends on nothing that happened: uids and creation times are the API server's, so that the same moves
    may end with other resources, and hypothesis would have to give up. A move that makes no sense now is none.
    """

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.stage)

    def some_slot(self, place: int) -> str | None:
        """Choose one of the resources that exist, if any does."""
        return _chosen(self.world.living(), place)

    # --- users ---------------------------------------------------------------------------------------------------

    def follow(self, slot: str, then: str, stop: Stop) -> None:
        """Have the operator do something about a resource."""
        match then:
            case "pass":
                self.world.make_pass(slot, Cause.EVENT)
            case "work":
                self.world.work(60)
            case "hold" | "crash":
                self.world.make_pass(slot, Cause.EVENT, stop)
                if then == "crash":
                    self.world.crash()

    @initialize(source=SOURCES, described=st.booleans(), policy=POLICIES, update=st.sampled_from(_UPDATES))
    def begin(self, source: Source, described: bool, policy: dict[str, Any], update: dict[str, Any]) -> None:
        self._create("a", "x", source, described, {**policy, **update})
        self.world.work(60)

    @rule(
        place=PLACES,
        rivals=st.sampled_from([False, False, True]),
        source=SOURCES,
        described=st.booleans(),
        policy=POLICIES,
        then=FOLLOW,
        stop=STOPS,
    )
    def create(
        self,
        place: int,
        rivals: bool,
        source: Source,
        described: bool,
        policy: dict[str, Any],
        then: str,
        stop: Stop,
    ) -> None:
        slot = _chosen([slot for slot in SLOTS if slot not in self.world.living()], place)
        if slot:
            self._create(slot, WISHES[0 if rivals else SLOTS.index(slot)], source, described, policy)
            self.follow(slot, then, stop)

    def _create(self, slot: str, wish: str, source: Source, described: bool, policy: dict[str, Any]) -> None:
        description = self.world.new_text() if described else None
        self.world.create(slot, wish, source, description=description, **policy)
        if source.kind == "secret":
            self.world.put_secret(SecretContent(source.number), slot == SLOTS[-1])

    @rule(place=PLACES, kind=st.sampled_from(["new", "none", "empty"]), then=FOLLOW, stop=STOPS)
    def describe(self, place: int, kind: str, then: str, stop: Stop) -> None:
        texts: dict[str, str | None] = {"new": self.world.new_text(), "none": None, "empty": ""}
        if slot := self.some_slot(place):
            self.world.edit(slot, description=texts[kind])
            self.follow(slot, then, stop)

    @rule(place=PLACES, source=SOURCES, update=st.sampled_from(_UPDATES), then=FOLLOW, stop=STOPS)
    def resource(self, place: int, source: Source, update: dict[str, Any], then: str, stop: Stop) -> None:
        if slot := self.some_slot(place):
            self.world.resource(slot, source, **update)
            self.follow(slot, then, stop)

    @rule(place=PLACES, policy=POLICIES)
    def change_policy(self, place: int, policy: dict[str, Any]) -> None:
        if slot := self.some_slot(place):
            self.world.edit(slot, **policy)

    @rule(place=PLACES)
    def request(self, place: int) -> None:
        if slot := self.some_slot(place):
            self.world.request(slot)

    @rule(place=PLACES, then=FOLLOW, stop=STOPS)
    def delete(self, place: int, then: str, stop: Stop) -> None:
        if slot := self.some_slot(place):
            self.world.delete(slot)
            self.follow(slot, then, stop)

    @rule(content=CONTENTS, namespace=st.integers(0, 1))
    def put_secret(self, content: SecretContent | None, namespace: int) -> None:
        self.world.put_secret(content, namespace)

    @rule(namespace=st.integers(0, 1))
    def reconnect(self, namespace: int) -> None:
        self.world.reconnect(namespace)

    # --- others ---------------------------------------------------------------------------------------------------

    @rule(wish=st.sampled_from(WISHES))
    def somebody_describes(self, wish: str) -> None:
        self.world.somebody_describes(wish)

    @rule(wish=st.sampled_from(WISHES))
    def somebody_deletes(self, wish: str) -> None:
        self.world.somebody_deletes(wish)

    @rule(wish=st.sampled_from([*WISHES, "elsewhere"]), number=NUMBERS)
    def foreign_comes(self, wish: str, number: int) -> None:
        if self.world.can_be_told(wish, number):
            self.world.foreign_comes(wish, number)

    @rule(place=PLACES)
    def lookalike_comes(self, place: int) -> None:
        if slot := self.some_slot(place):
            self.world.lookalike_comes(slot)

    # --- faults ---------------------------------------------------------------------------------------------------

    @rule(what=st.sampled_from(list(FAULTS)), call=CALLS, times=st.integers(1, 2))
    def fault(self, what: str, call: str | None, times: int) -> None:
        self.world.fault(call=call, times=times, **FAULTS[what])

    @rule(name=st.sampled_from(ENVIRONMENTS), failing=st.booleans())
    def environment(self, name: str, failing: bool) -> None:
        self.world.environment(name, failing=failing)

    @rule(moment=st.sampled_from(["before", "after"]))
    def api_server_fails(self, moment: Any) -> None:
        self.world.api_server_fails(moment)

    # --- the operator ---------------------------------------------------------------------------------------------

    @rule(place=PLACES, cause=CAUSES, informed=st.booleans())
    def make_pass(self, place: int, cause: Cause, informed: bool) -> None:
        if slot := self.some_slot(place):
            self.world.make_pass(slot, cause, informed=informed)

    @rule(place=PLACES, cause=CAUSES, stop=STOPS, informed=st.booleans())
    def hold(self, place: int, cause: Cause, stop: Stop, informed: bool) -> None:
        if slot := self.some_slot(place):
            self.world.make_pass(slot, cause, stop, informed=informed)

    @rule(place=PLACES, stop=STOPS)
    def crash_in_a_pass(self, place: int, stop: Stop) -> None:
        if slot := self.some_slot(place):
            self.world.make_pass(slot, Cause.EVENT, stop)
            self.world.crash()

    @rule()
    def go_on(self) -> None:
        self.world.go_on()

    @rule()
    def overlap(self) -> None:
        self.world.overlap()

    @rule()
    def older_goes_on(self) -> None:
        self.world.older_goes_on()

    @rule()
    def crash(self) -> None:
        self.world.crash()

    @rule(seconds=st.sampled_from([1, 20, 700]))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)

    @rule(seconds=st.sampled_from([0, 5, 60, 700]))
    def work(self, seconds: int) -> None:
        self.world.work(seconds)

    # --- the end ---------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Play the end unless the story has failed before, and leave nothing behind in any case."""
        try:
            if sys.exc_info()[0] is None:
                self.world.finish()
        finally:
            self.world.clean_up()


@pytest.mark.timeout(0 if SOAK else 1200)
def test_whatever_happens_the_promises_hold(stage: Stage) -> None:
    Lifecycle.stage = stage
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=SOAK or EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=not SOAK,
            database=None,
            deadline=None,
            print_blob=True,
            phases=PHASES,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
