"""Validation rules of a JWK's changes: what can never change, and what cannot once the remote JWK exists."""

from __future__ import annotations

from collections.abc import Iterator

from jwk_operator.api.reasons import Reason
from jwk_operator.api.rules import FORBIDDEN, Rule, cel_list

IMMUTABLE_SOURCE_FIELDS = (
    "url",
    "urlOptionConnectTimeout",
    "urlOptionReadTimeout",
    "urlOptionSizeLimit",
    "jwkStr",
    "jwkStrFrom",
    "kid",
    "certificateName",
    "keyName",
    "keyStoreName",
    "aliasName",
    "environmentName",
    "useType",
    "algorithm",
    "generate",
)

# Where a source was changed that cannot be had, it must be possible to change it back, with the policy or without it.
_STUCK = (
    "(has(self.status.conditions) && self.status.conditions.exists(item, item.type == 'Ready'"
    f" && item.reason in {cel_list((Reason.REPLACEMENT_REQUIRED.value, Reason.REJECTED.value))}))"
)
_CHANGEABLE = (
    "!has(self.status) || !has(self.status.remote) || self.spec.updatePolicy != 'Immutable'"
    f" || oldSelf.spec.updatePolicy != 'Immutable' || {_STUCK}"
)
# Fields that were left out to adopt a JWK can be given later, once.
_COMPLETES = (
    "(self.spec.adoptionPolicy == 'IfMatching' || oldSelf.spec.adoptionPolicy == 'IfMatching')"
    " && !has(self.status.remote.sourceDigest)"
)

_IDENTITY_RULES = (
    Rule(
        "",
        "(has(self.spec.name) ? self.spec.name : self.metadata.name)"
        " == (has(oldSelf.spec.name) ? oldSelf.spec.name : oldSelf.metadata.name)",
        "spec.name is immutable: delete this JWK and create one with the new name",
        ".spec.name",
        FORBIDDEN,
    ),
    Rule(
        "spec",
        "self.connectionRef == oldSelf.connectionRef",
        "spec.connectionRef is immutable: delete this JWK with deletionPolicy Retain and create it anew",
        ".connectionRef",
        FORBIDDEN,
    ),
    Rule(
        "spec",
        # a project that was forgotten can still be named: there is nothing remote that it would move
        "!has(oldSelf.projectName) || (has(self.projectName) && self.projectName == oldSelf.projectName)",
        "spec.projectName is immutable: delete this JWK with deletionPolicy Retain and create it anew",
        ".projectName",
        FORBIDDEN,
    ),
)


def _source_rules() -> Iterator[Rule]:
    yield _source_rule("sourceType", f"self.spec.sourceType == oldSelf.spec.sourceType || {_CHANGEABLE}")
    for field in IMMUTABLE_SOURCE_FIELDS:
        # another source type brings other fields with it: one refusal is enough then
        yield _source_rule(
            field,
            # what is nearly always so comes first: on every write each look at a field costs the API server time
            f"(has(self.spec.{field}) ? has(oldSelf.spec.{field}) && self.spec.{field} == oldSelf.spec.{field}"
            f" : !has(oldSelf.spec.{field}))"
            f" || {_CHANGEABLE} || self.spec.sourceType != oldSelf.spec.sourceType"
            f" || (!has(oldSelf.spec.{field}) && {_COMPLETES})",
        )


def _source_rule(field: str, rule: str) -> Rule:
    return Rule(
        "",
        rule,
        f"spec.{field} cannot change once the remote JWK exists: set spec.updatePolicy to Replace to have a new remote "
        "JWK take its place, or restore the old value",
        f".spec.{field}",
        FORBIDDEN,
    )


TRANSITION_RULES: tuple[Rule, ...] = (*_IDENTITY_RULES, *_source_rules())
