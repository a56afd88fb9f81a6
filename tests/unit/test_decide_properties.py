"""What holds of every decision, whatever the facts are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hypothesis import assume, given
from hypothesis import strategies as st

from jwk_operator.api.names import source_digest, visible_digest
from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.api.status import JWKStatus
from jwk_operator.reconcile.decide import decide
from jwk_operator.reconcile.keymaterial import KeyFacts
from jwk_operator.reconcile.state import (
    Cause,
    Create,
    Decision,
    Delete,
    Facts,
    Listed,
    Look,
    MakeClaim,
    Rest,
    Update,
)
from strategies import TIMES, facts, likely_facts
from unit.builders import NOW, a_status


def _entry_is_claimed(known: Facts) -> bool:
    claim, entry = known.resource.claim, known.entry
    if claim is None or entry is None:
        return False
    seen = (entry.source_type, entry.source_url, entry.description)
    about_key = ((entry.type, entry.kid), (entry.type, None), (None, None))
    return claim.visible in {visible_digest(*seen, *key) for key in about_key}


ANY = facts() | likely_facts()


@given(ANY)
def test_steps_rest_on_what_is_known(known: Facts) -> None:
    decision = decide(known)
    match decision:
        case Create():
            _check_create(known, decision)
        case Update():
            _check_update(known, decision)
        case Delete():
            _check_delete(known, decision)
        case MakeClaim():
            assert isinstance(known.listed, Listed)
            lost_its_records = known.resource.claim is None and known.resource.status.remote is not None
            assert known.entry is None or lost_its_records
            assert known.rival is None
            assert decision.claim.uid == known.resource.uid
            assert decision.claim.remote == known.target
        case _:
            pass


def _check_create(known: Facts, decision: Create) -> None:
    resource, spec, claim = known.resource, known.resource.spec, known.resource.claim
    assert not resource.deleting
    assert resource.finalizer
    assert claim is not None
    assert spec is not None
    assert claim.remote == decision.target == known.target
    assert claim.source == source_digest(spec)
    key = known.key if isinstance(known.key, KeyFacts) else None
    about_key = (key.type.value, key.kid) if key else (None, None)
    assert claim.visible == visible_digest(spec.source_type.value, spec.url, spec.description, *about_key)
    assert resource.status.remote is None
    assert isinstance(known.listed, Listed)
    assert known.entry is None


def _check_update(known: Facts, decision: Update) -> None:
    assert not known.resource.deleting
    assert known.resource.claim is not None
    assert known.resource.spec is not None
    assert decision.target == known.resource.claim.remote
    assert known.resource.status.remote is not None or _entry_is_claimed(known)
    assert decision.remote.source_digest in (None, source_digest(known.resource.spec))


def _check_delete(known: Facts, decision: Delete) -> None:
    assert known.resource.deleting
    assert not known.resource.retain
    assert known.resource.claim is not None
    assert decision.target == known.resource.claim.remote
    assert known.resource.status.remote is not None or _entry_is_claimed(known)


@given(ANY)
def test_nothing_is_looked_up_or_sent_while_suspended(known: Facts) -> None:
    resource = replace(known.resource, suspended=True)
    assert not _costs(decide(replace(known, resource=resource)))


@given(ANY, TIMES.filter(lambda time: time > NOW), st.sampled_from(Reason))
def test_nothing_is_looked_up_or_sent_before_its_time(known: Facts, due: datetime, reason: Reason) -> None:
    known = _unchanged(known, a_status(reason, next_attempt_at=due, remote=known.resource.status.remote))
    assert not _costs(decide(known))


@given(
    ANY, st.sampled_from([item for item in Reason if item.waiting is Waiting.NOBODY and item is not Reason.SUSPENDED])
)
def test_what_is_settled_rests(known: Facts, reason: Reason) -> None:
    known = _unchanged(known, a_status(reason, remote=known.resource.status.remote))
    known = replace(known, resource=replace(known.resource, deleting=False, suspended=False))
    assume(known.resource.claim is not None or known.resource.status.remote is None)
    if known.resource.spec is not None and known.cause is not Cause.CHECKUP:
        assert decide(known) == Rest()


def _unchanged(known: Facts, status: JWKStatus) -> Facts:
    resource = replace(known.resource, status=status, reconcile_requested=None)
    cause = Cause.START if known.cause is Cause.DEPENDENCY else known.cause
    return replace(known, resource=resource, cause=cause)


def _costs(decision: Decision) -> bool:
    return isinstance(decision, Create | Update | Delete | MakeClaim | Look)
