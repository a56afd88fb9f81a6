"""Cases for the decision on a connection that allows reading alone."""

from __future__ import annotations

from dataclasses import replace

from jwk_operator.api.reasons import Reason
from jwk_operator.reconcile.state import Cause, Decision, Facts, Keep, LetGo, Look, Report
from unit.adoption_cases import adopting
from unit.builders import a_spec, an_entry, claimed, facts_of, listed, looked, new, outcomes, owned, stalled
from unit.decide_cases import EXISTS, Case, deployed
from unit.deletion_cases import GONE, going
from unit.owned_cases import seen
from unit.test_replacing import CREATING, RENAMING, RETURNING, replacing

R = Reason
JWK = 'JWK "signing" in project "shop"'
HINT = "Mend that; spec.deletionPolicy: Retain lets the resource go at once and leaves the remote JWK as it is."
FAILS = outcomes(prod=True, test=False)


def reading(facts: Facts) -> Facts:
    return replace(facts, read_only=True)


def would(what: str, *, owns: bool = True) -> Report:
    return Report(R.READ_ONLY, f"The connection is read-only: {what}.", deployed=Keep.AS_IS if owns else False)


_REPLACE = {"updatePolicy": "Replace"}
_OTHER_SOURCE = seen(spec=_REPLACE, remote={"source_digest": "0"})

_CASES: list[tuple[str, Facts, Decision]] = [
    ("looks are made", new(), Look(listed=True)),
    ("create", new(**looked()), would(f"{JWK} would be created", owns=False)),
    ("create, claimed before", claimed(**looked()), would(f"{JWK} would be created", owns=False)),
    ("take over", adopting(), would(f"{JWK} would be taken over", owns=False)),
    (
        "description",
        seen(spec={"description": "new"}, remote={"description": "old"}),
        would(f"the description of {JWK} would change"),
    ),
    ("deploy again", seen("COPY_PASTE", deployment=FAILS), would(f"{JWK} would be deployed again")),
    ("replace", _OTHER_SOURCE, would(f"{JWK} would be replaced by a new one")),
    ("replace, rename", replacing(RENAMING, "old"), would(f'{JWK} would be renamed to "signing-replaced-0"')),
    ("replace, renamed", replacing(RENAMING, "-", "old"), would(f"{JWK} would be replaced by a new one")),
    ("replace, create", replacing(CREATING, "-", "old"), would(f"{JWK} would be created")),
    (
        "replace, return",
        replacing(RETURNING, "-", "old"),
        would('JWK "signing-replaced-0" in project "shop" would be renamed to "signing"'),
    ),
    (
        "missing",
        replace(owned(cause=Cause.CHECKUP), **looked()),
        replace(
            would(f"{JWK} is missing in Apinizer and would be created again", owns=False), remote=None, deployment=None
        ),
    ),
    (
        "nothing to do",
        owned(cause=Cause.DEPENDENCY, deployment=outcomes(prod=True)),
        deployed(owned(deployment=outcomes(prod=True)), "Deployed to 1 environment."),
    ),
    ("told before", owned(reason=R.READ_ONLY, cause=Cause.CHECKUP), Look(listed=True)),
    (
        "delete",
        listed(owned(resource=GONE)),
        stalled(
            R.DELETION_BLOCKED,
            f"The remote JWK cannot be deleted: its connection is read-only, and {JWK} would be deleted. {HINT}",
            deployed=Keep.AS_IS,
        ),
    ),
    ("delete, gone already", owned(resource=GONE, **looked()), LetGo()),
    ("delete, never created", going(claimed(**looked())), LetGo()),
    (
        "conflict",
        replace(facts_of(new().resource), **looked(an_entry(a_spec()))),
        stalled(
            R.NAME_CONFLICT,
            EXISTS,
        ),
    ),
]

READING: list[Case] = [(f"read-only: {name}", reading(facts), decision) for name, facts, decision in _CASES]
