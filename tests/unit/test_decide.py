"""Every branch of the decision, and every reason that it or the conclusion can report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jwk_operator.api.reasons import EXPLANATIONS, Reason
from jwk_operator.reconcile.decide import decide
from jwk_operator.reconcile.state import Decision, Disclaim, Facts, Report
from unit.adoption_cases import ADOPTIONS, GENERATED
from unit.builders import a_resource, a_spec, facts_of
from unit.conclude_cases import CONCLUSIONS
from unit.decide_cases import LIVING
from unit.deletion_cases import DELETIONS
from unit.owned_cases import OWNED
from unit.readonly_cases import READING

ALL = [
    *LIVING,
    *((f"owned: {name}", facts, decision) for name, facts, decision in OWNED),
    *((f"adoption: {name}", facts, decision) for name, facts, decision in ADOPTIONS),
    *((f"generated: {name}", facts, decision) for name, facts, decision in GENERATED),
    *READING,
    *DELETIONS,
]

NOT_HERE = {
    Reason.REPLACING: "test_replacing.py has its cases",
    Reason.CIRCUIT_OPEN: "the gate answers so: test_circuit_and_gate.py, tests/faults/test_outages.py",
}


@pytest.mark.parametrize(("facts", "expected"), [pytest.param(*rest, id=name) for name, *rest in ALL])
def test_decision(facts: Facts, expected: Decision) -> None:
    assert decide(facts) == expected


def test_names_of_cases_are_distinct() -> None:
    assert len({name for name, *_ in ALL}) == len(ALL)


def test_a_known_target_is_what_a_decision_rests_on() -> None:
    facts = replace(facts_of(a_resource(a_spec())), target=None)
    with pytest.raises(AssertionError, match="an unreadable spec or an unknown target is reported before"):
        decide(facts)


def _reported() -> set[Reason]:
    decided = [item.report if isinstance(item, Disclaim) else item for _, _, item in ALL]
    concluded = [row.conclusion.report for row in CONCLUSIONS]
    return {item.reason for item in (*decided, *concluded) if isinstance(item, Report)}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_case(reason: Reason) -> None:
    assert (reason in _reported()) != (reason in NOT_HERE), EXPLANATIONS[reason].meaning
