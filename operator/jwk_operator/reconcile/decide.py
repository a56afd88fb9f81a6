"""The decision: from facts to the one next step. Pure: no I/O, no clock, no kopf, no httpx.

A chain of checks is asked in order; the first that has something to say decides. The invariant behind it all: finalizer
and claim stand on a resource exactly while a remote JWK may be its own.
"""

from __future__ import annotations

from dataclasses import replace

from jwk_operator.api.algorithms import KeyType
from jwk_operator.api.jwk import JWKSpec, SourceType
from jwk_operator.api.names import Claim, RemoteName, address_digest, source_digest, visible_digest
from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.api.status import RemoteStatus
from jwk_operator.reconcile.keymaterial import KeyFacts
from jwk_operator.reconcile.reports import (
    RETAIN_HINT,
    conflict_message,
    deployment_report,
    failing_environments,
    notes_for,
    problem_report,
    repairs_itself,
    suspended_report,
)
from jwk_operator.reconcile.state import (
    Cause,
    Create,
    Decision,
    Delete,
    Disclaim,
    Facts,
    LetGo,
    Listed,
    Look,
    MakeClaim,
    Note,
    Problem,
    RemoteEntry,
    Report,
    Rest,
    Update,
)
from jwk_operator.reconcile.support import unsupported_by_jwk


def decide(facts: Facts) -> Decision:
    """Return the next step for a resource."""
    if facts.resource.deleting:
        return _decide_deletion(facts)
    spec = facts.resource.spec
    for check in (_suspended, _unreadable, _resting, _unsupported, _blocked, _rivalled):
        decision = check(facts)
        if decision is not None:
            return decision
    if spec is None or facts.remote is None or facts.target is None:
        raise AssertionError("an unreadable spec or an unknown target is reported before")
    if facts.resource.claim is None:
        return _decide_new(facts, spec, facts.target)
    if facts.resource.status.remote is None:
        return _decide_claimed(facts, spec, facts.target, facts.resource.claim)
    return _decide_owned(facts, spec, facts.target, facts.resource.status.remote)


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
    if facts.changed or reason is None:
        return None
    if due is not None and due > facts.now:
        return Rest(due)
    if reason.waiting is Waiting.NOBODY and facts.cause is not Cause.CHECKUP and reason is not Reason.SUSPENDED:
        return Rest()
    if reason.waiting is Waiting.USER and facts.cause in (Cause.EVENT, Cause.TIMER):
        return Rest()
    return Rest() if reason is Reason.REJECTED else None


def _unsupported(facts: Facts) -> Decision | None:
    why = unsupported_by_jwk(facts.resource.spec) if facts.resource.spec else None
    return problem_report(facts, Problem(Reason.INVALID_SPEC, why)) if why else None


def _blocked(facts: Facts) -> Decision | None:
    return problem_report(facts, facts.problem) if facts.problem else None


def _rivalled(facts: Facts) -> Decision | None:
    if facts.rival is None:
        return None
    return problem_report(facts, Problem(Reason.NAME_CONFLICT, conflict_message(facts, facts.rival)))


# --- nothing claimed yet ------------------------------------------------------------------------------------------


def _decide_new(facts: Facts, spec: JWKSpec, target: RemoteName) -> Decision:
    missing = _key_first(facts, spec) or _list_next(facts)
    if missing is not None:
        return missing
    if _entry(facts) is not None:
        return problem_report(facts, Problem(Reason.NAME_CONFLICT, conflict_message(facts, None)))
    return MakeClaim(_claim(facts, spec, target))


def _key_first(facts: Facts, spec: JWKSpec) -> Decision | None:
    """Key material is checked before any call, and so before the project is listed."""
    if spec.source_type is not SourceType.COPY_PASTE:
        return None
    if facts.key is None:
        return Look(key=True)
    return problem_report(facts, facts.key) if isinstance(facts.key, Problem) else None


def _list_next(facts: Facts) -> Decision | None:
    if facts.listed is None:
        return Look(listed=True)
    return problem_report(facts, facts.listed) if isinstance(facts.listed, Problem) else None


def _entry(facts: Facts) -> RemoteEntry | None:
    return facts.listed.entry if isinstance(facts.listed, Listed) else None


def _claim(facts: Facts, spec: JWKSpec, target: RemoteName) -> Claim:
    key = facts.key if isinstance(facts.key, KeyFacts) else None
    visible = visible_digest(
        spec.source_type.value, spec.url, spec.description, key.type.value if key else None, key.kid if key else None
    )
    address = address_digest(facts.address) if facts.address else ""
    return Claim(target, facts.resource.uid, visible, source_digest(spec), address)


# --- claimed: a create call may have been sent --------------------------------------------------------------------


