"""The body of the generate call: what is flat in the spec stands inside the object that is named after the type."""

from __future__ import annotations

from typing import Any

import pytest

from apinizer_simulator.schema import check_generate
from jwk_operator.api.jwk import JWKSpec
from jwk_operator.reconcile.request import generate_body
from unit.builders import TARGET

OPTIONS: dict[str, dict[str, Any]] = {
    "RSA": {"keySize": 4096},
    "EC": {"curveType": "P384"},
    "OCT": {"keySize": 128, "passwordSaltLength": 16, "passwordIterationCount": 5000},
    "OKP": {"curveType": "ED25519"},
}
ALGORITHMS = {"RSA": "PS256", "EC": "ES384", "OCT": "HS256", "OKP": "EdDSA"}
COMMON = {
    "keyUseType": "SIGNATURE",
    "keyIdType": "SHA256",
    "notBeforeTime": "2027-01-31T00:00:00Z",
    "expirationTime": "2028-01-31T00:00:00+03:00",
}


def a_spec(generate: dict[str, Any], **fields: Any) -> JWKSpec:
    policies = {"projectName": "p", "suspend": True, "requiredEnvironments": ["e"], "name": "ignored"}
    return JWKSpec.model_validate({**policies, "sourceType": "GENERATE", "generate": generate, **fields})


def body_of(generate: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = generate_body(a_spec(generate, **fields), TARGET)
    check_generate(body)
    return body


@pytest.mark.parametrize("key_type", OPTIONS)
def test_least_that_a_type_needs(key_type: str) -> None:
    own = key_type.lower()
    (option, value), *_ = OPTIONS[key_type].items()
    assert body_of({"type": key_type, own: {option: value}}) == {
        "name": "signing",
        "type": key_type,
        own: {option: value},
    }


@pytest.mark.parametrize("key_type", OPTIONS)
def test_every_option_of_a_type(key_type: str) -> None:
    own, common = key_type.lower(), {**COMMON, "algorithm": ALGORITHMS[key_type]}
    generate = {"type": key_type, "kid": "one", own: OPTIONS[key_type], **common}
    assert body_of(generate, description="Signs.") == {
        "name": "signing",
        "description": "Signs.",
        "type": key_type,
        "kid": "one",
        own: {**OPTIONS[key_type], **common},
    }


@pytest.mark.parametrize("option", [*COMMON, "algorithm"])
@pytest.mark.parametrize("key_type", OPTIONS)
def test_each_common_option_alone(key_type: str, option: str) -> None:
    value = {**COMMON, "algorithm": ALGORITHMS[key_type]}[option]
    own = key_type.lower()
    body = body_of({"type": key_type, own: OPTIONS[key_type], option: value})
    assert body == {"name": "signing", "type": key_type, own: {**OPTIONS[key_type], option: value}}


def test_an_empty_description_is_sent() -> None:
    assert body_of({"type": "RSA", "rsa": OPTIONS["RSA"]}, description="")["description"] == ""


def test_a_spec_that_says_nothing_of_a_key_is_never_sent() -> None:
    adopting = JWKSpec.model_validate({"sourceType": "GENERATE", "adoptionPolicy": "IfMatching"})
    with pytest.raises(AssertionError, match="only a spec that says what to generate"):
        generate_body(adopting, TARGET)
