"""The decision about a resource that is being deleted. Pure."""

from __future__ import annotations

from jwk_operator.api.names import Claim, RemoteName
from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.status import RemoteStatus
from jwk_operator.reconcile.matching import differs_in_key, differs_in_source, is_old, is_what_was_sent, looks_like
from jwk_operator.reconcile.needs import line_first
from jwk_operator.reconcile.replacing import Holder, holder
from jwk_operator.reconcile.reports import RETAIN_HINT, problem_report
from jwk_operator.reconcile.state import (
    Cause,
    Decision,
    Delete,
    Facts,
    LetGo,
    Look,
    Note,
    Problem,
    Report,
    Rest,
)


def decide_deletion(facts: Facts) -> Decision:
    """Return the next step: let go, or delete what is ours and then let go."""
    resource = facts.resource
    if not resource.finalizer:
        return Rest()
    if resource.claim is None or resource.retain:
        return LetGo(_left_aside(facts))
    if resource.suspended:
        message = f"Let go without deleting JWK {facts.remote} in Apinizer, because spec.suspend is true."
        note = Note(warning=False, reason=Reason.SUSPENDED.value, message=message)
        return LetGo((note, *_left_aside(facts)))
    due = resource.status.next_attempt_at
    if due is not None and due > facts.now and not facts.changed and resource.reason is not None:
        return Rest(due)
    if _blocked_for_good(facts):
        return Rest()
    if facts.problem is not None:
        return deletion_problem(facts, facts.problem)
    if facts.client is None:
        return Look(client=True)
    if isinstance(facts.client, Problem):
        return deletion_problem(facts, facts.client)
    return _delete_what_is_ours(facts, resource.claim)


def _left_aside(facts: Facts) -> tuple[Note, ...]:
    """Tell of an old JWK that stays behind under another name, when a resource goes in the middle of a replacement."""
    if facts.aside is None or facts.remote is None:
        return ()
    old = RemoteName(facts.remote.project, facts.aside.name)
    message = f"JWK {old}, which was being replaced, may be left in Apinizer."
    return (Note(warning=True, reason=Reason.REPLACING.value, message=message),)


def _blocked_for_good(facts: Facts) -> bool:
    waits = facts.resource.reason is Reason.DELETION_BLOCKED and not facts.changed
    return waits and facts.cause in (Cause.EVENT, Cause.TIMER)


def _delete_what_is_ours(facts: Facts, claim: Claim) -> Decision:
    if facts.rival is not None:
        return LetGo()
    if facts.target != claim.remote:
        why = f"it is {claim.remote}, while the connection and the spec now name {facts.target}"
        return deletion_problem(facts, Problem(Reason.REPLACEMENT_REQUIRED, why))
    if facts.listed is None:
        return Look(listed=True)
    if isinstance(facts.listed, Problem):
        return deletion_problem(facts, facts.listed)
    if claim.aside is not None:
        return _delete_both(facts, claim)
    entry = facts.entry
    if entry is None:
        # once more where environments failed: then "is not found" is the success that is waited for
        failed = facts.resource.reason is Reason.DELETING and facts.resource.status.remote is not None
        return Delete(claim.remote) if failed else LetGo()
    return Delete(claim.remote) if _is_still_ours(facts, claim, entry) else LetGo((_left_alone(facts),))


def _delete_both(facts: Facts, claim: Claim) -> Decision:
    """In the middle of a replacement: first whatever of ours has the name, then the old JWK, and only then let go."""
    aside = claim.aside
    if aside is None:
        raise AssertionError("a replacement is recorded")
    who = holder(facts, claim, aside)
    if who in (Holder.OLD, Holder.NEW):
        return Delete(claim.remote)
    if is_old(aside, facts.aside_entry):
        return line_first(facts) or Delete(RemoteName(claim.remote.project, aside.name))
    return LetGo((_left_alone(facts),) if who is Holder.SOMEBODY else ())


def _is_still_ours(facts: Facts, claim: Claim, entry: RemoteEntry) -> bool:
    remote, spec = facts.resource.status.remote, facts.resource.spec
    if remote is None:
        return not facts.moved and is_what_was_sent(claim, entry)
    if facts.moved:
        return looks_like(remote, spec, entry)
    return differs_in_key(remote, entry) is None and (
        _update_may_be_lost(facts, remote) or differs_in_source(remote, spec, entry) is None
    )


def _update_may_be_lost(facts: Facts, remote: RemoteStatus) -> bool:
    """Whether an update call may have been made that the status does not tell of: it changes what a source looks like.

    The deletion itself makes a new generation, which therefore tells nothing here.
    """
    reason, spec = facts.resource.reason, facts.resource.spec
    at_work = reason is not None and reason.waiting is Waiting.OPERATOR and reason is not Reason.DRIFTED
    return at_work or (spec is not None and (spec.description or "") != (remote.description or ""))


def _left_alone(facts: Facts) -> Note:
    message = (
        f"Let go without deleting JWK {facts.remote} in Apinizer, because it is not the one that this resource made."
    )
    return Note(warning=True, reason=Reason.DRIFTED.value, message=message)


def deletion_problem(facts: Facts, problem: Problem) -> Report:
    """A deletion that cannot go on: what is missing and what frees it, or another attempt later."""
    if problem.reason.waiting is Waiting.OPERATOR:
        return problem_report(facts, problem)
    message = f"The remote JWK cannot be deleted: {problem.message.rstrip('.')}. Mend that; {RETAIN_HINT}."
    return problem_report(facts, Problem(Reason.DELETION_BLOCKED, message))
