"""Changes of a JWK that the API server accepts and refuses, with the refusals word for word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crd.case import Spec, without
from crd.cases import CERTIFICATE, FROM, KEYSTORE, NAMESPACED, PASTE, PUBLIC_KEY, URL
from crd.generate_cases import GENERATE


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a JWK's spec, before and after its remote JWK exists; `refusals` as in `Case`."""

    id: str
    before: Spec
    after: Spec
    refusals: tuple[str, ...] = ()
    remote: bool = True
    status: Spec = field(default_factory=lambda: {"remote": {"name": "changing"}})
    metadata_name: str = field(default="changing")


def _locked(name: str) -> str:
    return (
        f"spec.{name}: Forbidden: spec.{name} cannot change once the remote JWK exists: set spec.updatePolicy to "
        "Replace to have a new remote JWK take its place, or restore the old value"
    )


def _stuck(reason: str) -> Spec:
    time = "2027-01-01T00:00:00Z"
    ready = {"type": "Ready", "status": "False", "reason": reason, "message": "", "lastTransitionTime": time}
    return {"remote": {"name": "changing"}, "conditions": [ready]}


_SOURCE_CHANGES: tuple[tuple[str, Spec, Any], ...] = (
    ("url", URL, "https://other.example/jwks"),
    ("urlOptionConnectTimeout", URL, 7),
    ("urlOptionReadTimeout", URL, 7),
    ("urlOptionSizeLimit", URL, 7),
    ("jwkStr", PASTE, "{}"),
    ("jwkStrFrom", FROM, {"secretKeyRef": {"name": "other", "key": "jwk"}}),
    ("kid", URL, "other"),
    ("certificateName", CERTIFICATE, "other"),
    ("keyName", PUBLIC_KEY, "other"),
    ("keyStoreName", KEYSTORE, "other"),
    ("aliasName", KEYSTORE, "other"),
    ("environmentName", KEYSTORE, "other"),
    ("useType", {**CERTIFICATE, "useType": "ENCRYPTION", "algorithm": "A128KW", "adoptionPolicy": "IfMatching"}, None),
    ("algorithm", CERTIFICATE, "ES256"),
    ("generate", GENERATE, {"type": "RSA", "rsa": {"keySize": 4096}}),
)


def _changed(spec: Spec, name: str, value: Any) -> Spec:
    return without(spec, name) if value is None else {**spec, name: value}


_IMMUTABLE = "is immutable: delete this JWK with deletionPolicy Retain and create it anew"
_RENAMED = "spec.name: Forbidden: spec.name is immutable: delete this JWK and create one with the new name"
_CLUSTER_REF = {"kind": "ClusterApinizerConnection", "name": "default"}

CHANGES: tuple[Change, ...] = (
    *(
        Change(f"{name}-immutable", spec, _changed(spec, name, value), (_locked(name),))
        for name, spec, value in _SOURCE_CHANGES
    ),
    *(
        Change(f"{name}-replace", spec, {**_changed(spec, name, value), "updatePolicy": "Replace"})
        for name, spec, value in _SOURCE_CHANGES
    ),
    *(
        Change(f"{name}-early", spec, _changed(spec, name, value), remote=False)
        for name, spec, value in _SOURCE_CHANGES
    ),
    Change("source-type-immutable", URL, PASTE, (_locked("sourceType"),)),
    Change("source-type-replace", URL, {**PASTE, "updatePolicy": "Replace"}),
    Change("source-type-early", URL, PASTE, remote=False),
    Change(
        "source-removed",
        {**URL, "adoptionPolicy": "IfMatching"},
        {"sourceType": "URL", "adoptionPolicy": "IfMatching"},
        (_locked("url"),),
    ),
    Change("source-added", URL, {**URL, "kid": "k"}, (_locked("kid"),)),
    Change(
        "source-added-if-matching",
        {"sourceType": "CERTIFICATE", "adoptionPolicy": "IfMatching"},
        {**CERTIFICATE, "adoptionPolicy": "IfMatching"},
    ),
    Change(
        "source-added-if-matching-and-given-up",
        {"sourceType": "CERTIFICATE", "adoptionPolicy": "IfMatching"},
        CERTIFICATE,
    ),
    Change(
        "source-added-if-matching-twice",
        {**URL, "adoptionPolicy": "IfMatching"},
        {**URL, "adoptionPolicy": "IfMatching", "kid": "k"},
        (_locked("kid"),),
        status={"remote": {"name": "changing", "sourceDigest": "0"}},
    ),
    Change("source-changed-back-with-the-policy", {**URL, "updatePolicy": "Replace", "kid": "k"}, URL),
    *(
        Change(f"source-changed-back-{reason}", {**URL, "kid": "k"}, URL, status=_stuck(reason))
        for reason in ("ReplacementRequired", "Rejected")
    ),
    Change("source-changed-unready", {**URL, "kid": "k"}, URL, (_locked("kid"),), status=_stuck("Unreachable")),
    Change("description", URL, {**URL, "description": "new"}),
    Change("policies", URL, {**URL, "deletionPolicy": "Retain", "redeployPolicy": "Never", "suspend": True}),
    Change("name-same", URL, {**URL, "name": "changing"}),
    Change("name-added", URL, {**URL, "name": "other"}, (_RENAMED,)),
    Change("name-added-early", URL, {**URL, "name": "other"}, (_RENAMED,), remote=False),
    Change("name-removed", {**URL, "name": "other"}, URL, (_RENAMED,)),
    Change("name-changed", {**URL, "name": "one"}, {**URL, "name": "two"}, (_RENAMED,)),
    Change("name-dropped-same", {**URL, "name": "changing"}, URL),
    *(
        change
        for remote in (True, False)
        for change in (
            Change(
                f"connection-{remote}",
                URL,
                {**URL, "connectionRef": _CLUSTER_REF},
                (f"spec.connectionRef: Forbidden: spec.connectionRef {_IMMUTABLE}",),
                remote,
            ),
            Change(
                f"project-removed-{remote}",
                {**URL, "projectName": "p"},
                URL,
                (f"spec.projectName: Forbidden: spec.projectName {_IMMUTABLE}",),
                remote,
            ),
            Change(
                f"project-changed-{remote}",
                {**URL, "projectName": "p"},
                {**URL, "projectName": "q"},
                (f"spec.projectName: Forbidden: spec.projectName {_IMMUTABLE}",),
                remote,
            ),
        )
    ),
    Change("project-added", URL, {**URL, "projectName": "p"}),
    Change("connection-spelled-out", URL, {**URL, "connectionRef": {"kind": NAMESPACED, "name": "default"}}),
)
