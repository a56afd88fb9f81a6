"""Every state of a replacement: what is recorded, who has the name, and what is aside."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from jwk_operator.api.names import Aside, Phase, RemoteName, aside_name, seen_digest, source_digest
from jwk_operator.api.reasons import Reason
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.status import RemoteStatus, ReplacementStatus
from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.reconcile.conclude import conclude
from jwk_operator.reconcile.decide import decide
from jwk_operator.reconcile.state import (
    Amend,
    Call,
    Cause,
    Conclusion,
    Create,
    Decision,
    Delete,
    Disclaim,
    Facts,
    Keep,
    LetGo,
    Listed,
    Look,
    MakeClaim,
    Ready,
    Rename,
    Report,
)
from unit.builders import (
    CREDENTIAL,
    KEY,
    NOW,
    TARGET,
    UID,
    a_claim,
    a_remote,
    a_resource,
    a_spec,
    a_status,
    an_entry,
    facts_of,
    outcomes,
)
from unit.conclude_cases import ANSWERS, deployment

OLD = a_spec(url="https://old", description="text")
NEW = a_spec(url="https://new", description="text", updatePolicy="Replace")
ASIDE_NAME = "signing-replaced-0"
ASIDE = RemoteName(TARGET.project, ASIDE_NAME)
ENTRIES = {
    "old": an_entry(OLD, kid="old"),
    "detached": an_entry(OLD, kid="old", source_type="COPY_PASTE", source_url=None),
    "new": an_entry(NEW, kid="new"),
    "theirs": an_entry(OLD, kid="theirs", source_type="KEYSTORE", source_url=None),
}


def the_aside(phase: Phase) -> Aside:
    return Aside(ASIDE_NAME, source_digest(OLD), "", seen_digest("EC", "old"), phase)


def replacing(
    phase: Phase,
    name: str = "-",
    aside: str = "-",
    *,
    spec: dict[str, Any] | None = None,
    remote: RemoteStatus | None = None,
    replacement: ReplacementStatus | None = None,
    reason: Reason = Reason.REPLACING,
    **known: Any,
) -> Facts:
    """A replacement that is under way, with the list read; `-` is a name that nobody has."""
    wanted = NEW if spec is None else a_spec(**{"url": NEW.url, "description": "text", **spec})
    made_for = OLD if phase is Phase.RENAMING else NEW
    claim = replace(a_claim(made_for), aside=the_aside(phase))
    known_remote = remote or a_remote(OLD, kid="old")
    status = a_status(reason, remote=known_remote, replacement=replacement, deployment_result=outcomes(prod=True))
    names = {TARGET.name: name, ASIDE_NAME: aside}
    listed = Listed({key: ENTRIES[value] for key, value in names.items() if value != "-"})
    given = {"cause": Cause.TIMER, "client": Ready(CREDENTIAL), "listed": listed, **known}
    return facts_of(a_resource(wanted, claim, status), **given)


def summary(decision: Decision) -> str:
    """Say in a few words what a decision is."""
    match decision:
        case Rename(target, new_name, description):
            assert description == "text"
            return "rename aside" if (target, new_name) == (TARGET, ASIDE_NAME) else "rename back"
        case Create(target):
            return f"create {target.name}"
        case Delete(target):
            return "delete old" if target == ASIDE else f"delete {target.name}"
        case MakeClaim(claim):
            return f"record {claim.aside.phase.value}" if claim.aside else "drop"
        case Amend(claim, report):
            assert claim.aside is None
            return f"drop, {report.reason}"
        case Report(reason):
            return str(reason)
        case LetGo(notes):
            return f"let go {len(notes)}"
        case _:
            return type(decision).__name__


RENAMING, CREATING, RETURNING = Phase.RENAMING, Phase.CREATING, Phase.RETURNING

STATES = [
    (RENAMING, "old", "-", "rename aside"),
    (RENAMING, "old", "theirs", "drop"),
    (RENAMING, "-", "detached", "record creating"),
    (RENAMING, "-", "-", "drop, MissingRemotely"),
    (RENAMING, "-", "theirs", "drop, MissingRemotely"),
    (RENAMING, "theirs", "-", "drop"),
    (RENAMING, "theirs", "detached", "NameConflict"),
    (RENAMING, "new", "detached", "NameConflict"),
    (CREATING, "-", "detached", "create signing"),
    (CREATING, "-", "-", "drop, MissingRemotely"),
    (CREATING, "-", "theirs", "drop, MissingRemotely"),
    (CREATING, "new", "detached", "Deployed"),
    (CREATING, "new", "-", "Deployed"),
    (CREATING, "theirs", "detached", "NameConflict"),
    (CREATING, "theirs", "-", "drop, MissingRemotely"),
    (CREATING, "old", "-", "drop"),
    (CREATING, "old", "theirs", "drop"),
    (RETURNING, "-", "detached", "rename back"),
    (RETURNING, "detached", "-", "drop"),
    (RETURNING, "theirs", "detached", "NameConflict"),
    (RETURNING, "theirs", "-", "drop, MissingRemotely"),
    (RETURNING, "-", "-", "drop, MissingRemotely"),
    (RETURNING, "new", "detached", "record creating"),
]


@pytest.mark.parametrize(("phase", "name", "aside", "expected"), STATES)
def test_state(phase: Phase, name: str, aside: str, expected: str) -> None:
    assert summary(decide(replacing(phase, name, aside))) == expected


def test_a_replacement_begins_with_its_record() -> None:
    status = a_status(Reason.DEPLOYED, generation=0, remote=a_remote(OLD, kid="old"))
    facts = facts_of(a_resource(NEW, a_claim(OLD), status))
    assert decide(facts) == Look(listed=True)
    facts = replace(facts, listed=Listed({TARGET.name: ENTRIES["old"]}))
    assert decide(facts) == Look(client=True)
    decision = decide(replace(facts, client=Ready(CREDENTIAL)))
    assert isinstance(decision, MakeClaim)
    aside = decision.claim.aside
    assert aside is not None
    assert aside == Aside(aside.name, source_digest(OLD), "", seen_digest("EC", "old"), RENAMING)
    assert aside.name.startswith("signing-replaced-")
    taken = {TARGET.name: ENTRIES["old"], aside.name: ENTRIES["theirs"]}
    other = decide(replace(facts, client=Ready(CREDENTIAL), listed=Listed(taken)))
    assert isinstance(other, MakeClaim)
    assert other.claim.aside is not None
    assert other.claim.aside.name not in taken


@pytest.mark.parametrize(
    ("kid", "known", "expected"),
    [("old", "old", "record returning"), ("theirs", "old", "MissingRemotely"), ("old", None, "MissingRemotely")],
    ids=["ours", "somebody else's", "not known"],
)
def test_a_jwk_that_was_renamed_without_a_record_gets_its_name_back(kid: str, known: str | None, expected: str) -> None:
    strayed = {aside_name(TARGET.name, UID, ()): an_entry(OLD, kid=kid)}
    status = a_status(Reason.DEPLOYED, remote=a_remote(OLD, kid=known))
    facts = facts_of(a_resource(OLD, a_claim(OLD), status), cause=Cause.CHECKUP, listed=Listed(strayed))
    assert summary(decide(facts)) == expected


LOST_NAME = aside_name(TARGET.name, UID, ())


@pytest.mark.parametrize(
    ("step", "refusal", "name", "aside", "old_name", "expected"),
    [
        ("KeepingOld", None, "new", "detached", LOST_NAME, "record creating"),
        ("Created", None, "new", "detached", LOST_NAME, "record creating"),
        ("RenamedAside", None, "-", "detached", LOST_NAME, "record creating"),
        ("RenamedAside", "No.", "-", "detached", LOST_NAME, "record returning"),
        ("KeepingOld", None, "new", "-", LOST_NAME, "drop"),
        ("KeepingOld", None, "new", "detached", "one-of-others", "drop"),
    ],
    ids=["overlap", "to be deleted", "in the middle", "on the way back", "gone meanwhile", "no name of ours"],
)
def test_a_record_that_a_replace_took_away_is_written_again(
    step: Any, refusal: str | None, name: str, aside: str, old_name: str, expected: str
) -> None:
    """Else the old JWK would stay for ever: `kubectl replace` drops the records, and leaves the status."""
    known = ReplacementStatus(step=step, old_name=old_name, keep_old_until=NOW, refusal=refusal)
    made_for = OLD if step == "RenamedAside" else NEW
    remote = a_remote(made_for, kid="old" if made_for is OLD else "new")
    status = a_status(Reason.DEPLOYED, remote=remote, replacement=known)
    listed = {key: ENTRIES[value] for key, value in {TARGET.name: name, old_name: aside}.items() if value != "-"}
    facts = facts_of(a_resource(NEW, None, status), client=Ready(CREDENTIAL), listed=Listed(listed))
    decision = decide(facts)
    assert summary(decision) == expected
    assert isinstance(decision, MakeClaim)
    again = replace(facts, resource=replace(facts.resource, claim=decision.claim, finalizer=True))
    if expected == "record creating":
        assert summary(decide(again)) == ("delete old" if name == "new" else "create signing").replace(
            "delete old", f"delete {LOST_NAME}"
        )


def test_what_drifted_is_not_replaced() -> None:
    status = a_status(Reason.DEPLOYED, generation=0, remote=a_remote(OLD, kid="old"))
    facts = facts_of(a_resource(NEW, a_claim(OLD), status), listed=Listed({TARGET.name: ENTRIES["theirs"]}))
    assert summary(decide(facts)) == "Drifted"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (replacing(RENAMING, "old", spec={"url": "https://old", "updatePolicy": "Replace"}), "drop"),
        (replacing(RENAMING, "old", spec={"updatePolicy": "Immutable"}), "drop"),
        (replacing(RENAMING, "-", "old", spec={"url": "https://old", "updatePolicy": "Replace"}), "record returning"),
        (replacing(CREATING, "-", "old", spec={"url": "https://old", "updatePolicy": "Replace"}), "record returning"),
        (replacing(CREATING, "-", "old", spec={"url": "https://third", "updatePolicy": "Replace"}), "record creating"),
        (replacing(CREATING, "new", "old", spec={"url": "https://third", "updatePolicy": "Replace"}), "Updating"),
        (replacing(CREATING, "-", "old", client=None), "Look"),
        (replacing(RENAMING, "old", client=None), "Look"),
        (replacing(RETURNING, "-", "old", client=None), "Look"),
        (replacing(CREATING, "-", "old", listed=None), "Look"),
        (replacing(CREATING, "-", "old", spec={"suspend": True}), "Suspended"),
    ],
    ids=[
        "back before the renaming",
        "policy changed before the renaming",
        "back after the renaming",
        "back before the creation",
        "a third source before the creation",
        "a third source after the creation",
        "no line to create",
        "no line to rename",
        "no line to return",
        "no list",
        "suspended",
    ],
)
def test_edits_in_the_middle(facts: Facts, expected: str) -> None:
    assert summary(decide(facts)) == expected


# --- the new one is known, the old one is left ------------------------------------------------------------------

_KNOWN: dict[str, Any] = {"remote": a_remote(NEW, kid="new"), "reason": Reason.DEPLOYED}
_UNDEPLOYING: dict[str, Any] = {**_KNOWN, "reason": Reason.REPLACING}
_KEEPING: dict[str, Any] = {**_KNOWN, "spec": {"updatePolicy": "Replace", "replacement": {"keepOldFor": "1h"}}}


def left(step: str, until: timedelta | None = None) -> ReplacementStatus:
    fields = {"step": step, "old_name": ASIDE_NAME, "keep_old_until": NOW + until if until is not None else None}
    return ReplacementStatus.model_validate(fields)


_LACKING = replacing(CREATING, "new", "old", replacement=left("Created"), **_KNOWN)
_FAILING = replace(
    _LACKING,
    resource=replace(
        _LACKING.resource,
        status=_LACKING.resource.status.model_copy(update={"deployment_result": outcomes(prod=False)}),
    ),
)
_HOUR, _OVER = left("KeepingOld", timedelta(hours=1)), left("KeepingOld", -timedelta(seconds=1))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (replacing(CREATING, "new", "old", replacement=left("Created"), **_KNOWN), "delete old"),
        (replacing(CREATING, "new", "old", replacement=left("Created"), listed=None, **_KNOWN), "Look"),
        (replacing(CREATING, "new", "old", replacement=left("Created"), client=None, **_KNOWN), "Look"),
        (replacing(CREATING, "new", "-", replacement=left("Created"), **_KNOWN), "drop"),
        (replacing(CREATING, "new", "theirs", replacement=left("Created"), **_KNOWN), "drop"),
        (replacing(CREATING, "new", "-", replacement=left("Created"), **_UNDEPLOYING), "delete old"),
        (replacing(CREATING, "new", "theirs", replacement=left("Created"), **_UNDEPLOYING), "drop"),
        (_FAILING, "DeploymentFailed"),
        (replacing(CREATING, "-", "old", replacement=left("Created"), **_KNOWN), "create signing"),
        (replacing(CREATING, "theirs", "old", replacement=left("Created"), **_KNOWN), "NameConflict"),
        (replacing(CREATING, "-", "-", replacement=left("Created"), **_KNOWN), "drop"),
        (replacing(CREATING, "new", "old", replacement=_HOUR, **_KEEPING), "Rest"),
        (replacing(CREATING, "new", "old", replacement=_HOUR, cause=Cause.CHECKUP, **_KEEPING), "Deployed"),
        (replacing(CREATING, "-", "old", replacement=_HOUR, cause=Cause.CHECKUP, **_KEEPING), "MissingRemotely"),
        (replacing(CREATING, "new", "old", replacement=_OVER, **_KEEPING), "delete old"),
        (replacing(CREATING, "new", "old", replacement=_HOUR, **_KNOWN), "delete old"),
        (
            replacing(
                CREATING,
                "new",
                "old",
                replacement=_HOUR,
                cause=Cause.DEPENDENCY,
                **{**_KEEPING, "spec": {**_KEEPING["spec"], "url": "https://third"}},
            ),
            "delete old",
        ),
    ],
    ids=[
        "at once",
        "no list",
        "no line",
        "gone already",
        "somebody else's by now",
        "environments failed to undeploy it",
        "environments failed to undeploy it, and the name is somebody else's by now",
        "an environment lacks the new one",
        "the new one is missing by now",
        "the new one's name is somebody else's by now",
        "both are missing by now",
        "the overlap lasts",
        "the overlap lasts, check-up",
        "the new one is missing",
        "the overlap is over",
        "the overlap is not wished for any more",
        "a third source",
    ],
)
def test_the_end_of_the_old_one(facts: Facts, expected: str) -> None:
    assert summary(decide(facts)) == expected


def test_a_status_that_tells_of_a_replacement_that_is_over_is_put_right() -> None:
    facts = replacing(CREATING, "new", replacement=left("Created"), **_KNOWN)
    claim = facts.resource.claim
    assert claim is not None
    facts = replace(facts, resource=replace(facts.resource, claim=replace(claim, aside=None)))
    assert summary(decide(facts)) == "Deployed"


# --- deletion in the middle ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "name", "aside", "expected"),
    [
        (RENAMING, "old", "-", "delete signing"),
        (RENAMING, "-", "old", "delete old"),
        (RENAMING, "theirs", "old", "delete old"),
        (RENAMING, "theirs", "-", "let go 1"),
        (RENAMING, "-", "-", "let go 0"),
        (CREATING, "-", "old", "delete old"),
        (CREATING, "new", "old", "delete signing"),
        (CREATING, "new", "-", "delete signing"),
        (CREATING, "theirs", "old", "delete old"),
        (CREATING, "-", "theirs", "let go 0"),
        (RETURNING, "-", "old", "delete old"),
        (RETURNING, "old", "-", "delete signing"),
        (RETURNING, "theirs", "old", "delete old"),
    ],
)
def test_deletion(phase: Phase, name: str, aside: str, expected: str) -> None:
    facts = replacing(phase, name, aside)
    assert summary(decide(replace(facts, resource=replace(facts.resource, deleting=True)))) == expected
    kept = decide(replace(facts, resource=replace(facts.resource, deleting=True, retain=True)))
    assert isinstance(kept, LetGo)
    assert [note.reason for note in kept.notes] == ["Replacing"]


# --- answers --------------------------------------------------------------------------------------------------------

OK = replace(ANSWERS[Verdict.OK], deployment=deployment(prod=True))
_RENAME, _RETURN = Rename(TARGET, ASIDE_NAME, "text"), Rename(ASIDE, TARGET.name, "text")
_BEFORE, _AFTER = replacing(RENAMING, "old"), replacing(CREATING, "-", "detached")
_TRIED = replace(
    _AFTER, resource=replace(_AFTER.resource, status=_AFTER.resource.status.model_copy(update={"failures": 3}))
)
_BACK = replacing(RETURNING, "-", "detached")
_REFUSAL = left("RenamedAside").model_copy(update={"refusal": "Apinizer rejected the request: no"})
_REFUSED = replacing(RETURNING, "-", "detached", replacement=_REFUSAL)
_FORBIDDEN = replacing(
    RETURNING,
    "-",
    "detached",
    replacement=_REFUSAL.model_copy(update={"refusal_reason": Reason.FORBIDDEN}),
)
_LAST = replacing(CREATING, "new", "old", replacement=left("Created"), **_KNOWN)
_EDITED = replacing(CREATING, "new", "old", spec={"description": "edited"}, replacement=left("Created"), **_KNOWN)
"""The description was edited while the new JWK was being created: it was made with the one before."""
_REMOVE = Delete(ASIDE)


def told(conclusion: Conclusion) -> tuple[str, str, bool]:
    """What becomes of the record, the reason, and whether there is a next attempt."""
    assert conclusion.report is not None
    assert not conclusion.disclaim
    assert not conclusion.let_go
    claim = conclusion.claim
    record = "as it is" if claim is None else claim.aside.phase.value if claim.aside else "dropped"
    return record, str(conclusion.report.reason), conclusion.report.delay is not None


@pytest.mark.parametrize(
    ("call", "facts", "answer", "expected"),
    [
        (_RENAME, _BEFORE, OK, ("as it is", "Replacing", True)),
        (_RENAME, _BEFORE, ANSWERS[Verdict.EXISTS], ("dropped", "Replacing", True)),
        (_RENAME, _BEFORE, ANSWERS[Verdict.MISSING], ("as it is", "Replacing", True)),
        (_RENAME, _BEFORE, ANSWERS[Verdict.REJECTED], ("dropped", "Rejected", False)),
        (_RENAME, _BEFORE, ANSWERS[Verdict.FORBIDDEN], ("as it is", "Forbidden", False)),
        (_RENAME, _BEFORE, ANSWERS[Verdict.UNREACHABLE], ("as it is", "Unreachable", True)),
        (Create(TARGET), _AFTER, OK, ("as it is", "Deployed", True)),
        (Create(TARGET), _AFTER, ANSWERS[Verdict.EXISTS], ("as it is", "Creating", True)),
        (Create(TARGET), replace(_AFTER, claimed_now=True), ANSWERS[Verdict.EXISTS], ("as it is", "Creating", True)),
        (Create(TARGET), _TRIED, ANSWERS[Verdict.EXISTS], ("returning", "Replacing", True)),
        (Create(TARGET), _AFTER, ANSWERS[Verdict.REJECTED], ("returning", "Replacing", True)),
        (Create(TARGET), _AFTER, ANSWERS[Verdict.FORBIDDEN], ("returning", "Replacing", True)),
        (Create(TARGET), _AFTER, ANSWERS[Verdict.UNAUTHORIZED], ("as it is", "Unauthorized", False)),
        (Create(TARGET), _AFTER, ANSWERS[Verdict.PROJECT_MISSING], ("as it is", "ProjectNotFound", False)),
        (Create(TARGET), _AFTER, ANSWERS[Verdict.SERVER_ERROR], ("as it is", "ServerError", True)),
        (_RETURN, _BACK, OK, ("dropped", "Updating", True)),
        (_RETURN, _REFUSED, OK, ("dropped", "Rejected", False)),
        (_RETURN, _FORBIDDEN, OK, ("dropped", "Forbidden", False)),
        (_RETURN, _REFUSED, ANSWERS[Verdict.EXISTS], ("as it is", "Replacing", True)),
        (_RETURN, _REFUSED, ANSWERS[Verdict.REJECTED], ("as it is", "Replacing", True)),
        (_RETURN, _REFUSED, ANSWERS[Verdict.MISSING], ("as it is", "Replacing", True)),
        (_RETURN, _REFUSED, ANSWERS[Verdict.UNAUTHORIZED], ("as it is", "Unauthorized", False)),
        (_REMOVE, _LAST, OK, ("dropped", "Deployed", False)),
        (_REMOVE, _LAST, ANSWERS[Verdict.MISSING], ("dropped", "Deployed", False)),
        (_REMOVE, _EDITED, OK, ("dropped", "Updating", True)),
        (
            _REMOVE,
            _LAST,
            replace(OK, deployment=deployment(prod=True, test=False)),
            ("as it is", "Replacing", True),
        ),
        (_REMOVE, _LAST, ANSWERS[Verdict.UNREACHABLE], ("as it is", "Unreachable", True)),
    ],
)
def test_answers(call: Call, facts: Facts, answer: Answer, expected: tuple[str, str, bool]) -> None:
    assert told(conclude(call, facts, answer)) == expected


def test_what_the_status_shows_on_the_way() -> None:
    renamed = conclude(_RENAME, _BEFORE, OK).report
    assert renamed is not None
    assert renamed.replacement == left("RenamedAside")
    assert isinstance(renamed.remote, RemoteStatus)
    assert renamed.remote.source_detached is True
    refused = conclude(Create(TARGET), _AFTER, ANSWERS[Verdict.REJECTED]).report
    assert refused is not None
    assert isinstance(refused.replacement, ReplacementStatus)
    assert refused.replacement.refusal == "Apinizer rejected the request: Certificate (name: cert) is not found!"
    assert refused.replacement.refusal_reason is Reason.REJECTED
    back = conclude(_RETURN, _REFUSED, OK).report
    assert back is not None
    assert back.message == "Apinizer rejected the request: no. The old JWK has its name back."
    assert back.replacement is None
    created = conclude(Create(TARGET), _AFTER, OK)
    assert created.report is not None
    assert created.report.replacement == left("Created")
    assert created.report.delay == 0
    assert [note.reason for note in created.notes] == ["Replaced"]
    kept = conclude(Create(TARGET), replacing(CREATING, "-", "old", spec=_KEEPING["spec"]), OK).report
    assert kept is not None
    assert kept.replacement == _HOUR
    assert kept.delay is None


def test_a_resource_that_goes_lets_go_only_when_the_list_shows_neither() -> None:
    facts = replacing(CREATING, "new", "old")
    facts = replace(facts, resource=replace(facts.resource, deleting=True))
    for answer in (OK, ANSWERS[Verdict.MISSING]):
        first = conclude(Delete(TARGET), facts, answer)
        assert told(first) == ("as it is", "Deleting", True)
        assert first.report is not None
        assert first.report.remote is None
        second = conclude(_REMOVE, facts, answer)
        assert told(second) == ("as it is", "Deleting", True)
        assert second.report is not None
        assert second.report.remote is Keep.AS_IS


def test_another_manager_in_the_middle() -> None:
    def moved(facts: Facts) -> Facts:
        claim = facts.resource.claim
        assert claim is not None
        claim = replace(claim, address="other")
        return replace(facts, address="https://here", resource=replace(facts.resource, claim=claim))

    assert summary(decide(moved(replacing(CREATING, "-", "old")))) == "record creating"
    assert summary(decide(moved(replacing(CREATING, "-", "-")))) == "drop"
    assert isinstance(decide(moved(replacing(CREATING, "theirs", "-"))), Disclaim)
    assert decide(moved(replacing(CREATING, "-", "old", listed=None))) == Look(listed=True)


def test_a_key_from_a_secret_counts_by_its_digest() -> None:
    fields = {"jwkStr": None, "jwkStrFrom": {"secretKeyRef": {"name": "s", "key": "k"}}, "updatePolicy": "Replace"}
    spec = a_spec("COPY_PASTE", **fields)
    remote = a_remote(spec, key_digest="first", kid="k1", type="EC")
    resource = a_resource(spec, a_claim(spec), a_status(Reason.DEPLOYED, remote=remote))
    entry = RemoteEntry("", "COPY_PASTE", None, "EC", "k1")
    facts = facts_of(resource, cause=Cause.DEPENDENCY, secret_news=True)
    assert decide(facts) == Look(key=True)
    same = decide(replace(facts, key=replace(KEY, digest="first", secret_version="7")))
    assert isinstance(same, Look | Report)
    other = replace(facts, key=replace(KEY, digest="second"), client=Ready(CREDENTIAL))
    assert decide(other) == Look(listed=True)
    begun = decide(replace(other, listed=Listed({TARGET.name: entry})))
    assert isinstance(begun, MakeClaim)
    assert begun.claim.aside is not None
    assert begun.claim.aside.key == "first"
