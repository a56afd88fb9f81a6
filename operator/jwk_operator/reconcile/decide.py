"""The decision: from facts to the one next step. Pure: no I/O, no clock, no kopf, no httpx.

A chain of checks is asked in order; the first that has something to say decides. The invariant behind it all: finalizer
and claim stand on a resource exactly while a remote JWK may be its own.
"""

from __future__ import annotations

from dataclasses import replace

from jwk_operator.api.jwk import AdoptionPolicy, JWKSpec, UpdatePolicy
from jwk_operator.api.names import Claim, RemoteName, source_digest, visible_digest
from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.reconcile.deletion import decide_deletion
from jwk_operator.reconcile.matching import gives_key, is_what_was_sent, lacking, looks_like, mismatch
from jwk_operator.reconcile.needs import claim_for, environment_first, found, key_first, key_of, list_first
from jwk_operator.reconcile.owned import decide_owned
from jwk_operator.reconcile.readonly import announced
from jwk_operator.reconcile.replacing import aside_again, decide_replacement, has_work_left, overlap_is_over
from jwk_operator.reconcile.reports import (
    ANOTHER_NAME,
    another_target,
    conflict_message,
    found_report,
    problem_report,
    replacement_required,
    suspended_report,
    took_over,
)
from jwk_operator.reconcile.state import (
    Cause,
    Create,
    Decision,
    Disclaim,
    Facts,
    Look,
    MakeClaim,
    Problem,
    Report,
    Rest,
)


def decide(facts: Facts) -> Decision:
    """Return the next step for a resource."""
    decision = decide_deletion(facts) if facts.resource.deleting else _decide_living(facts)
    return announced(facts, decision) if facts.read_only else decision


def _decide_living(facts: Facts) -> Decision:
    spec = facts.resource.spec
    for check in (_suspended, _unreadable, _resting, _blocked, _rivalled):
        decision = check(facts)
        if decision is not None:
            return decision
    if spec is None or facts.remote is None or facts.target is None:
        raise AssertionError("an unreadable spec or an unknown target is reported before")
    claim = facts.resource.claim
    if claim is None:
        return _decide_new(facts, spec, facts.target)
    if facts.target != claim.remote:
        return another_target(facts, facts.target)
    if claim.aside is not None:
        decision = decide_replacement(facts, spec, facts.target)
        if decision is not None:
            return decision
    if facts.resource.status.remote is None:
        return _decide_claimed(facts, spec, facts.target, claim)
    return decide_owned(facts, spec, facts.target, facts.resource.status.remote)


# --- what is asked of every living resource -----------------------------------------------------------------------


def _suspended(facts: Facts) -> Decision | None:
    return suspended_report(facts) if facts.resource.suspended else None


def _unreadable(facts: Facts) -> Decision | None:
    if facts.resource.spec is not None:
        return None
    return problem_report(facts, Problem(Reason.INVALID_SPEC, facts.resource.spec_problem))


def _resting(facts: Facts) -> Decision | None:
    """Rest while nothing is new: a settled or stalled resource costs no call, a failed one waits for its time."""
    reason, due = facts.resource.reason, facts.resource.status.next_attempt_at
    if _was_refused(facts):
        return Rest()
    if facts.changed or reason is None:
        return None
    if due is not None and due > facts.now:
        return Rest(due)
    if (
        _lost_its_records(facts)
        or overlap_is_over(facts)
        or (reason.waiting is Waiting.NOBODY and has_work_left(facts))
    ):
        return None
    if reason.waiting is Waiting.NOBODY and facts.cause is not Cause.CHECKUP and reason is not Reason.SUSPENDED:
        return Rest()
    if reason.waiting is Waiting.USER and facts.cause in (Cause.EVENT, Cause.TIMER):
        return Rest()
    return Rest() if reason is Reason.REJECTED else None


def _was_refused(facts: Facts) -> bool:
    """Whether a replacement was refused and nothing of what was refused has changed, only the connection or its Secret.

    To try again means to take the name from the old JWK for a while.
    """
    resource, spec, remote = facts.resource, facts.resource.spec, facts.resource.status.remote
    if (
        resource.reason is not Reason.REJECTED
        or resource.claim is None
        or facts.aside
        or spec is None
        or remote is None
    ):
        return False
    replaces = spec.update_policy is UpdatePolicy.REPLACE
    wanted = replaces and (spec.jwk_str_from is not None or remote.source_digest != source_digest(spec))
    current = resource.status.observed_generation == resource.generation and not facts.requested
    return wanted and current and not facts.secret_news and not facts.moved and facts.problem is None


def _lost_its_records(facts: Facts) -> bool:
    return facts.resource.claim is None and facts.resource.status.remote is not None


