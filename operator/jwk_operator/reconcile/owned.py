"""The decision about a resource whose remote JWK is known to be its own. Pure."""

from __future__ import annotations

from dataclasses import replace

from jwk_operator.api.jwk import JWKSpec, UpdatePolicy
from jwk_operator.api.names import RemoteName, source_digest
from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.status import RemoteStatus
from jwk_operator.reconcile.matching import (
    cuts_link,
    description_differs,
    detached,
    differs_in_source,
    drift,
    key_type_of,
    lacking,
    looks_like,
    mismatch,
)
from jwk_operator.reconcile.needs import (
    claim_for,
    key_first,
    key_of,
    line_first,
    list_first,
    source_change,
)
from jwk_operator.reconcile.replacing import begin_replacement, strayed
from jwk_operator.reconcile.reports import (
    conflict_message,
    deployment_report,
    failing_environments,
    missing_report,
    problem_report,
    repairs_itself,
    replacement_required,
)
from jwk_operator.reconcile.state import (
    Cause,
    Decision,
    Disclaim,
    Facts,
    Look,
    MakeClaim,
    Note,
    Problem,
    Report,
    Rest,
    Update,
)


def decide_owned(facts: Facts, spec: JWKSpec, target: RemoteName, remote: RemoteStatus) -> Decision:
    """Return the next step: compare where it is time to, then change, repair or report."""
    if facts.listed is None and _list_is_wanted(facts):
        return Look(listed=True)
    if isinstance(facts.listed, Problem):
        settled = facts.resource.reason is not None and facts.resource.reason.waiting is Waiting.NOBODY
        return Rest() if settled and not facts.changed else problem_report(facts, facts.listed)
    found = _compared(facts, spec, target, remote)
    return found if not isinstance(found, RemoteStatus) else _kept_up(facts, spec, target, found)


def _kept_up(facts: Facts, spec: JWKSpec, target: RemoteName, remote: RemoteStatus) -> Decision:
    """The key is the one that is wished for: see to its description and its deployment."""
    told = facts.resource.status.remote
    cared_for = spec.description is not None or bool(remote.description)
    # It may have come through without an answer: only one more update call tells what its environments said.
    unheard = cared_for and told is not None and told.description != (spec.description or "") and not cuts_link(remote)
    if description_differs(spec, remote) or unheard:
        return _update(facts, target, spec.description or "", remote)
    deployment = facts.resource.status.deployment_result
    fails = deployment is not None and failing_environments(spec, deployment) is not None
    untold = deployment is None and (not remote.adopted or bool(spec.required_environments))
    if (fails or untold) and repairs_itself(spec, remote):
        return _deploy_again(facts, spec, target, remote)
    return deployment_report(facts, spec, remote, deployment)


def _deploy_again(facts: Facts, spec: JWKSpec, target: RemoteName, remote: RemoteStatus) -> Decision:
    """Send the current description once more, which deploys; the list has it where others look after it."""
    if spec.description is not None or remote.description is not None:
        return _update(facts, target, remote.description or "", remote)
    return _update(facts, target, facts.entry.description if facts.entry else "", remote)


def _update(facts: Facts, target: RemoteName, description: str, remote: RemoteStatus) -> Decision:
    """Nothing is changed before the list was seen: under the name there may be somebody else's JWK by now.

    And no link to a source is cut before the status tells that it may be, or after a crash that would look like drift.
    """
    missing = list_first(facts) or line_first(facts)
    if missing is not None:
        return missing
    notes = _changed_by_others(facts, target, description, remote)
    if cuts_link(remote) and not facts.read_only and not _update_may_be_lost(facts):
        return Report(Reason.UPDATING, "An update call follows.", remote=remote, delay=0, notes=notes)
    return Update(target, description, remote, notes)


def _changed_by_others(facts: Facts, target: RemoteName, wanted: str, remote: RemoteStatus) -> tuple[Note, ...]:
    """An Event that tells of a description which was as it is wanted, until somebody else changed it."""
    told = facts.resource.status.remote
    was_ours = told is not None and (told.description or "") == wanted and not _update_may_be_lost(facts)
    if not was_ours or (remote.description or "") == wanted:
        return ()
    message = f"Somebody else changed the description of JWK {target}; it is put back."
    return (Note(warning=True, reason=Reason.DRIFTED.value, message=message),)


def _update_may_be_lost(facts: Facts) -> bool:
    """Whether an update call may have been made that the status does not tell of, as the process died before."""
    reason, status = facts.resource.reason, facts.resource.status
    at_work = reason is not None and reason.waiting is Waiting.OPERATOR and reason is not Reason.DRIFTED
    return at_work or status.observed_generation != facts.resource.generation


# --- comparing ----------------------------------------------------------------------------------------------------