def _decide_claimed(facts: Facts, spec: JWKSpec, target: RemoteName, claim: Claim) -> Decision:
    if target != claim.remote:
        return _moved(facts, target)
    missing = _list_next(facts)
    if missing is not None:
        return missing
    entry = _entry(facts)
    if entry is None:
        return _key_first(facts, spec) or _create(facts, spec, target, claim)
    if facts.moved or not _is_what_was_sent(claim, entry):
        return Disclaim(problem_report(facts, Problem(Reason.NAME_CONFLICT, conflict_message(facts, None))))
    if spec.source_type is SourceType.COPY_PASTE and facts.key is None:
        return Look(key=True)
    return _recovered(facts, spec, claim, entry)


def _create(facts: Facts, spec: JWKSpec, target: RemoteName, claim: Claim) -> Decision:
    wanted = _claim(facts, spec, target)
    return Create(target) if claim == wanted else MakeClaim(wanted)


def _is_what_was_sent(claim: Claim, entry: RemoteEntry) -> bool:
    """Whether a listed JWK is the one that the claim announces, also after the spec was edited."""
    about_key = ((entry.type, entry.kid), (entry.type, None), (None, None))
    seen = (entry.source_type, entry.source_url, entry.description)
    return claim.visible in {visible_digest(*seen, key_type, kid) for key_type, kid in about_key}


def _recovered(facts: Facts, spec: JWKSpec, claim: Claim, entry: RemoteEntry) -> Decision:
    """Ours, though the answer to the create call never arrived: record it, and deploy again where that cuts nothing."""
    same_key = isinstance(facts.key, KeyFacts) and facts.key.kid in (None, entry.kid)
    remote = RemoteStatus(
        project_name=claim.remote.project,
        name=claim.remote.name,
        type=_key_type(entry),
        kid=entry.kid,
        source_type=SourceType(entry.source_type),
        thumbprint=facts.key.thumbprint if same_key and isinstance(facts.key, KeyFacts) else None,
        description=entry.description,
        source_digest=claim.source,
        observed_at=facts.now,
    )
    if claim.source != source_digest(spec):
        return replace(_replacement_required(facts, "its source was edited while it was being created"), remote=remote)
    if repairs_itself(spec, remote) or entry.description != (spec.description or ""):
        # Recorded before the update call: that changes what the list shows, and so what the claim is recognised by.
        return Report(Reason.UPDATING, _FOUND, synced=False, deployed=None, remote=remote, deployment=None, delay=0)
    return deployment_report(facts, spec, remote, None)


_FOUND = "The JWK exists, though the answer to the create call was lost; an update call deploys it again."


# --- owned: the remote JWK is known to be this resource's ---------------------------------------------------------


def _decide_owned(facts: Facts, spec: JWKSpec, target: RemoteName, remote: RemoteStatus) -> Decision:
    if target != facts.remote:
        return _moved(facts, target)
    if facts.listed is None and _list_is_wanted(facts):
        return Look(listed=True)
    if isinstance(facts.listed, Problem):
        settled = facts.resource.reason is not None and facts.resource.reason.waiting is Waiting.NOBODY
        return Rest() if settled and not facts.changed else problem_report(facts, facts.listed)
    found = _compared(facts, spec, target, remote)
    if not isinstance(found, RemoteStatus):
        return found
    remote = found
    if remote.description != (spec.description or "") and not _unmanaged(facts, spec):
        return _update(facts, spec, target, remote)
    deployment = facts.resource.status.deployment_result
    fails = deployment is not None and failing_environments(spec, deployment) is not None
    if (fails or deployment is None) and repairs_itself(spec, remote):
        return _update(facts, spec, target, remote)
    return deployment_report(facts, spec, remote, deployment)


def _compared(facts: Facts, spec: JWKSpec, target: RemoteName, remote: RemoteStatus) -> Decision | RemoteStatus:
    """Compare what is known with the list, where it was read: what differs decides, else what was seen is known."""
    entry = facts.listed.entry if isinstance(facts.listed, Listed) else None
    if facts.listed is not None and entry is None:
        return _missing(facts)
    if facts.moved and entry is not None:
        return _recognise(facts, spec, target, remote, entry)
    if remote.source_digest not in (None, source_digest(spec)):
        return _replacement_required(facts, "the spec names another source than the one it was created from")
    if entry is None:
        return remote
    drift = _drift(remote, spec, entry)
    return problem_report(facts, Problem(Reason.DRIFTED, drift)) if drift else _observed(facts, remote, entry)


def _recognise(facts: Facts, spec: JWKSpec, target: RemoteName, remote: RemoteStatus, entry: RemoteEntry) -> Decision:
    """The manager's address has changed: the same manager under another name, or another one with its own JWKs."""
    if _looks_like(remote, spec, entry):
        return MakeClaim(_claim(facts, spec, target))
    report = problem_report(facts, Problem(Reason.NAME_CONFLICT, conflict_message(facts, None)))
    return Disclaim(replace(report, deployed=False, remote=None, deployment=None))


def _looks_like(remote: RemoteStatus, spec: JWKSpec, entry: RemoteEntry) -> bool:
    return _drift(remote, spec, entry) is None and (remote.description or "") == entry.description