def _blocked(facts: Facts) -> Decision | None:
    return problem_report(facts, facts.problem) if facts.problem else None


def _rivalled(facts: Facts) -> Decision | None:
    if facts.rival is None:
        return None
    return problem_report(facts, Problem(Reason.NAME_CONFLICT, conflict_message(facts, facts.rival)))


# --- nothing claimed yet ------------------------------------------------------------------------------------------


def _decide_new(facts: Facts, spec: JWKSpec, target: RemoteName) -> Decision:
    missing = key_first(facts, spec) or list_first(facts)
    if missing is not None:
        return missing
    if facts.entry is not None:
        return _restored(facts, spec, target, facts.entry) or _adopt(facts, spec, target, facts.entry)
    aside = aside_again(facts)
    if aside is not None:
        return MakeClaim(replace(claim_for(facts, spec, target), aside=aside))
    lack = lacking(spec)
    if lack:
        return _cannot_create(facts, lack)
    return environment_first(facts, spec) or MakeClaim(claim_for(facts, spec, target))


def _restored(facts: Facts, spec: JWKSpec, target: RemoteName, entry: RemoteEntry) -> Decision | None:
    """Records that a `kubectl replace` took away are written again: the status, which users do not write, tells."""
    remote = facts.resource.status.remote
    if remote is None or (remote.project_name, remote.name) != (target.project, target.name):
        return None
    if not looks_like(remote, spec, entry):
        return None
    visible = visible_digest(entry.source_type, entry.source_url, entry.description, entry.type, entry.kid)
    claim = replace(claim_for(facts, spec, target), visible=visible, aside=aside_again(facts))
    return MakeClaim(replace(claim, source=remote.source_digest or "", key=remote.key_digest or ""))


def _cannot_create(facts: Facts, lack: str) -> Report:
    message = f"JWK {facts.remote} does not exist in Apinizer and cannot be created: {lack}."
    return problem_report(facts, Problem(Reason.INVALID_SPEC, message))


def _adopt(facts: Facts, spec: JWKSpec, target: RemoteName, entry: RemoteEntry) -> Decision:
    """A JWK that is there and that nobody here has claimed: take it over by policy, and only where it matches."""
    if spec.adoption_policy is not AdoptionPolicy.IF_MATCHING:
        return problem_report(facts, Problem(Reason.NAME_CONFLICT, conflict_message(facts, None)))
    why = mismatch(spec, key_of(facts), entry)
    if why is not None:
        message = f"JWK {target} exists already and cannot be taken over: {why}; correct the spec, or {ANOTHER_NAME}"
        return problem_report(facts, Problem(Reason.NAME_CONFLICT, message))
    visible = visible_digest(entry.source_type, entry.source_url, entry.description, entry.type, entry.kid)
    claim = replace(claim_for(facts, spec, target), visible=visible, adopts=True)
    return MakeClaim(replace(claim, source="") if lacking(spec) else claim)


# --- claimed: a create call may have been sent --------------------------------------------------------------------


def _decide_claimed(facts: Facts, spec: JWKSpec, target: RemoteName, claim: Claim) -> Decision:
    missing = list_first(facts)
    if missing is not None:
        return missing
    entry = facts.entry
    if entry is None:
        return _create(facts, spec, target, claim)
    if facts.moved or not is_what_was_sent(claim, entry):
        return Disclaim(problem_report(facts, Problem(Reason.NAME_CONFLICT, conflict_message(facts, None))))
    if gives_key(spec) and facts.key is None:
        return Look(key=True)
    return _recovered(facts, spec, claim, entry)


def _create(facts: Facts, spec: JWKSpec, target: RemoteName, claim: Claim) -> Decision:
    lack = lacking(spec)
    if lack is not None:
        return Disclaim(_cannot_create(facts, lack))
    missing = key_first(facts, spec)
    if missing is not None:
        return missing
    unknown = environment_first(facts, spec)
    if unknown is not None:
        return Disclaim(unknown) if isinstance(unknown, Report) else unknown
    wanted = claim_for(facts, spec, target)
    return Create(target) if claim == wanted else MakeClaim(wanted)


def _recovered(facts: Facts, spec: JWKSpec, claim: Claim, entry: RemoteEntry) -> Decision:
    """Ours, though no answer told so: record it, and deploy again where that was called for and cuts nothing."""
    remote = found(facts, spec, claim, entry)
    if claim.adopts:
        return took_over(facts, spec, remote, entry)
    if claim.source != source_digest(spec) and spec.update_policy is not UpdatePolicy.REPLACE:
        return replace(replacement_required(facts, "its source was edited while it was being created"), remote=remote)
    return found_report(facts, spec, remote)