def _compared(facts: Facts, spec: JWKSpec, target: RemoteName, remote: RemoteStatus) -> Decision | RemoteStatus:
    """Compare what is known with the list, where it was read: what differs decides, else what was seen is known."""
    if facts.listed is not None and facts.entry is None:
        back = strayed(facts, remote)
        return MakeClaim(back) if back else missing_report(facts)
    if facts.moved and facts.entry is not None:
        return _recognise(facts, spec, target, remote, facts.entry)
    missing = _source_first(facts, spec, remote)
    if missing is not None:
        return missing
    why = source_change(facts, spec, remote) or _completed_otherwise(facts, spec, remote)
    if why is not None and spec.update_policy is not UpdatePolicy.REPLACE:
        return replacement_required(facts, why)
    if why is not None and facts.listed is None:
        return Look(listed=True)
    if facts.entry is not None:
        seen = _observed(facts, spec, remote, facts.entry)
        if not isinstance(seen, RemoteStatus):
            return seen
        remote = seen
    if why is not None:
        return begin_replacement(facts, spec, remote)
    return _known_source(facts, spec, remote)


def _source_first(facts: Facts, spec: JWKSpec, remote: RemoteStatus) -> Decision | None:
    """What has to be looked up before it can be said whether the source is still the one that is wished for."""
    completed = remote.source_digest is None and lacking(spec) is None
    if completed or isinstance(facts.key, Problem) or _key_is_doubtful(facts, spec):
        missing = key_first(facts, spec)
        if missing is not None:
            return missing
    return list_first(facts) if completed else None


def _completed_otherwise(facts: Facts, spec: JWKSpec, remote: RemoteStatus) -> str | None:
    """Say why the source that was added to an adopted JWK's spec cannot be that of the JWK, as the list shows it."""
    if remote.source_digest is not None or remote.source_detached or facts.entry is None or lacking(spec):
        return None
    why = mismatch(spec.model_copy(update={"description": None}), key_of(facts), facts.entry)
    return f"the spec was completed with another source than that of the JWK: {why}" if why else None


def _recognise(facts: Facts, spec: JWKSpec, target: RemoteName, remote: RemoteStatus, entry: RemoteEntry) -> Decision:
    """The manager's address has changed: the same manager under another name, or another one with its own JWKs."""
    if looks_like(remote, spec, entry):
        here = claim_for(facts, spec, target).address
        claim = facts.resource.claim
        if claim is None:
            raise AssertionError("what is owned is claimed")
        return MakeClaim(replace(claim, address=here))
    report = problem_report(facts, Problem(Reason.NAME_CONFLICT, conflict_message(facts, None)))
    return Disclaim(replace(report, deployed=False, remote=None, deployment=None, replacement=None))


def _key_is_doubtful(facts: Facts, spec: JWKSpec) -> bool:
    """Whether the Secret may hold another key than before: it has changed, or what was wrong may have been that."""
    reason = facts.resource.reason
    stalled = reason is not None and reason.waiting is Waiting.USER
    return spec.jwk_str_from is not None and (facts.secret_news or stalled)


def _list_is_wanted(facts: Facts) -> bool:
    if facts.moved:
        return True
    return facts.cause is Cause.CHECKUP or facts.requested or facts.resource.reason is Reason.DRIFTED


def _observed(facts: Facts, spec: JWKSpec, remote: RemoteStatus, entry: RemoteEntry) -> Report | RemoteStatus:
    """What is known once the list was seen, or that somebody else has changed the JWK."""
    if _update_may_be_lost(facts) and differs_in_source(remote, spec, entry):
        remote = detached(remote)
    drifted = drift(remote, spec, entry)
    if drifted is not None:
        return problem_report(facts, Problem(Reason.DRIFTED, drifted))
    left_to_others = spec.description is None and not remote.description and entry.description != ""
    seen = remote.model_copy(
        update={
            "type": remote.type or key_type_of(entry),
            "kid": remote.kid or entry.kid,
            # one that the spec never had is not ours to change, whatever the list says
            "description": None if left_to_others else entry.description,
        }
    )
    return remote if seen == remote else seen.model_copy(update={"observed_at": facts.now})


def _known_source(facts: Facts, spec: JWKSpec, remote: RemoteStatus) -> RemoteStatus:
    """Note what the wish is, where it was not known: the key was read, or an adopted JWK's spec was completed."""
    key = key_of(facts)
    update: dict[str, str | None] = {}
    if key is not None and key.digest is not None:
        update = {"key_digest": key.digest, "secret_version": key.secret_version}
    if remote.source_digest is None and lacking(spec) is None:
        update["source_digest"] = source_digest(spec)
    return remote.model_copy(update=update) if update else remote
