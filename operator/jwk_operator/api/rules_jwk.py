"""Validation rules of a JWK: which fields belong together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jwk_operator.api.algorithms import ALGORITHMS, KeyType, UseType, algorithms_for
from jwk_operator.api.jwk import SourceType
from jwk_operator.api.rules import (
    FORBIDDEN,
    REQUIRED,
    Rule,
    cel_list,
    cel_string,
    duration_rule,
    enumerate_words,
    http_url_rule,
    remote_name_rules,
)
from jwk_operator.api.rules_generate import GENERATE_RULES
from jwk_operator.api.rules_transition import TRANSITION_RULES

_LOOKED_UP = (SourceType.CERTIFICATE, SourceType.PUBLIC_KEY, SourceType.PRIVATE_KEY, SourceType.KEYSTORE)
_KEYS = (SourceType.PUBLIC_KEY, SourceType.PRIVATE_KEY)
_ADOPTS = "self.adoptionPolicy == 'IfMatching'"


@dataclass(frozen=True, slots=True)
class SourceField:
    """A field that belongs to some source types; `remedy` says how to fill it in where they need it."""

    name: str
    belongs_to: tuple[SourceType, ...]
    remedy: str | None = None


SOURCE_FIELDS = (
    SourceField("url", (SourceType.URL,), "set it to the address of the JWK or JWK Set"),
    SourceField("urlOptionConnectTimeout", (SourceType.URL,)),
    SourceField("urlOptionReadTimeout", (SourceType.URL,)),
    SourceField("urlOptionSizeLimit", (SourceType.URL,)),
    SourceField("jwkStr", (SourceType.COPY_PASTE,)),
    SourceField("jwkStrFrom", (SourceType.COPY_PASTE,)),
    SourceField("kid", (SourceType.URL, SourceType.COPY_PASTE)),
    SourceField("certificateName", (SourceType.CERTIFICATE,), "set it to the certificate's name in Apinizer"),
    SourceField("keyName", _KEYS, "set it to the key's name in Apinizer"),
    SourceField("keyStoreName", (SourceType.KEYSTORE,), "set it to the keystore's name in Apinizer"),
    SourceField("aliasName", (SourceType.KEYSTORE,), "set it to the key's alias within the keystore"),
    SourceField("environmentName", _LOOKED_UP, "set it to the environment in which Apinizer looks the source up"),
    SourceField("useType", _LOOKED_UP, "set it to SIGNATURE or ENCRYPTION"),
    SourceField("algorithm", _LOOKED_UP, "set it to an algorithm that fits spec.useType, such as RS256"),
    SourceField("generate", (SourceType.GENERATE,), "set it to the type and options of the key that Apinizer makes"),
)

# What to suggest to someone who wrote a key type where an algorithm belongs.
_MEANT = {
    UseType.SIGNATURE: {KeyType.RSA: "RS256", KeyType.EC: "ES256", KeyType.OCT: "HS256", KeyType.OKP: "EdDSA"},
    UseType.ENCRYPTION: {
        KeyType.RSA: "RSA-OAEP-256",
        KeyType.EC: "ECDH-ES+A256KW",
        KeyType.OCT: "A256KW",
        KeyType.OKP: "ECDH-ES+A256KW",
    },
}


def _belonging_rules() -> Iterator[Rule]:
    for field in SOURCE_FIELDS:
        types = cel_list(field.belongs_to)
        names = enumerate_words(field.belongs_to)
        if field.remedy is not None:
            yield Rule(
                "spec",
                f"!(self.sourceType in {types}) || has(self.{field.name}) || {_ADOPTS}",
                f"spec.{field.name} is needed for sourceType {names}: {field.remedy}",
                f".{field.name}",
                REQUIRED,
            )
        yield Rule(
            "spec",
            f"!has(self.{field.name}) || self.sourceType in {types}",
            f"spec.{field.name} belongs to sourceType {names}; remove it or change spec.sourceType",
            f".{field.name}",
            FORBIDDEN,
        )


_JWK_STRING_RULES = (
    Rule(
        "spec",
        f"self.sourceType != 'COPY_PASTE' || has(self.jwkStr) || has(self.jwkStrFrom) || {_ADOPTS}",
        "spec.jwkStr or spec.jwkStrFrom is needed for sourceType COPY_PASTE: set spec.jwkStr to the JWK or JWK Set, "
        "or spec.jwkStrFrom to the Secret that holds it",
        ".jwkStr",
        REQUIRED,
    ),
    Rule(
        "spec",
        "!has(self.jwkStr) || !has(self.jwkStrFrom)",
        "spec.jwkStr and spec.jwkStrFrom exclude each other: keep one of them",
        ".jwkStr",
        FORBIDDEN,
    ),
)


def _algorithm_rules() -> Iterator[Rule]:
    # where the field does not belong at all, being told so is enough
    irrelevant = f"!has(self.algorithm) || !(self.sourceType in {cel_list(_LOOKED_UP)})"
    for key_type, meant in _MEANT[UseType.SIGNATURE].items():
        yield _algorithm_rule(
            f"{irrelevant} || self.algorithm != {cel_string(key_type)}"
            f" || (has(self.useType) && self.useType == 'ENCRYPTION')",
            f"{key_type} is a key type; did you mean {meant}?",
        )
    for key_type, meant in _MEANT[UseType.ENCRYPTION].items():
        yield _algorithm_rule(
            f"{irrelevant} || self.algorithm != {cel_string(key_type)}"
            f" || !has(self.useType) || self.useType != 'ENCRYPTION'",
            f"{key_type} is a key type; did you mean {meant}?",
        )
    for use in ALGORITHMS:
        names = algorithms_for(use)
        yield _algorithm_rule(
            f"{irrelevant} || !has(self.useType) || self.useType != {cel_string(use)}"
            f" || self.algorithm in {cel_list((*names, *KeyType))}",
            f"must fit useType {use}: use one of {', '.join(names)}",
        )
    names = tuple(dict.fromkeys(name for use in ALGORITHMS for name in algorithms_for(use)))
    yield _algorithm_rule(
        f"{irrelevant} || has(self.useType) || self.algorithm in {cel_list((*names, *KeyType))}",
        f"must be the name of an algorithm: use one of {', '.join(names)}",
    )


def _algorithm_rule(rule: str, text: str) -> Rule:
    separator = ": " if "key type" in text else " "
    return Rule("spec", rule, f"spec.algorithm{separator}{text}", ".algorithm")


_POLICY_RULES = (
    Rule(
        "spec",
        "!has(self.replacement) || self.updatePolicy == 'Replace'",
        "spec.replacement belongs to updatePolicy Replace; remove it or set spec.updatePolicy to Replace",
        ".replacement",
        FORBIDDEN,
    ),
    duration_rule("spec.replacement.keepOldFor"),
)

JWK_RULES: tuple[Rule, ...] = (
    *_belonging_rules(),
    *_JWK_STRING_RULES,
    http_url_rule("spec", "url", "https://HOST/PATH"),
    *_algorithm_rules(),
    *GENERATE_RULES,
    *_POLICY_RULES,
    *remote_name_rules("spec.name"),
    *remote_name_rules("spec.projectName"),
    *TRANSITION_RULES,
)
