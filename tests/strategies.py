"""Strategies of hypothesis that tests of several modules share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from jwk_operator.api.algorithms import KeyType
from jwk_operator.api.jwk import JWKSpec
from jwk_operator.api.names import Claim, RemoteName
from jwk_operator.api.reasons import Reason
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.resource import Resource
from jwk_operator.api.status import Condition, JWKStatus, LastOperation, RemoteStatus
from jwk_operator.reconcile.keymaterial import KeyFacts
from jwk_operator.reconcile.state import Cause, Facts, Keep, Listed, Problem, Ready, Report
from unit.builders import CREDENTIAL, EARLIER, NOW, TARGET, a_claim, a_remote, a_resource, a_spec, outcomes

OTHER = RemoteName("shop", "other")
DESCRIPTIONS = st.sampled_from([None, "", "one", "two"])
KEYS = st.sampled_from([KeyFacts(KeyType.EC, "k1", "thumb"), KeyFacts(KeyType.OCT, None, None)])
PROBLEMS = st.builds(Problem, st.sampled_from(Reason), st.just("Mend it."), st.none() | st.floats(0, 3600))
TIMES = st.sampled_from([EARLIER, NOW, NOW + timedelta(seconds=1), NOW + timedelta(hours=1)])
DEPLOYMENTS = st.none() | st.dictionaries(st.sampled_from(["prod", "test"]), st.booleans()).map(
    lambda some: outcomes(**some)
)


@st.composite
def specs(draw: st.DrawFn) -> JWKSpec:
    """Specs of every kind that the decision tells apart."""
    source = draw(st.sampled_from(["URL", "COPY_PASTE", "CERTIFICATE", "GENERATE"]))
    fields: dict[str, Any] = {
        "description": draw(DESCRIPTIONS),
        "redeployPolicy": draw(st.sampled_from(["Auto", "Always", "Never"])),
        "requiredEnvironments": draw(st.none() | st.lists(st.sampled_from(["prod", "test"]), unique=True)),
        "deletionPolicy": draw(st.sampled_from(["Delete", "Delete", "Retain"])),
    }
    if source == "URL":
        fields["url"] = draw(st.sampled_from(["https://idp.example/jwks", "https://idp.example/other"]))
    return a_spec(source, **fields)


@st.composite
def conditions(draw: st.DrawFn) -> list[Condition]:
    """Conditions as some earlier report may have left them."""
    reason = draw(st.sampled_from(Reason))
    return [
        Condition(
            type=kind,
            status=draw(st.sampled_from(["True", "False", "Unknown"])),
            observed_generation=1,
            last_transition_time=EARLIER,
            reason=reason,
            message="as before",
        )
        for kind in draw(
            st.lists(st.sampled_from(["Ready", "Synced", "Deployed", "Reconciling", "Stalled"]), unique=True)
        )
    ]


@st.composite
def statuses(draw: st.DrawFn, spec: JWKSpec) -> JWKStatus:
    """Statuses that an operator or somebody else may have written."""
    remote = draw(st.none() | remotes(spec))
    return JWKStatus(
        observed_generation=draw(st.sampled_from([-1, 1, 2])),
        last_handled_reconcile_at=draw(st.sampled_from([None, "asked"])),
        conditions=draw(st.none() | conditions()),
        remote=remote,
        deployment_result=draw(DEPLOYMENTS),
        failures=draw(st.none() | st.integers(0, 50)),
        next_attempt_at=draw(st.none() | TIMES),
    )


@st.composite
def remotes(draw: st.DrawFn, spec: JWKSpec) -> RemoteStatus:
    """Records of a remote JWK made from a spec, or from an earlier one."""
    return a_remote(
        spec,
        description=draw(DESCRIPTIONS),
        type=draw(st.sampled_from([None, "EC", "RSA"])),
        kid=draw(st.sampled_from([None, "k1", "k2"])),
        source_detached=draw(st.sampled_from([None, True])),
        source_digest=draw(st.sampled_from([a_claim(spec).source, None, "0"])),
    )


@st.composite
def claims(draw: st.DrawFn, spec: JWKSpec) -> Claim:
    """Claims made for a spec as it is, for one that was edited since, or on another name."""
    claim = a_claim(spec, draw(st.none() | KEYS), draw(st.sampled_from([TARGET, TARGET, OTHER])))
    earlier = a_claim(spec.model_copy(update={"description": draw(DESCRIPTIONS)}))
    return draw(st.sampled_from([claim, replace(claim, visible=earlier.visible), replace(claim, source="0")]))


@st.composite
def resources(draw: st.DrawFn) -> Resource:
    """Resources in any state, also such as no operator would leave behind."""
    spec = draw(specs())
    claim = draw(st.none() | claims(spec))
    return a_resource(
        draw(st.sampled_from([spec, spec, spec, None])),
        claim,
        draw(statuses(spec)),
        deleting=draw(st.booleans()),
        finalizer=claim is not None or draw(st.booleans()),
        retain=spec.deletion_policy.value == "Retain",
        suspended=draw(st.sampled_from([False, False, False, True])),
        reconcile_requested=draw(st.sampled_from([None, "asked"])),
    )


@st.composite
def entries(draw: st.DrawFn) -> RemoteEntry:
    """What a list may show under the name."""
    return RemoteEntry(
        draw(st.sampled_from(["", "one", "two"])),
        draw(st.sampled_from(["URL", "COPY_PASTE", "CERTIFICATE", "KEYSTORE", "GENERATE", "NEWER", ""])),
        draw(st.sampled_from([None, "https://idp.example/jwks", "https://idp.example/other"])),
        draw(st.sampled_from([None, "EC", "RSA", "NEWER"])),
        draw(st.sampled_from([None, "k1", "k2"])),
    )


def _listed(entry: RemoteEntry | None) -> Listed:
    return Listed({TARGET.name: entry} if entry else {})


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Facts in any combination; a target is unknown only when a problem says why."""
    problem = draw(st.none() | st.none() | PROBLEMS)
    return Facts(
        resource=draw(resources()),
        now=NOW,
        jitter=draw(st.floats(0, 1, exclude_max=True)),
        cause=draw(st.sampled_from(Cause)),
        target=draw(st.sampled_from([TARGET, TARGET, OTHER] if problem is None else [TARGET, None])),
        problem=problem,
        rival=draw(st.sampled_from([None, None, None, "other/one"])),
        client=draw(st.none() | st.just(Ready(CREDENTIAL)) | PROBLEMS),
        listed=draw(st.none() | st.builds(_listed, st.none() | entries()) | PROBLEMS),
        key=draw(st.none() | KEYS | PROBLEMS),
        claimed_now=draw(st.booleans()),
    )