def _list_is_wanted(facts: Facts) -> bool:
    if facts.moved:
        return True
    return facts.cause is Cause.CHECKUP or facts.requested or facts.resource.reason is Reason.DRIFTED


def _unmanaged(facts: Facts, spec: JWKSpec) -> bool:
    """A description that the spec leaves out and never had is not ours to change, whatever the list says."""
    known = facts.resource.status.remote
    return spec.description is None and not (known.description if known else None)


def _key_type(entry: RemoteEntry) -> KeyType | None:
    return next((item for item in KeyType if item.value == entry.type), None)


def _replacement_required(facts: Facts, why: str) -> Report:
    message = (
        f"The remote JWK cannot be changed to what the spec says: {why}. Change it back, or delete and create anew."
    )
    return problem_report(facts, Problem(Reason.REPLACEMENT_REQUIRED, message))


def _moved(facts: Facts, target: RemoteName) -> Report:
    """A claim reaches no further than connection and spec do: annotations are everybody's to write."""
    return _replacement_required(facts, f"it is {facts.remote}, while the connection and the spec now name {target}")


def _missing(facts: Facts) -> Report:
    """Forget the remote JWK but keep the claim: what follows is the create protocol once more."""
    message = f"JWK {facts.remote} is missing in Apinizer; it is created again."
    notes = notes_for(facts, Reason.MISSING_REMOTELY, message)
    return Report(Reason.MISSING_REMOTELY, message, deployed=False, remote=None, deployment=None, delay=0, notes=notes)


def _drift(remote: RemoteStatus, spec: JWKSpec, entry: RemoteEntry) -> str | None:
    for member, known, seen in (("type", remote.type, entry.type), ("kid", remote.kid, entry.kid)):
        if known is not None and seen is not None and known != seen:
            return f'The JWK in Apinizer has {member} "{seen}", not "{known}" as before: somebody else changed it.'
    if remote.source_detached:
        return None  # what the list says of a source after an update is not documented
    if remote.source_type is not None and entry.source_type != remote.source_type:
        return f'The JWK in Apinizer has source type "{entry.source_type}", not "{remote.source_type}".'
    if spec.source_type is SourceType.URL and entry.source_url not in (None, spec.url):
        return f'The JWK in Apinizer is fetched from "{entry.source_url}", not from spec.url.'
    return None


def _observed(facts: Facts, remote: RemoteStatus, entry: RemoteEntry) -> RemoteStatus:
    seen = remote.model_copy(
        update={
            "type": remote.type or _key_type(entry),
            "kid": remote.kid or entry.kid,
            "description": entry.description,
        }
    )
    return remote if seen == remote else seen.model_copy(update={"observed_at": facts.now})


def _update(facts: Facts, spec: JWKSpec, target: RemoteName, remote: RemoteStatus) -> Decision:
    if facts.client is None:
        return Look(client=True)
    if isinstance(facts.client, Problem):
        return problem_report(facts, facts.client)
    description = remote.description or "" if _unmanaged(facts, spec) else spec.description or ""
    return Update(target, description, remote)


# --- deletion -----------------------------------------------------------------------------------------------------


def _decide_deletion(facts: Facts) -> Decision:
    resource = facts.resource
    if not resource.finalizer:
        return Rest()
    if resource.claim is None or resource.retain:
        return LetGo()
    if resource.suspended:
        message = f"Let go without deleting JWK {facts.remote} in Apinizer, because spec.suspend is true."
        return LetGo((Note(warning=False, reason=Reason.SUSPENDED.value, message=message),))
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


def _blocked_for_good(facts: Facts) -> bool:
    waits = facts.resource.reason is Reason.DELETION_BLOCKED and not facts.changed
    return waits and facts.cause in (Cause.EVENT, Cause.TIMER)


def _delete_what_is_ours(facts: Facts, claim: Claim) -> Decision:
    if facts.rival is not None:
        return LetGo()
    if facts.target != claim.remote:
        why = f"it is {claim.remote}, while the connection and the spec now name {facts.target}"
        return deletion_problem(facts, Problem(Reason.REPLACEMENT_REQUIRED, why))
    doubtful = facts.moved or facts.resource.reason is Reason.DRIFTED
    if facts.resource.status.remote is not None and not doubtful:
        return Delete(claim.remote)
    if facts.listed is None:
        return Look(listed=True)
    if isinstance(facts.listed, Problem):
        return deletion_problem(facts, facts.listed)
    entry = facts.listed.entry
    if entry is None:
        return LetGo()
    return Delete(claim.remote) if _is_still_ours(facts, claim, entry) else LetGo((_left_alone(facts),))


def _is_still_ours(facts: Facts, claim: Claim, entry: RemoteEntry) -> bool:
    remote, spec = facts.resource.status.remote, facts.resource.spec
    if remote is None or spec is None:
        return not facts.moved and _is_what_was_sent(claim, entry)
    return _looks_like(remote, spec, entry) if facts.moved else _drift(remote, spec, entry) is None


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
