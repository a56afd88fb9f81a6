"""Facts as they occur, for the situations of the table. Whatever a situation does not say is as on an ordinary day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from jwk_operator.api.algorithms import KeyType
from jwk_operator.api.jwk import JWKSpec, SourceType
from jwk_operator.api.names import Aside, Claim, Phase, RemoteName, seen_digest, source_digest, visible_digest
from jwk_operator.api.reasons import Reason
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.resource import Resource
from jwk_operator.api.status import (
    Condition,
    DeploymentResult,
    EnvironmentResult,
    JWKStatus,
    RemoteStatus,
    ReplacementStatus,
)
from jwk_operator.reconcile.keymaterial import KeyFacts
from jwk_operator.reconcile.state import Cause, Facts, Listed, Problem, Ready

NOW = datetime(2027, 1, 1, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
TARGET = RemoteName("project", "key")
ELSEWHERE = RemoteName("another-project", "key")
ASIDE = RemoteName("project", "key-replaced-0")
UID = "uid"
KEY = KeyFacts(KeyType.EC, "k1", "thumbprint", "digest", "1")
LINE = Ready("Secret")

_URL = {"sourceType": "URL", "url": "https://idp.example/jwks"}
_PASTED = {"sourceType": "COPY_PASTE", "jwkStr": "{}"}
_FROM_SECRET = {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "secret", "key": "jwk"}}}
SOURCES: dict[str, dict[str, Any]] = {"linked": _URL, "pasted": _PASTED, "secret": _FROM_SECRET}


def a_spec(source: str = "linked", **fields: Any) -> JWKSpec:
    """A spec whose source is linked, pasted or from a secret."""
    return JWKSpec.model_validate({**SOURCES[source], **fields})


def an_entry(spec: JWKSpec, **differs: Any) -> RemoteEntry:
    """What the list shows of a JWK made from a spec."""
    return replace(RemoteEntry(spec.description or "", spec.source_type.value, spec.url, "EC", "k1"), **differs)


def a_claim(spec: JWKSpec, **differs: Any) -> Claim:
    """The records of a create call for a spec."""
    shown = ("EC", "k1") if spec.source_type is SourceType.COPY_PASTE else (None, None)
    visible = visible_digest(spec.source_type.value, spec.url, spec.description, *shown)
    key = "digest" if spec.jwk_str_from else ""
    return replace(Claim(TARGET, UID, visible, source_digest(spec), key=key), **differs)


def a_remote(spec: JWKSpec, **differs: Any) -> RemoteStatus:
    """What the status tells of a JWK made from a spec."""
    known = RemoteStatus(
        project_name=TARGET.project,
        name=TARGET.name,
        type=KeyType.EC,
        kid="k1",
        source_type=spec.source_type,
        description=spec.description or "",
        source_digest=source_digest(spec),
        key_digest="digest" if spec.jwk_str_from else None,
        secret_version="1" if spec.jwk_str_from else None,
        observed_at=EARLIER,
    )
    return known.model_copy(update=differs)


def outcomes(**environments: bool) -> DeploymentResult:
    """What the last write reported."""
    results = [EnvironmentResult(environment_name=name, success=done) for name, done in environments.items()]
    return DeploymentResult(success=all(environments.values()), environment_results=results, time=EARLIER)


def a_status(reason: Reason | None, **fields: Any) -> JWKStatus:
    """A status with this reason, or one of a resource that nobody has looked at."""
    if reason is None:
        return JWKStatus(**fields)
    ready = Condition(type="Ready", status="False", last_transition_time=EARLIER, reason=reason, message="")
    return JWKStatus(observed_generation=1, conditions=[ready], **fields)


def facts(
    spec: JWKSpec | None,
    *,
    claim: Claim | None = None,
    status: JWKStatus | None = None,
    deleting: bool = False,
    edited: bool = False,
    shows: dict[str, RemoteEntry] | None = None,
    **known: Any,
) -> Facts:
    """Facts about a resource; `shows` is the project's list, once it was read."""
    resource = Resource(
        namespace="team",
        name="key",
        uid=UID,
        generation=2 if edited else 1,
        deleting=deleting,
        finalizer=claim is not None,
        claim=claim,
        spec=spec,
        spec_problem="" if spec else "The spec cannot be read.",
        retain=bool(spec and spec.deletion_policy.value == "Retain"),
        suspended=bool(spec and spec.suspend),
        status=status or a_status(None),
        reconcile_requested=None,
    )
    given: dict[str, Any] = {"cause": Cause.EVENT, "target": TARGET, "client": LINE, **known}
    if shows is not None:
        given["listed"] = Listed(shows)
    return Facts(resource=resource, now=NOW, jitter=0.5, **given)


