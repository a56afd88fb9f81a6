"""Cases for the decision about a living resource: what is known, and the one step that must follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jwk_operator.api.names import RemoteName
from jwk_operator.api.reasons import Reason
from jwk_operator.api.status import RemoteStatus
from jwk_operator.reconcile.state import (
    Cause,
    Create,
    Decision,
    Disclaim,
    Facts,
    Keep,
    Look,
    MakeClaim,
    Problem,
    Report,
    Rest,
)
from unit.builders import (
    DOWN,
    KEY,
    LATER,
    NOW,
    TARGET,
    a_claim,
    a_remote,
    a_resource,
    a_spec,
    claimed,
    facts_of,
    listed,
    looked,
    new,
    outcomes,
    owned,
    retried,
    stalled,
)

R = Reason

Case = tuple[str, Facts, Decision]

AS_IS = Keep.AS_IS
SUSPENDED = "Nothing is changed in Apinizer while spec.suspend is true."
EXISTS = (
    'JWK "signing" in project "shop" exists already and was not created by this resource; set spec.adoptionPolicy to '
    "IfMatching to take it over, remove it in Apinizer, or create this resource anew with another spec.name"
)
CANNOT = (
    "The remote JWK cannot be changed to what the spec says: {}. Change it back, set spec.updatePolicy to Replace, or "
    "delete and create anew."
)
LOST = "The JWK exists; what its environments have is unknown, because the answer to the call was lost."
MISSING = 'JWK "signing" in project "shop" is missing in Apinizer; it is created again.'
OTHER = RemoteName("shop", "other")


def problem(reason: R, message: str = "Mend it.", retry_after: float | None = None) -> Problem:
    return Problem(reason, message, retry_after)


def suspended(*, deployed: bool | Keep, synced: bool | Keep = AS_IS) -> Report:
    return Report(R.SUSPENDED, SUSPENDED, ready=AS_IS, synced=synced, deployed=deployed)


def deployed(facts: Facts, message: str, **rest: Any) -> Report:
    """The remote JWK is as wished, with what is recorded of it."""
    status = facts.resource.status
    known: dict[str, Any] = {"remote": status.remote, "deployment": status.deployment_result, "deployed": True}
    return Report(**{"reason": R.DEPLOYED, "message": message, "ready": True, "synced": True, **known, **rest})


# --- what is asked of every living resource ---------------------------------------------------------------------

_PLAIN = a_resource(a_spec())
_RESTING = owned(deployment=outcomes(prod=True))
_STALE = {"observed_generation": 0}

GATES: list[Case] = [
    ("suspended, never created", new(spec={"suspend": True}), suspended(deployed=False)),
    ("suspended, owned", owned(spec={"suspend": True}), suspended(deployed=AS_IS)),
    (
        "suspended, its description was edited",
        owned(spec={"suspend": True}, remote={"description": "before"}),
        suspended(deployed=AS_IS, synced=False),
    ),
    (
        "suspended, its source was edited",
        owned(spec={"suspend": True}, remote={"source_digest": "before"}),
        suspended(deployed=AS_IS, synced=False),
    ),
    ("suspended, unreadable", facts_of(a_resource(None, suspended=True)), suspended(deployed=False)),
    (
        "unreadable spec",
        facts_of(a_resource(None)),
        stalled(R.INVALID_SPEC, "The spec cannot be read: spec.sourceType: Field required."),
    ),
    ("settled, event", _RESTING, Rest()),
    ("settled, timer", replace(_RESTING, cause=Cause.TIMER), Rest()),
    ("settled, start", replace(_RESTING, cause=Cause.START), Rest()),
    ("settled, check-up", replace(_RESTING, cause=Cause.CHECKUP), Look(listed=True)),
    (
        "settled, dependency changed",
        replace(_RESTING, cause=Cause.DEPENDENCY),
        deployed(_RESTING, "Deployed to 1 environment."),
    ),
    ("settled, asked for a look", owned(resource={"reconcile_requested": "now"}), Look(listed=True)),
    (
        "asked for a look that was taken",
        owned(resource={"reconcile_requested": "x"}, status={"last_handled_reconcile_at": "x"}),
        Rest(),
    ),
    (
        "suspended before",
        owned(reason=R.SUSPENDED, deployment=outcomes(prod=True)),
        deployed(_RESTING, "Deployed to 1 environment."),
    ),
    ("waits for its time", owned(reason=R.UNREACHABLE, status={"next_attempt_at": LATER}), Rest(LATER)),
    (
        "waits for its time, check-up",
        owned(reason=R.UNREACHABLE, status={"next_attempt_at": LATER}, cause=Cause.CHECKUP),
        Rest(LATER),
    ),
    ("its time has come", claimed(), Look(listed=True)),
    (
        "its time is now",
        owned(reason=R.UNREACHABLE, status={"next_attempt_at": NOW}),
        deployed(owned(), LOST, deployed=None),
    ),
    (
        "edited while it waits",
        owned(reason=R.UNREACHABLE, status={"next_attempt_at": LATER}, resource={"generation": 2}),
        deployed(owned(), LOST, deployed=None),
    ),
    ("stalled, event", new(reason=R.NAME_CONFLICT), Rest()),
    ("stalled, timer", new(reason=R.NAME_CONFLICT, cause=Cause.TIMER), Rest()),
    ("stalled, check-up", new(reason=R.NAME_CONFLICT, cause=Cause.CHECKUP), Look(listed=True)),
    ("stalled, start", new(reason=R.NAME_CONFLICT, cause=Cause.START), Look(listed=True)),
    ("rejected, check-up", new(reason=R.REJECTED, cause=Cause.CHECKUP), Rest()),
    ("rejected, start", new(reason=R.REJECTED, cause=Cause.START), Rest()),
    ("rejected, dependency changed", new(reason=R.REJECTED, cause=Cause.DEPENDENCY), Look(listed=True)),
    (
        "replacement rejected, dependency changed",
        owned(
            reason=R.REJECTED,
            cause=Cause.DEPENDENCY,
            spec={"updatePolicy": "Replace"},
            remote={"source_digest": "0"},
        ),
        Rest(),
    ),
    (
        "replacement rejected, asked for a look",
        owned(
            reason=R.REJECTED,
            spec={"updatePolicy": "Replace"},
            remote={"source_digest": "0"},
            resource={"reconcile_requested": "now"},
        ),
        Look(listed=True),
    ),
    *(
        (f"blocked by {reason}", facts_of(_PLAIN, target=None, problem=problem(reason)), stalled(reason, "Mend it."))
        for reason in (R.CONNECTION_NOT_FOUND, R.CONNECTION_NOT_ALLOWED, R.PROJECT_NOT_SET, R.INVALID_SPEC)
    ),
    (
        "blocked, owned",
        owned(problem=problem(R.CONNECTION_NOT_FOUND), cause=Cause.DEPENDENCY),
        stalled(R.CONNECTION_NOT_FOUND, "Mend it.", deployed=AS_IS),
    ),
    (
        "blocked as before",
        new(reason=R.CONNECTION_NOT_FOUND, problem=problem(R.CONNECTION_NOT_FOUND), cause=Cause.CHECKUP),
        stalled(R.CONNECTION_NOT_FOUND, "Mend it.", note=False),
    ),
    (
        "a rival has the name",
        new(rival="other/signing"),
        stalled(
            R.NAME_CONFLICT,
            'JWK "signing" in project "shop" belongs to resource other/signing; remove one of the two, or create this '
            "resource anew with another spec.name",
        ),
    ),
]

# --- nothing claimed yet, then claimed ---------------------------------------------------------------------------

_URL = a_spec()
_PASTE = a_spec("COPY_PASTE")
_SENT = claimed()

NEW: list[Case] = [
    ("key not read", new("COPY_PASTE"), Look(key=True)),
    ("key is bad", new("COPY_PASTE", key=problem(R.INVALID_KEY)), stalled(R.INVALID_KEY, "Mend it.")),
    ("no Secret", new("COPY_PASTE", key=problem(R.SECRET_NOT_FOUND)), stalled(R.SECRET_NOT_FOUND, "Mend it.")),
    (
        "no key in it",
        new("COPY_PASTE", key=problem(R.SECRET_KEY_NOT_FOUND)),
        stalled(R.SECRET_KEY_NOT_FOUND, "Mend it."),
    ),
    ("key is good", new("COPY_PASTE", key=KEY), Look(listed=True)),
    ("list not read", new(), Look(listed=True)),
    ("list not answered", new(listed=DOWN), retried(R.UNREACHABLE, DOWN.message, 1.0)),
    ("list fails", new(listed=problem(R.SERVER_ERROR)), retried(R.SERVER_ERROR, "Mend it.", 1.0)),
    (
        "list told to wait",
        new(listed=problem(R.RATE_LIMITED, "Slowly.", 30)),
        retried(R.RATE_LIMITED, "Slowly.", 31.0, failed=False),
    ),
    *(
        (f"list says {reason}", new(listed=problem(reason)), stalled(reason, "Mend it."))
        for reason in (R.UNAUTHORIZED, R.FORBIDDEN, R.PROJECT_NOT_FOUND)
    ),
    (
        "list not to be had, as the connection tells itself",
        new(listed=Problem(R.SECRET_NOT_FOUND, "Mend it.", of_connection=True)),
        stalled(R.SECRET_NOT_FOUND, "Mend it.", note=False),
    ),
    ("name is taken", listed(new()), stalled(R.NAME_CONFLICT, EXISTS)),
    ("name is free", new(**looked()), MakeClaim(a_claim(_URL))),
    ("name is free for a key", new("COPY_PASTE", key=KEY, **looked()), MakeClaim(a_claim(_PASTE, KEY))),
]

_RECOVERED = a_remote(_URL, type="EC", kid="k1", observed_at=NOW)
_RECOVERED_KEY = a_remote(_PASTE, type="EC", kid="k1", thumbprint="thumb", observed_at=NOW)


def _found(remote: RemoteStatus) -> Report:
    message = "The JWK exists, though the answer to the create call was lost; what is left to do follows."
    return Report(R.UPDATING, message, synced=False, deployed=None, remote=remote, deployment=None, delay=0)


CLAIMED: list[Case] = [
    ("list not read", _SENT, Look(listed=True)),
    ("list not answered", replace(_SENT, listed=DOWN), retried(R.UNREACHABLE, DOWN.message, 4.0)),
    ("absent", replace(_SENT, **looked()), Create(TARGET)),
    ("absent, key not read", claimed("COPY_PASTE", **looked()), Look(key=True)),
    (
        "absent, key is bad",
        claimed("COPY_PASTE", key=problem(R.INVALID_KEY), **looked()),
        stalled(R.INVALID_KEY, "Mend it."),
    ),
    ("absent, key read", claimed("COPY_PASTE", key=KEY, **looked()), Create(TARGET)),
    ("absent, description edited", claimed(old={"description": "old"}, **looked()), MakeClaim(a_claim(_URL))),
    ("absent, source edited", claimed(old={"url": "https://old"}, **looked()), MakeClaim(a_claim(_URL))),
    ("somebody else's", listed(_SENT, description="theirs"), Disclaim(stalled(R.NAME_CONFLICT, EXISTS))),
    ("somebody else's type", listed(_SENT, source_type="KEYSTORE"), Disclaim(stalled(R.NAME_CONFLICT, EXISTS))),
    (
        "somebody else's key",
        listed(claimed("COPY_PASTE", key=KEY), kid="k2"),
        Disclaim(stalled(R.NAME_CONFLICT, EXISTS)),
    ),
    ("ours, link stays", listed(_SENT), deployed(_SENT, LOST, deployed=None, remote=_RECOVERED, deployment=None)),
    (
        "ours, environments required",
        listed(claimed(spec={"requiredEnvironments": ["prod"]})),
        stalled(
            R.DEPLOYMENT_FAILED,
            f"{LOST} spec.redeployPolicy: Always deploys it again.",
            synced=True,
            deployed=None,
            remote=_RECOVERED,
            deployment=None,
        ),
    ),
    ("ours, key not read", listed(claimed("COPY_PASTE")), Look(key=True)),
    ("ours, repaired", listed(claimed("COPY_PASTE", key=KEY)), _found(_RECOVERED_KEY)),
    (
        "ours, key is bad by now",
        listed(claimed("COPY_PASTE", key=problem(R.INVALID_KEY))),
        _found(_RECOVERED_KEY.model_copy(update={"thumbprint": None})),
    ),
    ("ours, Always", listed(claimed(spec={"redeployPolicy": "Always"})), _found(_RECOVERED)),
    (
        "ours, description edited since",
        listed(claimed(spec={"description": "new"}, old={"description": "old"}), description="old"),
        _found(_RECOVERED.model_copy(update={"description": "old"})),
    ),
    (
        "ours, source edited since",
        listed(claimed(old={"url": "https://old"}), source_url="https://old"),
        stalled(
            R.REPLACEMENT_REQUIRED,
            CANNOT.format("its source was edited while it was being created"),
            deployed=False,
            remote=_RECOVERED.model_copy(update={"source_digest": a_claim(a_spec(url="https://old")).source}),
        ),
    ),
]

LIVING: list[Case] = [
    (f"{group}: {name}", facts, decision)
    for group, cases in {"any": GATES, "new": NEW, "claimed": CLAIMED}.items()
    for name, facts, decision in cases
]
