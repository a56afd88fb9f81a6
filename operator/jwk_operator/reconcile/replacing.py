"""The replacement of a JWK by one from another source (`updatePolicy: Replace`). Pure.

The old JWK is renamed aside, the new one created under the name, and then the old one goes, at once or after an
overlap. What is about to be done stands in the resource before it is done (`Aside`); together with the project's list
it tells every later pass where things stand. At any time at least one of the two JWKs exists.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from itertools import islice

from jwk_operator.api.jwk import JWKSpec, UpdatePolicy
from jwk_operator.api.names import (
    Aside,
    Claim,
    Phase,
    RemoteName,
    address_digest,
    aside_name,
    aside_names,
    seen_digest,
    source_digest,
    visible_digest,
)
from jwk_operator.api.reasons import Reason
from jwk_operator.api.status import RemoteStatus
from jwk_operator.reconcile.matching import differs_in_key, drift, is_old, is_what_was_sent, lacking
from jwk_operator.reconcile.needs import claim_for, found, key_first, key_of, line_first, list_first, source_change
from jwk_operator.reconcile.reports import (
    after_creation,
    conflict_message,
    failing_environments,
    found_report,
    known_as_detached,
    missing_report,
    problem_report,
    refused_report,
)
from jwk_operator.reconcile.state import (
    Amend,
    Create,
    Decision,
    Delete,
    Disclaim,
    Facts,
    Keep,
    Listed,
    MakeClaim,
    Problem,
    Rename,
    Report,
)


class Holder(Enum):
    """Whose JWK has the name while a replacement is under way."""

    NOBODY = auto()
    OLD = auto()
    NEW = auto()
    SOMEBODY = auto()


def holder(facts: Facts, claim: Claim, aside: Aside) -> Holder:
    """Tell from the records and the list who has the name."""
    entry = facts.entry
    if entry is None:
        return Holder.NOBODY
    if aside.phase is Phase.CREATING:
        remote = facts.resource.status.remote
        known = is_created(facts) and remote is not None and drift(remote, None, entry) is None
        if known or is_what_was_sent(claim, entry):
            return Holder.NEW
    if aside.phase is Phase.RETURNING and is_old(aside, facts.aside_entry) and is_what_was_sent(claim, entry):
        return Holder.NEW
    return Holder.OLD if is_old(aside, entry) and not is_old(aside, facts.aside_entry) else Holder.SOMEBODY


def is_created(facts: Facts) -> bool:
    """Whether the status tells that the new JWK is there, so that only the old one's end is left to do.

    It has to speak of this very replacement: after a crash it may still be that of an earlier one.
    """
    claim, aside, status = facts.resource.claim, facts.aside, facts.resource.status
    if claim is None or aside is None or status.remote is None or status.replacement is None:
        return False
    new = status.remote.source_digest == claim.source and (status.remote.key_digest or "") == claim.key
    about_this = aside.phase is Phase.CREATING and status.replacement.old_name == aside.name
    return new and about_this and status.replacement.step != "RenamedAside"


def has_work_left(facts: Facts) -> bool:
    """Whether a settled resource is not to rest, as a replacement is recorded that is not what the status says."""
    return overlap_is_over(facts) or (facts.aside is not None and not is_created(facts))


def overlap_is_over(facts: Facts) -> bool:
    """Whether it is time to see to the old JWK of a replacement that is otherwise done."""
    replacement = facts.resource.status.replacement
    if facts.aside is None:
        return replacement is not None
    if not is_created(facts) or replacement is None:
        return False
    spec = facts.resource.spec
    if spec is not None and (spec.replacement is None or not spec.replacement.keep_old_for):
        return True
    return replacement.keep_old_until is None or replacement.keep_old_until <= facts.now


# --- beginning ----------------------------------------------------------------------------------------------------


def begin_replacement(facts: Facts, spec: JWKSpec, remote: RemoteStatus) -> Decision:
    """Record the name that the old JWK is going to have; nothing is renamed before the new one could be created."""
    claim, entry = facts.resource.claim, facts.entry
    if claim is None or claim.aside is not None or entry is None or not isinstance(facts.listed, Listed):
        raise AssertionError("what is replaced is owned and listed, and no other replacement is under way")
    lack = lacking(spec)
    if lack is not None:
        message = f"JWK {claim.remote} cannot be replaced: {lack}."
        return problem_report(facts, Problem(Reason.INVALID_SPEC, message))
    missing = key_first(facts, spec) or line_first(facts)
    if missing is not None:
        return missing
    source = remote.source_digest or claim.source
    aside = Aside(
        name=aside_name(claim.remote.name, facts.resource.uid, facts.listed.entries),
        source=source,
        key=remote.key_digest or "",
        seen=seen_digest(entry.type, entry.kid),
        phase=Phase.RENAMING,
    )
    return MakeClaim(replace(claim, aside=aside))


def strayed(facts: Facts, remote: RemoteStatus) -> Claim | None:
    """Return the record by which a JWK gets its name back that was renamed aside without one, None where there is none.

    That takes an operator that was paused just before the renaming, while another one made the whole replacement.
    """
    claim = facts.resource.claim
    if claim is None or claim.aside is not None or remote.kid is None or not isinstance(facts.listed, Listed):
        return None
    for name in islice(aside_names(claim.remote.name, facts.resource.uid), _MOST_NAMES):
        entry = facts.listed.entries.get(name)
        if entry is not None and entry.kid == remote.kid and differs_in_key(remote, entry) is None:
            seen = seen_digest(entry.type, entry.kid)
            return replace(claim, aside=Aside(name, claim.source, claim.key, seen, Phase.RETURNING))
    return None


_MOST_NAMES = 4


def aside_again(facts: Facts) -> Aside | None:
    """Return the record of a replacement that a `kubectl replace` took away; None where there was none.

    The status tells of it, and the name aside is one that no other resource would give.
    """
    known, remote, target = facts.resource.status.replacement, facts.resource.status.remote, facts.target
    if known is None or remote is None or target is None or not isinstance(facts.listed, Listed):
        return None
    entry = facts.listed.entries.get(known.old_name)
    if entry is None or known.old_name not in islice(aside_names(target.name, facts.resource.uid), _MOST_NAMES):
        return None
    seen = seen_digest(entry.type, entry.kid)
    if known.step != "RenamedAside":
        return Aside(known.old_name, "", "", seen, Phase.CREATING)  # it is the new one that the status speaks of
    phase = Phase.RETURNING if known.refusal else Phase.CREATING
    return Aside(known.old_name, remote.source_digest or "", remote.key_digest or "", seen, phase)


# --- going on -----------------------------------------------------------------------------------------------------


def decide_replacement(facts: Facts, spec: JWKSpec, target: RemoteName) -> Decision | None:
    """Return the next step of a replacement that is under way; None while the old JWK is merely being kept."""
    claim, aside = facts.resource.claim, facts.aside
    if claim is None or aside is None:
        raise AssertionError("a replacement that is under way is recorded")
    if facts.moved:
        return _elsewhere(facts, claim, aside)
    created, over = is_created(facts), overlap_is_over(facts)
    if created and not over and not _is_wanted_anew(facts, spec):
        return None
    missing = (key_first(facts, spec) if created and not over else None) or list_first(facts)
    if missing is not None:
        return missing
    kept, who = is_old(aside, facts.aside_entry), holder(facts, claim, aside)
    if created and (who is Holder.NEW or not kept):
        return _end(facts, spec, claim, aside)
    if who is Holder.NEW:
        return _created(facts, spec, claim, aside)
    if kept:
        return _old_is_aside(facts, spec, target, claim, aside) if who is Holder.NOBODY else _taken(facts, aside)
    if who is Holder.OLD and aside.phase is Phase.RENAMING:
        return _rename(facts, spec, target, claim, aside)
    return _dropped(facts, spec, claim, aside, who)


def _rename(facts: Facts, spec: JWKSpec, target: RemoteName, claim: Claim, aside: Aside) -> Decision:
    given_up = spec.update_policy is not UpdatePolicy.REPLACE or facts.aside_entry is not None or lacking(spec)
    key = key_first(facts, spec)
    if given_up or isinstance(key, Report) or (key is None and _is_wish(facts, spec, aside)):
        return MakeClaim(restored(facts, claim, aside))
    if key is not None:
        return key
    description = facts.entry.description if facts.entry else ""
    return line_first(facts) or Rename(target, aside.name, description)


def _old_is_aside(facts: Facts, spec: JWKSpec, target: RemoteName, claim: Claim, aside: Aside) -> Decision:
    """Nobody has the name: create the new JWK, or give the name back where there is nothing new to create."""
    if aside.phase is Phase.RETURNING:
        description = facts.aside_entry.description if facts.aside_entry else ""
        old = RemoteName(target.project, aside.name)
        return line_first(facts) or Rename(old, target.name, description)
    key = key_first(facts, spec)
    if lacking(spec) or isinstance(key, Report) or (key is None and _is_wish(facts, spec, aside)):
        return MakeClaim(replace(claim, aside=replace(aside, phase=Phase.RETURNING)))
    if key is not None:
        return key
    wanted = replace(claim_for(facts, spec, target), aside=replace(aside, phase=Phase.CREATING))
    if claim != wanted:
        return MakeClaim(wanted)
    return line_first(facts) or Create(target)


def _is_wish(facts: Facts, spec: JWKSpec, aside: Aside) -> bool:
    """Whether the spec has come back to the source of the old JWK."""
    key = key_of(facts)
    return aside.source == source_digest(spec) and aside.key == ((key.digest if key else None) or "")


def _created(facts: Facts, spec: JWKSpec, claim: Claim, aside: Aside) -> Decision:
    """The new JWK is there, though its answer never arrived, perhaps not before it was given up."""
    if facts.entry is None:
        raise AssertionError("what was created is listed")
    if aside.phase is Phase.RETURNING:
        return MakeClaim(replace(claim, aside=replace(aside, phase=Phase.CREATING)))
    return after_creation(facts, spec, found_report(facts, spec, found(facts, spec, claim, facts.entry)), aside.name)


def _taken(facts: Facts, aside: Aside) -> Report:
    message = f'{conflict_message(facts, None)}; the old JWK stays as "{aside.name}" until then'
    return problem_report(facts, Problem(Reason.NAME_CONFLICT, message))


def _dropped(facts: Facts, spec: JWKSpec, claim: Claim, aside: Aside, who: Holder) -> Decision:
    """There is nothing aside (any more): take the record away, and let the ordinary rules decide."""
    after = restored(facts, claim, aside)
    replacement = facts.resource.status.replacement
    refused = replacement is not None and bool(replacement.refusal)
    still_wanted = not facts.changed and spec.update_policy is UpdatePolicy.REPLACE
    if who is Holder.OLD and replacement is not None and refused and still_wanted:
        report = refused_report(facts, replacement, Keep.AS_IS)
        return Amend(after, replace(report, remote=known_as_detached(facts)))
    if who is Holder.OLD or (who is Holder.SOMEBODY and aside.phase is Phase.RENAMING):
        return MakeClaim(after)
    return Amend(after, replace(missing_report(facts), replacement=None))


def restored(facts: Facts, claim: Claim, aside: Aside) -> Claim:
    """The claim on the old JWK under its own name, without the record of a replacement."""
    if aside.phase is Phase.RENAMING:
        return replace(claim, aside=None)
    seen = next((entry for entry in (facts.aside_entry, facts.entry) if entry and is_old(aside, entry)), None)
    visible = claim.visible
    if seen is not None:
        visible = visible_digest(seen.source_type, seen.source_url, seen.description, seen.type, seen.kid)
    return replace(claim, visible=visible, source=aside.source, key=aside.key, adopts=False, aside=None)


# --- ending -------------------------------------------------------------------------------------------------------


def _is_wanted_anew(facts: Facts, spec: JWKSpec) -> bool:
    """Whether a further replacement is wanted and can begin, which ends the overlap of this one."""
    remote = facts.resource.status.remote
    if remote is None or source_change(facts, spec, remote) is None or lacking(spec):
        return False
    return spec.update_policy is UpdatePolicy.REPLACE and not isinstance(facts.key, Problem)


def _lacks_environments(facts: Facts, spec: JWKSpec) -> bool:
    """Whether an environment is known to be without the new JWK: the old one stays there until it is mended."""
    deployment = facts.resource.status.deployment_result
    return deployment is not None and failing_environments(spec, deployment) is not None


def _end(facts: Facts, spec: JWKSpec, claim: Claim, aside: Aside) -> Decision | None:
    """The new JWK is known: the old one goes, unless it is the only one that an environment has."""
    if is_old(aside, facts.aside_entry):
        if _lacks_environments(facts, spec) and not _is_wanted_anew(facts, spec):
            return None
    elif facts.aside_entry is not None or facts.resource.reason is not Reason.REPLACING:
        return MakeClaim(replace(claim, aside=None))
    # Where environments failed to undeploy it, once more, though it is not listed: "is not found" is the success.
    return line_first(facts) or Delete(RemoteName(claim.remote.project, aside.name))


def _elsewhere(facts: Facts, claim: Claim, aside: Aside) -> Decision:
    """The manager's address has changed in the middle: go on where the old JWK is recognised by its name aside."""
    missing = list_first(facts)
    if missing is not None:
        return missing
    here = replace(claim, address=address_digest(facts.address or ""))
    if is_old(aside, facts.aside_entry):
        return MakeClaim(here)
    if facts.entry is None:
        return MakeClaim(replace(here, aside=None))
    report = problem_report(facts, Problem(Reason.NAME_CONFLICT, conflict_message(facts, None)))
    return Disclaim(replace(report, deployed=False, remote=None, deployment=None, replacement=None))