def new(source: str = "linked", reason: Reason | None = None, **known: Any) -> Facts:
    """Nothing is claimed yet."""
    fields = known.pop("spec", {})
    return facts(a_spec(source, **fields), status=a_status(reason), **known)


def claimed(source: str = "linked", **known: Any) -> Facts:
    """Finalizer and records stand, and the status tells of no remote JWK."""
    fields, before = known.pop("spec", {}), known.pop("before", {})
    claim = a_claim(a_spec(source, **{**fields, **before}), **known.pop("claim", {}))
    status = a_status(Reason.UNREACHABLE, failures=1)
    return facts(a_spec(source, **fields), claim=claim, status=status, **known)


def owned(source: str = "linked", reason: Reason = Reason.DEPLOYED, **known: Any) -> Facts:
    """The status tells of the remote JWK, which every environment has."""
    fields, remote = known.pop("spec", {}), known.pop("remote", {})
    spec = a_spec(source, **fields)
    deployment = known.pop("deployment", outcomes(production=True))
    status = a_status(reason, remote=a_remote(spec, **remote), deployment_result=deployment, **known.pop("status", {}))
    return facts(spec, claim=a_claim(spec, **known.pop("claim", {})), status=status, **known)


OLD, NEW = a_spec(url="https://old.example"), a_spec(url="https://new.example", updatePolicy="Replace")
ENTRIES = {
    "the old": an_entry(OLD, kid="old"),
    "the new": an_entry(NEW, kid="new"),
    "somebody's": an_entry(OLD, source_type="KEYSTORE", source_url=None, kid="theirs"),
}


def replacing(phase: Phase, name: str = "", aside: str = "", **known: Any) -> Facts:
    """A replacement is recorded; `name` and `aside` say whose JWK the list shows under the two names."""
    spec = known.pop("spec", NEW)
    record = Aside(ASIDE.name, source_digest(OLD), "", seen_digest("EC", "old"), phase)
    claim = a_claim(OLD if phase is Phase.RENAMING else NEW, aside=record)
    remote = known.pop("remote", a_remote(OLD, kid="old"))
    status = a_status(
        known.pop("reason", Reason.REPLACING),
        remote=remote,
        replacement=known.pop("replacement", None),
        deployment_result=outcomes(production=True),
    )
    shown = {TARGET.name: name, ASIDE.name: aside}
    shows = {key: ENTRIES[value] for key, value in shown.items() if value}
    return facts(spec, claim=claim, status=status, **{"shows": shows, "cause": Cause.TIMER, **known})


def left(step: str, until: datetime | None = None) -> ReplacementStatus:
    """What the status tells of a replacement."""
    return ReplacementStatus.model_validate({"step": step, "old_name": ASIDE.name, "keep_old_until": until})


def created(until: datetime | None = None, **known: Any) -> Facts:
    """The new JWK of a replacement is known, and the old one is kept until a time or is to go at once."""
    step = "KeepingOld" if until else "Created"
    keeping: dict[str, Any] = {"replacement": {"keepOldFor": "1h"}} if until else {}
    spec = a_spec(url="https://new.example", updatePolicy="Replace", **keeping)
    given = {"name": "the new", "aside": "the old", "reason": Reason.DEPLOYED, "spec": spec, **known}
    return replacing(Phase.CREATING, remote=a_remote(NEW, kid="new"), replacement=left(step, until), **given)


def problem(reason: Reason) -> Problem:
    """Why something cannot be done."""
    return Problem(reason, "Why.")
