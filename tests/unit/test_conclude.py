"""What follows from the answer to a call."""

from __future__ import annotations

import itertools

import pytest

from jwk_operator.apinizer.answers import Answer, Deployment, EnvironmentOutcome, Verdict
from jwk_operator.reconcile.conclude import conclude, deployment_status, problem_of
from jwk_operator.reconcile.state import Create, Delete, Update
from unit.builders import EARLIER, NOW, TARGET, a_resource, facts_of, outcomes
from unit.conclude_cases import CONCLUSIONS, Row


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{type(row.call).__name__}: {row.name}") for row in CONCLUSIONS])
def test_conclusion(row: Row) -> None:
    assert conclude(row.call, row.facts, row.answer) == row.conclusion


def test_every_verdict_on_every_call_has_a_case() -> None:
    covered = {(type(row.call), row.answer.verdict) for row in CONCLUSIONS}
    assert covered == set(itertools.product((Create, Update, Delete), Verdict)) - {
        (call, Verdict.CIRCUIT_OPEN) for call in (Create, Update, Delete)
    }, "nothing is concluded from a call that was not sent"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            Answer(Verdict.UNAUTHORIZED),
            "Apinizer does not accept the token of the connection's Secret; put a valid one there.",
        ),
        (Answer(Verdict.SERVER_ERROR, "Odd."), "Apinizer failed: Odd."),
        (
            Answer(Verdict.PROJECT_MISSING),
            'Project "shop" cannot be used; correct its name, or give the account access to it.',
        ),
    ],
    ids=lambda value: value.verdict.name if isinstance(value, Answer) else "",
)
def test_problem_without_an_explanation(answer: Answer, message: str) -> None:
    assert problem_of(facts_of(a_resource(None)), answer).message == message


def test_no_call_but_a_delete_is_made_for_an_unreadable_spec() -> None:
    with pytest.raises(AssertionError, match="no call but a delete"):
        conclude(Create(TARGET), facts_of(a_resource(None)), Answer(Verdict.OK))


def test_an_outcome_that_stays_keeps_its_time() -> None:
    earlier = deployment_status(_told(prod=True, test=False), outcomes(), EARLIER)
    later = deployment_status(_told(prod=True, test=True, dr=True), earlier, NOW)
    times = {item.environment_name: item.last_transition_time for item in later.environment_results or ()}
    assert times == {"prod": EARLIER, "test": NOW, "dr": NOW}


def _told(**environments: bool) -> Deployment:
    return Deployment(True, "", tuple(EnvironmentOutcome(name, done, "") for name, done in environments.items()))
