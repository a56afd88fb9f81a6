"""The key of a JWK that stands in the manifests: what the operator would say to it, and what a person should know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jwk_operator.api import algorithms
from jwk_operator.cli.validate.findings import (
    BROKEN_KEY,
    DEPRECATED,
    INLINE,
    INVALID_KEY,
    SECRET_KEY,
    WEAK_KEY,
    Finding,
    Key,
    Resource,
    finding,
)
from jwk_operator.cli.validate.secrets import Secrets, value_in
from jwk_operator.manifests.fields import mapping, text
from jwk_operator.reconcile.keymaterial import InvalidKeyError, inspect_key, private_values
from jwk_operator.reconcile.keyreview import bits, review

_INLINE = (
    "spec.jwkStr holds private key material, which everyone who may read this JWK sees: put it into a Secret and refer "
    "to it with spec.jwkStrFrom.secretKeyRef"
)
_REFERENCE = "spec.jwkStrFrom.secretKeyRef"


@dataclass(frozen=True, slots=True)
class _Given:
    """The text of a key and the field of the JWK that gives it."""

    text: str
    path: str


def look_at_key(jwk: Resource, secrets: Secrets, now: datetime) -> tuple[list[Finding], Key | None]:
    """Return what is to be said of a JWK's key, and its facts if it can be read."""
    if jwk.kind != "JWK":
        return [], None
    found = list(_deprecated(jwk))
    given = _given(jwk, secrets)
    if isinstance(given, Finding):
        return [*found, given], None
    if given is None:
        return found, None
    if given.path == "spec.jwkStr" and private_values(given.text):
        found.append(finding(INLINE, jwk, given.path, _INLINE))
    kid = text(jwk.spec, "kid") or None
    try:
        facts = inspect_key(given.text, kid)
    except InvalidKeyError as error:
        return [*found, finding(INVALID_KEY, jwk, given.path, f"{given.path}: {error}")], None
    members = _chosen(given.text, kid)
    for remark in review(members, now):
        rule = BROKEN_KEY if remark.level == "error" else WEAK_KEY
        found.append(finding(rule, jwk, given.path, f"{given.path}: {remark.message}"))
    return found, Key(str(facts.type), bits(members), members.get("crv"), facts.kid, facts.thumbprint)


def _given(jwk: Resource, secrets: Secrets) -> _Given | Finding | None:
    if text(jwk.spec, "sourceType") != "COPY_PASTE":
        return None
    if text(jwk.spec, "jwkStr"):
        return _Given(text(jwk.spec, "jwkStr"), "spec.jwkStr")
    reference = mapping(mapping(jwk.spec, "jwkStrFrom"), "secretKeyRef")
    secret = secrets.find(jwk.namespace, text(reference, "name"))
    if secret is None:
        return None
    present, value = value_in(secret, text(reference, "key"))
    if not present:
        message = f"{_REFERENCE}: Secret {text(reference, 'name')} in {secret.source} has no such key"
        return finding(SECRET_KEY, jwk, f"{_REFERENCE}.key", message)
    if value is None:
        return finding(INVALID_KEY, jwk, _REFERENCE, f"{_REFERENCE}: the value in the Secret is no text in base64")
    return _Given(value, _REFERENCE)


def _chosen(key: str, kid: str | None) -> dict[str, Any]:
    """Return the members of the key that `inspect_key` has looked at."""
    document: dict[str, Any] = json.loads(key)
    return next(members for members in document.get("keys", [document]) if kid in (None, members.get("kid", kid)))


def _deprecated(jwk: Resource) -> Iterator[Finding]:
    generate = mapping(jwk.spec, "generate")
    named = {
        "spec.algorithm": text(jwk.spec, "algorithm"),
        "spec.generate.algorithm": algorithms.create_spelling(text(generate, "algorithm")) or "",
    }
    for path, algorithm in named.items():
        if algorithm in algorithms.DEPRECATED:
            message = f"{path}: {algorithm} is deprecated (RFC 8725 section 3.2, RFC 8017): use RSA-OAEP-256"
            yield finding(DEPRECATED, jwk, path, message)