@st.composite
def likely_facts(draw: st.DrawFn) -> Facts:
    """Facts as they occur: nearly everything fits together, so that most of them lead to a step."""
    spec = draw(specs())
    key = draw(KEYS) if spec.source_type.value == "COPY_PASTE" else None
    claim = draw(st.none() | st.just(a_claim(spec, key)) | claims(spec))
    status = draw(st.sampled_from([JWKStatus(), JWKStatus(remote=a_remote(spec), deployment_result=draw(DEPLOYMENTS))]))
    entry = RemoteEntry(
        spec.description or "",
        spec.source_type.value,
        spec.url,
        key.type.value if key else None,
        key.kid if key else None,
    )
    return Facts(
        resource=a_resource(spec, claim, status, deleting=draw(st.booleans())),
        now=NOW,
        jitter=0.5,
        cause=draw(st.sampled_from(Cause)),
        target=TARGET,
        client=Ready(CREDENTIAL),
        listed=_listed(draw(st.sampled_from([None, entry, replace(entry, description="three")]))),
        key=key,
    )


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Reports in any combination."""
    known: st.SearchStrategy[bool | Keep] = st.booleans() | st.just(Keep.AS_IS)
    operations: st.SearchStrategy[LastOperation | Keep] = st.just(Keep.AS_IS) | st.just(
        LastOperation(type="Create", time=NOW, http_status=200)
    )
    return Report(
        draw(st.sampled_from(Reason)),
        draw(st.sampled_from(["This.", "That."])),
        ready=draw(known),
        synced=draw(known),
        deployed=draw(known | st.none()),
        remote=draw(st.just(Keep.AS_IS) | st.none() | remotes(a_spec())),
        deployment=draw(st.just(Keep.AS_IS) | DEPLOYMENTS),
        operation=draw(operations),
        failed=draw(st.booleans()),
        delay=draw(st.none() | st.floats(0, 400)),
    )


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
