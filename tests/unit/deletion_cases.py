"""Cases for the decision about a resource that is being deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jwk_operator.api.names import RemoteName
from jwk_operator.api.reasons import Reason
from jwk_operator.reconcile.state import Cause, Decision, Delete, Facts, Keep, LetGo, Look, Note, Problem, Ready, Rest
from unit.builders import (
    CREDENTIAL,
    DOWN,
    LATER,
    TARGET,
    a_claim,
    a_resource,
    a_spec,
    an_entry,
    claimed,
    facts_of,
    listed,
    looked,
    owned,
    retried,
    stalled,
)

R = Reason

GONE: dict[str, Any] = {"deleting": True}
AS_IS = Keep.AS_IS
NOT_OURS = Note(
    warning=True,
    reason="Drifted",
    message='Let go without deleting JWK "signing" in project "shop" in Apinizer, because it is not the one that this '
    "resource made.",
)
ELSEWHERE = (
    'The remote JWK cannot be deleted: it is "signing" in project "shop", while the connection and the spec now name '
    '"signing" in project "bank". Mend that; spec.deletionPolicy: Retain lets the resource go at once and leaves the '
    "remote JWK as it is."
)
LINE = Ready(CREDENTIAL)
LOSING = 'Let go without deleting JWK "signing" in project "shop" in Apinizer, because spec.suspend is true.'
BLOCKED = (
    "The remote JWK cannot be deleted: Mend it. Mend that; spec.deletionPolicy: Retain lets the resource go at once "
    "and leaves the remote JWK as it is."
)


def going(facts: Facts) -> Facts:
    """The same facts with the resource being deleted."""
    return replace(facts, resource=replace(facts.resource, deleting=True))


def blocked(*, deployed: bool | Keep = AS_IS) -> Decision:
    return stalled(R.DELETION_BLOCKED, BLOCKED, deployed=deployed)


def mend(reason: R) -> Problem:
    return Problem(reason, "Mend it.")


_WAITING: dict[str, Any] = {"reason": R.DELETING, "resource": GONE, "status": {"next_attempt_at": LATER, "failures": 1}}
_BLOCKED: dict[str, Any] = {"reason": R.DELETION_BLOCKED, "resource": GONE}

_CASES: list[tuple[str, Facts, Decision]] = [
    ("no finalizer", facts_of(a_resource(a_spec(), **GONE)), Rest()),
    ("finalizer without a claim", facts_of(a_resource(a_spec(), deleting=True, finalizer=True)), LetGo()),
    ("Retain", owned(spec={"deletionPolicy": "Retain"}, resource=GONE), LetGo()),
    ("Retain, unreadable spec", facts_of(a_resource(None, a_claim(a_spec()), retain=True, **GONE)), LetGo()),
    (
        "suspended",
        owned(spec={"suspend": True}, resource=GONE),
        LetGo((Note(warning=False, reason="Suspended", message=LOSING),)),
    ),
    ("waits for its time", owned(**_WAITING), Rest(LATER)),
    ("waits, but the connection changed", owned(**_WAITING, cause=Cause.DEPENDENCY, client=LINE), Look(listed=True)),
    ("environments failed, not listed", owned(reason=R.DELETING, resource=GONE, **looked()), Delete(TARGET)),
    ("environments failed, listed", listed(owned(reason=R.DELETING, resource=GONE)), Delete(TARGET)),
    (
        "environments failed, somebody else has the name by now",
        listed(owned(reason=R.DELETING, resource=GONE, remote={"kid": "ours"}), kid="theirs"),
        LetGo((NOT_OURS,)),
    ),
    (
        "an update call may have changed what its source looks like, unanswered",
        listed(owned(reason=R.UNREACHABLE, resource=GONE), source_type="COPY_PASTE", source_url=None),
        Delete(TARGET),
    ),
    (
        "an update call may have changed what its source looks like, untold",
        listed(
            owned(resource=GONE, spec={"description": "new"}, remote={"description": "old"}),
            source_type="COPY_PASTE",
            source_url=None,
        ),
        Delete(TARGET),
    ),
    (
        "another source, and no update call",
        listed(owned(resource=GONE), source_type="KEYSTORE", source_url=None),
        LetGo((NOT_OURS,)),
    ),
    ("blocked, event", owned(**_BLOCKED), Rest()),
    ("blocked, timer", owned(**_BLOCKED, cause=Cause.TIMER), Rest()),
    ("blocked, check-up", owned(**_BLOCKED, cause=Cause.CHECKUP), Look(client=True)),
    ("blocked, start", owned(**_BLOCKED, cause=Cause.START), Look(client=True)),
    ("blocked, dependency changed", owned(**_BLOCKED, cause=Cause.DEPENDENCY), Look(client=True)),
    ("no connection", owned(resource=GONE, problem=mend(R.CONNECTION_NOT_FOUND)), blocked()),
    ("line not open", owned(resource=GONE), Look(client=True)),
    ("no token", owned(resource=GONE, client=mend(R.SECRET_NOT_FOUND)), blocked()),
    ("owned, list not read", owned(resource=GONE, client=LINE), Look(listed=True)),
    ("owned", listed(owned(resource=GONE)), Delete(TARGET)),
    ("owned, gone already", owned(resource=GONE, **looked()), LetGo()),
    ("owned, description changed by others", listed(owned(resource=GONE), description="theirs"), Delete(TARGET)),
    (
        "owned, source edited and not replaced yet",
        listed(owned(resource=GONE, remote={"source_digest": "0"}), source_url="https://old"),
        Delete(TARGET),
    ),
    (
        "owned, somebody else has the name by now",
        listed(owned(resource=GONE, remote={"kid": "ours"}), kid="theirs"),
        LetGo((NOT_OURS,)),
    ),
    (
        "owned, unreadable spec",
        facts_of(
            a_resource(None, a_claim(a_spec(description="of old")), owned().resource.status, **GONE),
            **looked(an_entry(a_spec())),
        ),
        Delete(TARGET),
    ),
    (
        "owned, connection names another target",
        owned(resource=GONE, client=LINE, target=RemoteName("bank", "signing")),
        stalled(R.DELETION_BLOCKED, ELSEWHERE, deployed=AS_IS),
    ),
    ("owned by an older resource, too", owned(resource=GONE, client=LINE, rival="other/one"), LetGo()),
    ("owned, drifted, list not read", owned(reason=R.DRIFTED, resource=GONE, client=LINE), Look(listed=True)),
    ("owned, drifted, missing meanwhile", owned(reason=R.DRIFTED, resource=GONE, **looked()), LetGo()),
    (
        "owned, drifted, still another key",
        listed(owned(reason=R.DRIFTED, remote={"kid": "ours"}, resource=GONE), kid="theirs"),
        LetGo((NOT_OURS,)),
    ),
    ("owned, drifted, ours again", listed(owned(reason=R.DRIFTED, resource=GONE)), Delete(TARGET)),
    ("claimed, list not read", going(claimed(client=LINE)), Look(listed=True)),
    (
        "claimed, list not answered",
        going(claimed(client=LINE, listed=DOWN)),
        retried(R.UNREACHABLE, DOWN.message, 4.0),
    ),
    ("claimed, no permission", going(claimed(client=LINE, listed=mend(R.FORBIDDEN))), blocked(deployed=False)),
    ("claimed, absent", going(claimed(**looked())), LetGo()),
    ("claimed, somebody else's", going(listed(claimed(), description="theirs")), LetGo((NOT_OURS,))),
    ("claimed, ours", going(listed(claimed())), Delete(TARGET)),
    (
        "claimed, ours, spec edited",
        going(listed(claimed(old={"description": "old"}), description="old")),
        Delete(TARGET),
    ),
]

DELETIONS = [(f"deletion: {name}", facts, decision) for name, facts, decision in _CASES]
