"""A connection that names another address: the same manager under another name, or another one with JWKs of others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jwk_operator.api.names import Claim, address_digest
from jwk_operator.api.reasons import Reason
from jwk_operator.reconcile.decide import decide
from jwk_operator.reconcile.state import (
    Cause,
    Create,
    Delete,
    Disclaim,
    Facts,
    LetGo,
    Look,
    MakeClaim,
    Report,
    Rest,
    Update,
)
from unit.builders import TARGET, claimed, listed, looked, owned
from unit.decide_cases import EXISTS

OLD, NEW = "https://old.example", "https://new.example"


def claim_of(facts: Facts) -> Claim:
    claim = facts.resource.claim
    assert claim is not None
    return claim


def moved(facts: Facts) -> Facts:
    """The same facts, with a claim made at the old address and a connection that now names the new one."""
    claim = replace(claim_of(facts), address=address_digest(OLD))
    resource = replace(facts.resource, claim=claim)
    return replace(facts, resource=resource, address=NEW, cause=Cause.DEPENDENCY)


def going(**known: Any) -> Facts:
    """The same for a resource that is being deleted."""
    return moved(owned(resource={"deleting": True}, remote={"kid": "k1"}, **known))


def test_the_list_is_read_before_anything_else() -> None:
    assert decide(moved(owned())) == Look(listed=True)
    assert decide(moved(owned(spec={"description": "new"}))) == Look(listed=True)
    assert decide(going(**looked())) == LetGo()


def test_the_same_manager_under_another_name_is_recognised() -> None:
    facts = moved(listed(owned(remote={"kid": "k1"})))
    decision = decide(facts)
    assert decision == MakeClaim(replace(claim_of(facts), address=address_digest(NEW)))
    assert isinstance(decision, MakeClaim)
    settled = replace(facts, resource=replace(facts.resource, claim=decision.claim))
    assert isinstance(decide(settled), Report)
    assert decide(listed(going())) == Delete(TARGET)


@pytest.mark.parametrize("differs", [{"kid": "theirs"}, {"description": "theirs"}, {"source_type": "COPY_PASTE"}])
def test_a_jwk_of_somebody_else_there_is_left_alone(differs: dict[str, str]) -> None:
    decision = decide(moved(listed(owned(remote={"kid": "k1"}), **differs)))
    assert isinstance(decision, Disclaim)
    assert decision.report.reason is Reason.NAME_CONFLICT
    assert decision.report.message == EXISTS
    assert (decision.report.remote, decision.report.deployed) == (None, False)
    gone = decide(listed(going(), **differs))
    assert isinstance(gone, LetGo)
    assert [note.reason for note in gone.notes] == ["Drifted"]


def test_it_is_created_anew_where_it_is_not() -> None:
    decision = decide(moved(owned(**looked())))
    assert isinstance(decision, Report)
    assert (decision.reason, decision.remote, decision.delay) == (Reason.MISSING_REMOTELY, None, 0)


def test_an_unsettled_claim_owns_nothing_at_another_address() -> None:
    assert isinstance(decide(moved(listed(claimed()))), Disclaim)
    absent = decide(moved(claimed(**looked())))
    assert isinstance(absent, MakeClaim)
    assert absent.claim.address == address_digest(NEW)


def test_a_claim_at_the_same_address_is_no_news() -> None:
    facts = moved(owned())
    here = replace(claim_of(facts), address=address_digest(NEW))
    same = replace(facts, resource=replace(facts.resource, claim=here), cause=Cause.EVENT)
    assert not isinstance(decide(same), (Look, Create, Update, MakeClaim))
    assert decide(same) == Rest()
