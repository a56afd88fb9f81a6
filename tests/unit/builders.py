"""Builders of facts and what they are made of; each argument says how a case differs from the ordinary one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from jwk_operator.api.algorithms import KeyType
from jwk_operator.api.jwk import JWKSpec
from jwk_operator.api.names import Claim, RemoteName, source_digest, visible_digest
from jwk_operator.api.reasons import Reason
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.resource import Resource
from jwk_operator.api.status import Condition, DeploymentResult, EnvironmentResult, JWKStatus, RemoteStatus
from jwk_operator.reconcile.keymaterial import KeyFacts
from jwk_operator.reconcile.state import Cause, Facts, Keep, Listed, Note, Problem, Ready, Report

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
EARLIER = NOW - timedelta(minutes=1)
TARGET = RemoteName("shop", "signing")
URL = "https://idp.example/jwks"
UID = "5f0c"
CREDENTIAL = "Secret team/token, key token"
KEY = KeyFacts(KeyType.EC, "k1", "thumb")

FIELDS: dict[str, dict[str, Any]] = {
    "URL": {"url": URL},
    "COPY_PASTE": {"jwkStr": "{}"},
    "CERTIFICATE": {"certificateName": "cert", "environmentName": "prod", "useType": "SIGNATURE", "algorithm": "RS256"},
    "GENERATE": {"generate": {"type": "EC", "ec": {"curveType": "P256"}}},
}


def a_spec(source: str = "URL", **fields: Any) -> JWKSpec:
    """A spec with what its source type needs, and the given fields under their JSON names."""
    return JWKSpec.model_validate({"sourceType": source, **FIELDS[source], **fields})


def a_claim(spec: JWKSpec, key: KeyFacts | None = None, remote: RemoteName = TARGET) -> Claim:
    """The claim that is made for a spec."""
    kind, kid = (key.type.value, key.kid) if key else (None, None)
    visible = visible_digest(spec.source_type.value, spec.url, spec.description, kind, kid)
    return Claim(remote, UID, visible, source_digest(spec))


def an_entry(spec: JWKSpec, **fields: Any) -> RemoteEntry:
    """The entry that Apinizer lists for what was made from a spec."""
    entry = RemoteEntry(spec.description or "", spec.source_type.value, spec.url, "EC", "k1")
    return replace(entry, **fields)


def a_remote(spec: JWKSpec, **fields: Any) -> RemoteStatus:
    """What the status records of a JWK made from a spec."""
    known: dict[str, Any] = {
        "project_name": TARGET.project,
        "name": TARGET.name,
        "source_type": spec.source_type,
        "description": spec.description or "",
        "source_digest": source_digest(spec),
        "observed_at": EARLIER,
    }
    return RemoteStatus(**known | fields)


def outcomes(**environments: bool) -> DeploymentResult:
    """A deployment with an outcome for each environment."""
    results = [
        EnvironmentResult(environment_name=name, success=ok, message="done" if ok else "pod is down")
        for name, ok in environments.items()
    ]
    return DeploymentResult(success=all(environments.values()), environment_results=results, time=EARLIER)


def a_status(reason: Reason | None = None, generation: int = 1, **fields: Any) -> JWKStatus:
    """A status whose Ready condition has a reason; without one, nobody has looked yet."""
    if reason is None:
        return JWKStatus(**fields)
    ready = Condition(
        type="Ready",
        status="True" if reason is Reason.DEPLOYED else "False",
        observed_generation=generation,
        last_transition_time=EARLIER,
        reason=reason,
        message="as before",
    )
    return JWKStatus(observed_generation=generation, conditions=[ready], **fields)


def a_resource(
    spec: JWKSpec | None, claim: Claim | None = None, status: JWKStatus | None = None, **fields: Any
) -> Resource:
    """A resource; the finalizer stands exactly when a claim does."""
    resource = Resource(
        namespace="team",
        name="signing",
        uid=UID,
        generation=1,
        deleting=False,
        finalizer=claim is not None,
        claim=claim,
        spec=spec,
        spec_problem="" if spec else "The spec cannot be read: spec.sourceType: Field required.",
        retain=bool(spec and spec.deletion_policy.value == "Retain"),
        suspended=bool(spec and spec.suspend),
        status=status or a_status(),
        reconcile_requested=None,
    )
    return replace(resource, **fields)


def facts_of(resource: Resource, **known: Any) -> Facts:
    """Facts about a resource, looked at because of an event, in the middle of every span of delays."""
    given: dict[str, Any] = {"cause": Cause.EVENT, "target": TARGET, **known}
    return Facts(resource=resource, now=NOW, jitter=0.5, **given)


def new(
    source: str = "URL", /, reason: Reason | None = None, spec: dict[str, Any] | None = None, **known: Any
) -> Facts:
    """A resource that has nothing remotely and claims nothing."""
    return facts_of(a_resource(a_spec(source, **spec or {}), status=a_status(reason)), **known)


def claimed(
    source: str = "URL", /, spec: dict[str, Any] | None = None, old: dict[str, Any] | None = None, **known: Any
) -> Facts:
    """A resource whose claim stands, without a result; `old` are fields of the spec when the claim was made."""
    wanted = a_spec(source, **spec or {})
    before = wanted if old is None else a_spec(source, **{**(spec or {}), **old})
    claim = a_claim(before, KEY if source == "COPY_PASTE" else None)
    status = a_status(Reason.UNREACHABLE, next_attempt_at=EARLIER, failures=2)
    return facts_of(a_resource(wanted, claim, status), **known)


def owned(
    source: str = "URL",
    /,
    reason: Reason = Reason.DEPLOYED,
    spec: dict[str, Any] | None = None,
    remote: dict[str, Any] | None = None,
    deployment: DeploymentResult | None = None,
    resource: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    **known: Any,
) -> Facts:
    """A resource whose remote JWK exists; by default nothing is new about it."""
    wanted = a_spec(source, **spec or {})
    report = a_status(
        reason,
        remote=a_remote(wanted, **remote or {}),
        deployment_result=deployment,
        **{"failures": None, **(status or {})},
    )
    return facts_of(a_resource(wanted, a_claim(wanted), report, **resource or {}), **known)


def looked(entry: RemoteEntry | None = None) -> dict[str, Any]:
    """Facts once line and list are open."""
    return {"client": Ready(CREDENTIAL), "listed": Listed({TARGET.name: entry} if entry else {})}


def listed(facts: Facts, **differs: Any) -> Facts:
    """The same facts with the list read and the line open: the entry is as the spec says but for what differs."""
    spec = facts.resource.spec
    assert spec is not None
    return replace(facts, **looked(an_entry(spec, **differs)))


def stalled(
    reason: Reason, message: str, *, deployed: bool | Keep | None = False, note: bool = True, **rest: Any
) -> Report:
    """A report of something that the user has to mend, with the Event of the transition."""
    notes = (Note(warning=True, reason=reason.value, message=message),) if note else ()
    return Report(reason, message, deployed=deployed, notes=notes, **rest)


def retried(reason: Reason, message: str, delay: float, *, deployed: bool | Keep = False, **rest: Any) -> Report:
    """A report of something that the operator tries again."""
    return Report(reason, message, deployed=deployed, delay=delay, **{"failed": True, **rest})


DOWN = Problem(Reason.UNREACHABLE, "No answer from Apinizer: refused.")
