"""Cases for the decision about a resource whose remote JWK is known to be its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jwk_operator.api.reasons import Reason
from jwk_operator.reconcile.state import (
    Cause,
    Facts,
    Look,
    Note,
    Ready,
    Report,
    Rest,
    Update,
)
from unit.builders import (
    CREDENTIAL,
    DOWN,
    EARLIER,
    NOW,
    TARGET,
    a_remote,
    a_spec,
    listed,
    looked,
    outcomes,
    owned,
    retried,
    stalled,
)
from unit.decide_cases import AS_IS, CANNOT, LOST, MISSING, OTHER, Case, deployed, problem

R = Reason

_URL = a_spec()
_PASTE = a_spec("COPY_PASTE")


_DETACHED = owned(cause=Cause.CHECKUP, remote={"source_detached": True})
_CHECKUP = owned(cause=Cause.CHECKUP, deployment=outcomes(prod=True))
_SEEN = a_remote(_URL, type="EC", kid="k1", observed_at=NOW)
_FAILS = outcomes(prod=True, test=False)
_AGAIN: dict[str, Any] = {"cause": Cause.DEPENDENCY, "client": Ready(CREDENTIAL)}
_KNOWN: dict[str, Any] = {"type": "EC", "kid": "k1"}
_PUT_BACK = Note(
    warning=True,
    reason="Drifted",
    message='Somebody else changed the description of JWK "signing" in project "shop"; it is put back.',
)


def seen(source: str = "URL", /, remote: dict[str, Any] | None = None, **known: Any) -> Facts:
    """An owned resource that is to be changed, with the list showing what is known of its JWK."""
    edited = {"resource": {"generation": 2}}
    facts = owned(source, remote={**_KNOWN, **(remote or {})}, **{**_AGAIN, **edited, **known})
    status = facts.resource.status.remote
    assert status is not None
    return replace(listed(facts, description=status.description or ""), client=facts.client)


def drifted(message: str) -> Report:
    return stalled(R.DRIFTED, message, deployed=AS_IS)


def failed_deployment(facts: Facts, message: str) -> Report:
    note = (Note(warning=True, reason="DeploymentFailed", message=message),)
    return deployed(facts, message, reason=R.DEPLOYMENT_FAILED, ready=False, deployed=False, notes=note)


OWNED: list[Case] = [
    (
        "wishes for another name",
        owned(cause=Cause.DEPENDENCY, target=OTHER),
        stalled(
            R.REPLACEMENT_REQUIRED,
            'The remote JWK is "signing" in project "shop", while the connection and the spec now name "other" in '
            'project "shop". Change that back, or delete this resource and create it anew.',
            deployed=AS_IS,
        ),
    ),
    (
        "wishes for another source",
        owned(cause=Cause.DEPENDENCY, remote={"source_digest": "0"}),
        stalled(
            R.REPLACEMENT_REQUIRED,
            CANNOT.format("the spec names another source than the one it was created from"),
            deployed=AS_IS,
        ),
    ),
    ("drifted, event", owned(reason=R.DRIFTED), Look(listed=True)),
    ("list not answered, settled", replace(_CHECKUP, listed=DOWN), Rest()),
    (
        "list not answered, asked for a look",
        owned(resource={"reconcile_requested": "now"}, listed=DOWN),
        retried(R.UNREACHABLE, DOWN.message, 1.0, deployed=AS_IS),
    ),
    (
        "list not answered, unsettled",
        owned(reason=R.SERVER_ERROR, listed=DOWN, status={"failures": 1}),
        retried(R.UNREACHABLE, DOWN.message, 2.0, deployed=AS_IS),
    ),
    (
        "missing",
        replace(_CHECKUP, **looked()),
        Report(
            R.MISSING_REMOTELY,
            MISSING,
            deployed=False,
            remote=None,
            deployment=None,
            delay=0,
            notes=(Note(warning=True, reason="MissingRemotely", message=MISSING),),
        ),
    ),
    (
        "other key type",
        listed(replace(_CHECKUP, resource=owned(remote={"type": "RSA"}).resource)),
        drifted('The JWK in Apinizer has type "EC", not "RSA" as before: somebody else changed it.'),
    ),
    (
        "other kid",
        listed(replace(_CHECKUP, resource=owned(remote={"kid": "k0"}).resource)),
        drifted('The JWK in Apinizer has kid "k1", not "k0" as before: somebody else changed it.'),
    ),
    (
        "other source type",
        listed(_CHECKUP, source_type="KEYSTORE"),
        drifted('The JWK in Apinizer has source type "KEYSTORE", not "URL".'),
    ),
    (
        "no source type",
        listed(_CHECKUP, source_type=""),
        deployed(_CHECKUP, "Deployed to 1 environment.", remote=_SEEN),
    ),
    (
        "other URL",
        listed(_CHECKUP, source_url="https://x"),
        drifted("The JWK in Apinizer is fetched from another address than spec.url."),
    ),
    (
        "other source, detached",
        replace(
            listed(
                owned(cause=Cause.CHECKUP, remote={"source_detached": True}), source_type="COPY_PASTE", source_url=None
            ),
            client=None,
        ),
        Look(client=True),
    ),
    ("as it was", listed(_CHECKUP), deployed(_CHECKUP, "Deployed to 1 environment.", remote=_SEEN)),
    (
        "as it was, known before",
        listed(owned(cause=Cause.CHECKUP, remote={"type": "EC", "kid": "k1"})),
        deployed(owned(), LOST, deployed=None, remote=_SEEN.model_copy(update={"observed_at": EARLIER})),
    ),
    (
        "description changed behind our back",
        listed(owned("COPY_PASTE", cause=Cause.CHECKUP, spec={"description": "mine"}), description="theirs"),
        Update(
            TARGET,
            "mine",
            a_remote(
                a_spec("COPY_PASTE", description="mine"), type="EC", kid="k1", description="theirs", observed_at=NOW
            ),
            (_PUT_BACK,),
        ),
    ),
    (
        "description changed behind our back, linked",
        listed(owned(cause=Cause.CHECKUP, spec={"description": "mine"}), description="theirs"),
        Report(
            R.UPDATING,
            "An update call follows.",
            remote=a_remote(a_spec(description="mine"), **_KNOWN, description="theirs", observed_at=NOW),
            delay=0,
            notes=(_PUT_BACK,),
        ),
    ),
    (
        "description changed behind our back, linked, told before",
        listed(owned(reason=R.UPDATING, spec={"description": "mine"}, remote=_KNOWN), description="theirs"),
        Update(
            TARGET,
            "mine",
            a_remote(a_spec(description="mine"), **_KNOWN, description="theirs", observed_at=NOW),
        ),
    ),
    (
        "detached by an update call that the status does not tell of",
        listed(
            owned(
                resource={"generation": 2},
                spec={"description": "mine"},
                remote={**_KNOWN, "description": "old"},
                deployment=outcomes(prod=True),
            ),
            source_type="COPY_PASTE",
            source_url=None,
        ),
        Update(TARGET, "mine", a_remote(a_spec(description="mine"), **_KNOWN, source_detached=True, observed_at=NOW)),
    ),
    (
        "somebody else gave it the description that is wished for now",
        replace(
            listed(
                owned(
                    resource={"generation": 2},
                    spec={"description": "mine"},
                    remote={**_KNOWN, "description": "old"},
                    deployment=outcomes(prod=True),
                )
            ),
            client=None,
        ),
        deployed(
            owned(deployment=outcomes(prod=True)),
            "Deployed to 1 environment.",
            remote=a_remote(a_spec(description="mine"), **_KNOWN, observed_at=NOW),
        ),
    ),
    (
        "an update call whose answer was lost came through",
        listed(
            owned(
                "COPY_PASTE",
                reason=R.UNREACHABLE,
                spec={"description": "mine"},
                remote={**_KNOWN, "description": "old"},
                deployment=outcomes(prod=True),
            )
        ),
        Update(TARGET, "mine", a_remote(a_spec("COPY_PASTE", description="mine"), **_KNOWN, observed_at=NOW)),
    ),
    (
        "description nobody wished for",
        listed(_CHECKUP, description="theirs"),
        deployed(_CHECKUP, "Deployed to 1 environment.", remote=_SEEN.model_copy(update={"description": None})),
    ),
    (
        "description edited, no line",
        seen(remote={"description": "old"}, spec={"description": "new"}, client=None),
        Look(client=True),
    ),
    (
        "description edited, no list",
        owned(cause=Cause.DEPENDENCY, remote={"description": "old"}, spec={"description": "new"}),
        Look(listed=True),
    ),
    (
        "description edited, no token",
        seen(spec={"description": "n"}, remote={"description": "o"}, client=problem(R.SECRET_NOT_FOUND)),
        stalled(R.SECRET_NOT_FOUND, "Mend it.", deployed=AS_IS),
    ),
    (
        "description taken away",
        seen(remote={"description": "old"}),
        Update(TARGET, "", a_remote(_URL, description="old", **_KNOWN)),
    ),
    (
        "environment failed, link stays",
        owned(deployment=_FAILS, **_AGAIN),
        failed_deployment(
            owned(deployment=_FAILS),
            "Not deployed to test (pod is down). Deploying again would detach the JWK from its URL source; set "
            "spec.redeployPolicy: Always to accept that.",
        ),
    ),
    (
        "environment failed, Never",
        owned("COPY_PASTE", deployment=_FAILS, spec={"redeployPolicy": "Never"}, **_AGAIN),
        failed_deployment(
            owned("COPY_PASTE", deployment=_FAILS),
            "Not deployed to test (pod is down). spec.redeployPolicy: Never leaves it so; set Auto or Always, or "
            "change the description, to deploy again.",
        ),
    ),
    (
        "environment failed, no link",
        seen("COPY_PASTE", deployment=_FAILS),
        Update(TARGET, "", a_remote(_PASTE, **_KNOWN)),
    ),
    (
        "environment failed, Always",
        seen(deployment=_FAILS, spec={"redeployPolicy": "Always"}),
        Update(TARGET, "", a_remote(_URL, **_KNOWN)),
    ),
    (
        "environment failed, detached before",
        seen(deployment=_FAILS, remote={"source_detached": True}),
        Update(TARGET, "", a_remote(_URL, source_detached=True, **_KNOWN)),
    ),
    (
        "an environment that is not required failed",
        owned(deployment=_FAILS, spec={"requiredEnvironments": ["prod"]}, **_AGAIN),
        deployed(owned(deployment=_FAILS), "Deployed to 1 of 2 environments."),
    ),
    (
        "none is required",
        owned(deployment=_FAILS, spec={"requiredEnvironments": []}, **_AGAIN),
        deployed(owned(deployment=_FAILS), "Deployed to 1 of 2 environments."),
    ),
    (
        "required, not reported",
        owned(deployment=outcomes(prod=True), spec={"requiredEnvironments": ["dr"]}, **_AGAIN),
        failed_deployment(
            owned(deployment=outcomes(prod=True)),
            "Not deployed to dr (not reported by Apinizer, though spec.requiredEnvironments names it). Deploying again "
            "would detach the JWK from its URL source; set spec.redeployPolicy: Always to accept that.",
        ),
    ),
    (
        "nothing reported, Always",
        seen(spec={"redeployPolicy": "Always"}),
        Update(TARGET, "", a_remote(_URL, **_KNOWN)),
    ),
    (
        "environment failed, somebody else has the name by now",
        listed(owned(deployment=_FAILS, remote={**_KNOWN, "kid": "ours"}, **_AGAIN)),
        drifted('The JWK in Apinizer has kid "k1", not "ours" as before: somebody else changed it.'),
    ),
    (
        "environment failed, others see to the description",
        replace(
            listed(
                owned("COPY_PASTE", deployment=_FAILS, remote={**_KNOWN, "description": None}, **_AGAIN),
                description="x",
            ),
            client=Ready(CREDENTIAL),
        ),
        Update(TARGET, "x", a_remote(_PASTE, **_KNOWN, description=None)),
    ),
    ("nothing reported", owned(**_AGAIN), deployed(owned(), LOST, deployed=None)),
    (
        "nothing reported for any",
        owned(deployment=outcomes(), **_AGAIN),
        deployed(owned(deployment=outcomes()), "Deployed."),
    ),
    (
        "two environments",
        owned(deployment=outcomes(prod=True, test=True), **_AGAIN),
        deployed(owned(deployment=outcomes(prod=True, test=True)), "Deployed to 2 environments."),
    ),
]
