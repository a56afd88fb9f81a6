"""Cases for the decision about a remote JWK that was there before the resource."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jwk_operator.api.names import visible_digest
from jwk_operator.api.reasons import Reason
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.reconcile.state import (
    Cause,
    Create,
    Disclaim,
    Facts,
    Keep,
    Look,
    MakeClaim,
    Note,
    Ready,
    Report,
    Update,
)
from unit.builders import (
    CREDENTIAL,
    KEY,
    NOW,
    TARGET,
    a_claim,
    a_remote,
    a_resource,
    a_spec,
    a_status,
    an_entry,
    facts_of,
    looked,
    new,
    outcomes,
    owned,
    stalled,
)
from unit.decide_cases import CANNOT, EXISTS, Case, deployed

R = Reason

ADOPT = {"adoptionPolicy": "IfMatching"}
BARE: dict[str, Any] = {"certificateName": None, "environmentName": None, "useType": None, "algorithm": None}
TOOK = Note(warning=False, reason="Adopted", message='JWK "signing" in project "shop" was taken over.')
OFFER = "set spec.adoptionPolicy to IfMatching to take it over, "
AS_IT_WAS = "The JWK exists; what its environments have is unknown, because the JWK was taken over as it was."


def adopting(source: str = "URL", /, entry: RemoteEntry | None = None, **fields: Any) -> Facts:
    """A resource that may take over what the list shows under its name; by default that is as the spec says."""
    facts = new(source, spec={**ADOPT, **fields})
    spec = facts.resource.spec
    assert spec is not None
    return replace(facts, **looked(entry or an_entry(spec)))


def adopted(facts: Facts) -> Facts:
    """The same facts once the claim for that is made."""
    decision = MakeClaim(claim_on(facts))
    resource = replace(facts.resource, claim=decision.claim, finalizer=True)
    return replace(facts, resource=resource, claimed_now=False)


def claim_on(facts: Facts, *, incomplete: bool = False) -> Any:
    """The claim on what the list shows."""
    spec, entry = facts.resource.spec, facts.entry
    assert spec is not None
    assert entry is not None
    visible = visible_digest(entry.source_type, entry.source_url, entry.description, entry.type, entry.kid)
    claim = replace(a_claim(spec), visible=visible, adopts=True)
    return replace(claim, source="") if incomplete else claim


def conflict(why: str) -> Report:
    message = f'JWK "signing" in project "shop" exists already and cannot be taken over: {why}; correct the spec, or '
    return stalled(R.NAME_CONFLICT, f"{message}create this resource anew with another spec.name")


def cannot_create(why: str) -> Report:
    message = f'JWK "signing" in project "shop" does not exist in Apinizer and cannot be created: {why}.'
    return stalled(R.INVALID_SPEC, message)


_URL, _PLAIN = a_spec(**ADOPT), a_spec()
_DESCRIBED = a_spec(**ADOPT, description="new")
_MATCHING, _BARE = adopting(), adopting("CERTIFICATE", **BARE)
_CERTIFICATE = "spec.certificateName is needed for that: set it to the certificate's name in Apinizer"
_REMOTE = a_remote(_URL, type="EC", kid="k1", adopted=True, description=None, observed_at=NOW)
_TAKEN = Report(
    R.ADOPTED, AS_IT_WAS, ready=True, synced=True, deployed=None, remote=_REMOTE, deployment=None, notes=(TOOK,)
)


def ours(**fields: Any) -> Facts:
    """A JWK that was taken over and that nobody has written to since."""
    remote = {"adopted": True, "description": None, **fields.pop("remote", {})}
    return owned(spec={**ADOPT, **fields.pop("spec", {})}, remote=remote, reason=R.ADOPTED, **fields)


ADOPTIONS: list[Case] = [
    ("matches", _MATCHING, MakeClaim(claim_on(_MATCHING))),
    ("matches, sources left out", _BARE, MakeClaim(claim_on(_BARE, incomplete=True))),
    (
        "Never",
        replace(_MATCHING, resource=new().resource),
        stalled(R.NAME_CONFLICT, EXISTS),
    ),
    (
        "another source type",
        adopting(entry=an_entry(_URL, source_type="KEYSTORE")),
        conflict('its source type is "KEYSTORE", not "URL"'),
    ),
    (
        "another URL",
        adopting(entry=an_entry(_URL, source_url="https://x")),
        conflict("it is fetched from another address than spec.url"),
    ),
    (
        "a URL that is not shown",
        adopting(entry=an_entry(_URL, source_url=None)),
        MakeClaim(replace(claim_on(_MATCHING), visible=visible_digest("URL", None, "", "EC", "k1"))),
    ),
    (
        "another description",
        adopting(entry=an_entry(_URL, description="theirs"), description="mine"),
        conflict("its description is not what spec.description says"),
    ),
    ("another kid", adopting(kid="k2"), conflict('its kid is "k1", not "k2"')),
    (
        "no kid",
        adopting(entry=an_entry(_URL, kid=None), kid="k2"),
        conflict('it has no kid, where "k2" is wanted'),
    ),
    (
        "a key type that the algorithm cannot have",
        adopting("CERTIFICATE", algorithm="RS256"),
        conflict('its key type is "EC", not RSA'),
    ),
    (
        "another key type than that of the key",
        replace(adopting("COPY_PASTE", entry=RemoteEntry("", "COPY_PASTE", None, "RSA", "k1")), key=KEY),
        conflict('its key type is "RSA", not EC'),
    ),
    (
        "another kid than that of the key",
        replace(adopting("COPY_PASTE", entry=RemoteEntry("", "COPY_PASTE", None, "EC", "k2")), key=KEY),
        conflict('its kid is "k2", not "k1"'),
    ),
    (
        "another type than that to generate",
        adopting("GENERATE", entry=RemoteEntry("", "GENERATE", None, "RSA", "k1")),
        conflict('its key type is "RSA", not EC'),
    ),
    (
        "another kid than that to generate",
        adopting("GENERATE", generate={"type": "EC", "kid": "mine", "ec": {"curveType": "P256"}}),
        conflict('its kid is "k1", not "mine"'),
    ),
    ("no key is read where none is given", new("COPY_PASTE", spec={**ADOPT, "jwkStr": None}), Look(listed=True)),
    ("absent", new(spec=ADOPT, **looked()), MakeClaim(a_claim(_URL))),
    (
        "absent, a source field left out",
        new("CERTIFICATE", spec={**ADOPT, **BARE}, **looked()),
        cannot_create(_CERTIFICATE),
    ),
    (
        "absent, no key given",
        new("COPY_PASTE", spec={**ADOPT, "jwkStr": None}, **looked()),
        cannot_create("spec.jwkStr or spec.jwkStrFrom is needed for that: set one of them"),
    ),
    ("claimed, as it was", adopted(_MATCHING), _TAKEN),
    (
        "claimed, its description is the spec's",
        adopted(adopting(description="mine")),
        replace(
            _TAKEN,
            remote=_REMOTE.model_copy(update={"description": "mine"}),
        ),
    ),
    (
        "claimed, environments required, linked",
        adopted(adopting(requiredEnvironments=["prod"])),
        replace(
            _TAKEN,
            reason=R.DEPLOYMENT_FAILED,
            message=f"{AS_IT_WAS} spec.redeployPolicy: Always deploys it again.",
            ready=False,
            notes=(
                TOOK,
                Note(True, "DeploymentFailed", f"{AS_IT_WAS} spec.redeployPolicy: Always deploys it again."),
            ),
        ),
    ),
    (
        "claimed, environments required, Always",
        adopted(adopting(requiredEnvironments=["prod"], redeployPolicy="Always")),
        Report(
            R.UPDATING,
            "The JWK existed and was taken over; an update call deploys it to learn about its environments.",
            deployed=None,
            remote=_REMOTE,
            deployment=None,
            delay=0,
            notes=(TOOK,),
        ),
    ),
    (
        "claimed, gone meanwhile",
        replace(adopted(_MATCHING), **looked()),
        MakeClaim(a_claim(_URL)),
    ),
    (
        "claimed, gone meanwhile, a source field left out",
        replace(
            adopted(_BARE),
            **looked(),
        ),
        Disclaim(cannot_create(_CERTIFICATE)),
    ),
    (
        "claimed, another one by now",
        replace(adopted(_MATCHING), **looked(an_entry(_URL, kid="other"))),
        Disclaim(stalled(R.NAME_CONFLICT, EXISTS.replace(OFFER, ""))),
    ),
    (
        "owned, nothing is written without need",
        ours(cause=Cause.DEPENDENCY),
        replace(deployed(ours(), AS_IT_WAS, reason=R.ADOPTED, deployed=None)),
    ),
    (
        "owned, a description is wished for",
        replace(
            ours(
                cause=Cause.DEPENDENCY,
                resource={"generation": 2},
                spec={"description": "mine"},
                remote={"type": "EC", "kid": "k1", "description": None},
            ),
            client=Ready(CREDENTIAL),
            listed=looked(an_entry(_URL))["listed"],
        ),
        Update(TARGET, "mine", a_remote(_URL, type="EC", kid="k1", adopted=True, description="", observed_at=NOW)),
    ),
    (
        "owned, after a write it is like any other",
        ours(cause=Cause.DEPENDENCY, deployment=outcomes(prod=True)),
        deployed(ours(deployment=outcomes(prod=True)), "Deployed to 1 environment."),
    ),
    (
        "owned, the spec was completed, no list",
        ours(cause=Cause.DEPENDENCY, remote={"source_digest": None}),
        Look(listed=True),
    ),
    (
        "owned, the spec was completed",
        replace(
            ours(cause=Cause.DEPENDENCY, remote={"source_digest": None, "type": "EC", "kid": "k1"}),
            **looked(an_entry(_URL)),
        ),
        deployed(
            ours(),
            AS_IT_WAS,
            reason=R.ADOPTED,
            deployed=None,
            remote=a_remote(_URL, type="EC", kid="k1", adopted=True, description="", observed_at=NOW),
        ),
    ),
    (
        "owned, the spec was completed with another source",
        replace(
            ours(cause=Cause.DEPENDENCY, remote={"source_digest": None}),
            **looked(an_entry(_URL, source_url="https://x")),
        ),
        stalled(
            R.REPLACEMENT_REQUIRED,
            CANNOT.format(
                "the spec was completed with another source than that of the JWK: it is fetched from another address "
                "than spec.url"
            ),
            deployed=Keep.AS_IS,
        ),
    ),
    (
        "edited between the claim and the record",
        replace(adopted(_MATCHING), resource=replace(adopted(_MATCHING).resource, spec=_DESCRIBED)),
        Report(
            R.UPDATING,
            "The JWK existed and was taken over; the spec was edited meanwhile, which follows.",
            deployed=None,
            remote=_REMOTE.model_copy(update={"description": ""}),
            deployment=None,
            delay=0,
            notes=(TOOK,),
        ),
    ),
    (
        "owned, missing, and the spec cannot create it",
        replace(
            facts_of(
                a_resource(
                    a_spec("CERTIFICATE", **ADOPT, **BARE),
                    a_claim(a_spec("CERTIFICATE", **ADOPT, **BARE)),
                    a_status(R.ADOPTED, remote=a_remote(a_spec("CERTIFICATE"), adopted=True)),
                ),
                cause=Cause.CHECKUP,
            ),
            **looked(),
        ),
        Report(
            R.MISSING_REMOTELY,
            'JWK "signing" in project "shop" is missing in Apinizer.',
            deployed=False,
            remote=None,
            deployment=None,
            delay=0,
            notes=(Note(True, "MissingRemotely", 'JWK "signing" in project "shop" is missing in Apinizer.'),),
        ),
    ),
    (
        "its records were taken away",
        facts_of(a_resource(_PLAIN, None, a_status(R.DEPLOYED, remote=a_remote(_PLAIN))), **looked(an_entry(_PLAIN))),
        MakeClaim(replace(a_claim(_PLAIN), visible=visible_digest("URL", _PLAIN.url, "", "EC", "k1"))),
    ),
    (
        "its records were taken away, and somebody else has the name",
        facts_of(
            a_resource(_PLAIN, None, a_status(R.DEPLOYED, remote=a_remote(_PLAIN, kid="ours"))),
            **looked(an_entry(_PLAIN)),
        ),
        stalled(R.NAME_CONFLICT, EXISTS),
    ),
]

GENERATED: list[Case] = [
    (
        "name is free",
        new("GENERATE", **looked()),
        MakeClaim(replace(a_claim(a_spec("GENERATE")), visible=visible_digest("GENERATE", None, None, "EC", None))),
    ),
    (
        "claimed, absent",
        replace(
            facts_of(
                a_resource(
                    a_spec("GENERATE"),
                    replace(a_claim(a_spec("GENERATE")), visible=visible_digest("GENERATE", None, None, "EC", None)),
                )
            ),
            **looked(),
        ),
        Create(TARGET),
    ),
]
