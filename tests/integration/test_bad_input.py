"""Bad input: one clear word for each, nothing lost, and nobody else held up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest

from harness.keys import ec, octets, pasted, rsa
from harness.objects import Condition, Event, deployed
from harness.simulator import SimulatorProcess
from harness.space import Space

pytestmark = pytest.mark.usefixtures("operator")


@dataclass(frozen=True, slots=True)
class Bad:
    """A JWK string, the kid that is asked for, and what is said about it."""

    text: str
    says: str
    kid: str | None = None


def _text(key: dict[str, Any], **changes: Any) -> str:
    return json.dumps({name: value for name, value in {**key, **changes}.items() if value is not None})


PUBLIC, PRIVATE, SET = ec(), ec(private=True), {"keys": [ec("a"), ec("a"), ec("b")]}
BAD = {
    "broken": Bad(
        '{"kty":"EC",', "the key is not valid JSON at line 1, column 13; give a JWK or JWK Set as a JSON object"
    ),
    "no-object": Bad("[]", "the key must be a JSON object: a JWK or a JWK Set"),
    "nan": Bad('{"kty":"EC","x":NaN}', "the key is not valid JSON: NaN and Infinity do not exist in it"),
    "duplicate": Bad('{"kty":"oct","k":"QQ","k":"Qg"}', "member k is given twice; keep one (RFC 7517 section 4)"),
    "kty": Bad(
        _text(PUBLIC, kty="rsa"),
        "member kty must be RSA, EC, oct or OKP, in exactly this spelling (RFC 7518 section 6.1)",
    ),
    "no-kty": Bad(_text(PUBLIC, kty=None), "member kty is missing"),
    "member": Bad(_text(PUBLIC, y=None), "member y is missing"),
    "encoding": Bad(_text(octets(), k="a+b/"), "member k must be base64url without padding (RFC 7515 section 2)"),
    "off-curve": Bad(_text(PUBLIC, y=PUBLIC["x"]), "the members do not form a valid EC key; export it again"),
    "set-without-kid": Bad(json.dumps(SET), "the key is a JWK Set; set spec.kid to say which key of it"),
    "kid-twice": Bad(json.dumps(SET), "2 keys of the JWK Set have the kid that spec.kid names; make it unique", "a"),
    "kid-missing": Bad(json.dumps(SET), "no key of the JWK Set has the kid that spec.kid names", "c"),
    "kid-other": Bad(
        _text(ec("mine")),
        "member kid is not what spec.kid says; correct one of them or leave spec.kid out",
        "other",
    ),
    "private-for-public": Bad(
        _text(PRIVATE, key_ops=["verify"]),
        "member key_ops asks for a public key, yet the private member d is given; remove d",
    ),
    "half-private": Bad(
        _text(rsa(private=True), d=None), "member d is missing, though p is given (RFC 7518 section 6.3.2)"
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_keys_inline(space: Space, simulator: SimulatorProcess, case: str) -> None:
    bad = BAD[case]
    space.jwk("bad", {"sourceType": "COPY_PASTE", "jwkStr": bad.text, **({"kid": bad.kid} if bad.kid else {})})
    jwk = space.wait("bad", "InvalidKey")
    message = f"spec.jwkStr: {bad.says}."
    assert jwk.ready == Condition("False", "InvalidKey", message)
    assert jwk.conditions["Stalled"] == Condition("True", "InvalidKey", message)
    assert not jwk.claimed
    space.wait_events("bad", Event("Warning", "InvalidKey", message))
    assert simulator.requests(space.project) == []


def test_a_bad_key_in_a_secret_is_mended_there(space: Space, simulator: SimulatorProcess) -> None:
    source = {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "key", "key": "jwk"}}}
    where = f"Secret {space.name}/key"
    space.jwk("one", source)
    assert space.wait("one", "SecretNotFound").message == f"spec.jwkStrFrom: {where} does not exist; create it."
    space.secret("key", other="x")
    assert space.wait("one", "SecretKeyNotFound").message == f"spec.jwkStrFrom: {where} has no key jwk; add it."
    space.secret("key", jwk="")
    assert space.wait("one", "InvalidKey").message == (
        f"{where}, key jwk: the key is not valid JSON at line 1, column 1; give a JWK or JWK Set as a JSON object."
    )
    space.secret("key", jwk=b"\xff")
    told = f"spec.jwkStrFrom: {where}, key jwk does not hold text; add it."
    space.wait_message("one", Condition("False", "SecretKeyNotFound", told))
    space.secret("key", jwk=json.dumps(PRIVATE))
    assert space.wait("one").ready == deployed(2)
    assert simulator.writes(space.project) == [("create", "one")]


INVALID = 'JWK.apiops.apinizer.com "bad" is invalid: '
MEBIBYTE = {"sourceType": "COPY_PASTE", "jwkStr": " " * 2**20}
URL = {"sourceType": "URL", "url": "https://idp.example/jwks"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown-field": (
        {**URL, "jwksUrl": "x"},
        (
            "failed to create typed patch object ({namespace}/bad; apiops.apinizer.com/v1alpha1, Kind=JWK): "
            ".spec.jwksUrl: field not declared in schema"
        ),
    ),
    "no-url": (
        {"sourceType": "URL"},
        (
            f"{INVALID}spec.url: Required value: spec.url is needed for sourceType URL: set it to the address of the "
            "JWK or "
            "JWK Set"
        ),
    ),
    "key-type": (
        {
            "sourceType": "CERTIFICATE",
            "certificateName": "c",
            "environmentName": "production",
            "useType": "SIGNATURE",
            "algorithm": "RSA",
        },
        f"{INVALID}spec.algorithm: Invalid value: spec.algorithm: RSA is a key type; did you mean RS256?",
    ),
    "foreign-field": (
        {**URL, "keyName": "k"},
        (
            f"{INVALID}spec.keyName: Forbidden: spec.keyName belongs to sourceType PUBLIC_KEY and PRIVATE_KEY; "
            "remove it or "
            "change spec.sourceType"
        ),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_api_server_refuses(space: Space, case: str) -> None:
    spec, message = REFUSED[case]
    assert space.refusal("bad", spec) == message.format(namespace=space.name)


def test_a_mebibyte_is_refused_by_its_field(space: Space) -> None:
    message = space.refusal("bad", MEBIBYTE)
    assert message.startswith(f"{INVALID}[spec.jwkStr: Too long: may not be more than 262144 bytes")


def test_a_mebibyte_in_a_secret_is_no_key(space: Space, simulator: SimulatorProcess) -> None:
    space.secret("key", jwk="x" * (2**20 - 1000))
    source = {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "key", "key": "jwk"}}}
    space.jwk("one", source)
    assert space.wait("one", "InvalidKey").message == (
        f"Secret {space.name}/key, key jwk: the key is not valid JSON at line 1, column 1; give a JWK or JWK Set as a "
        "JSON object."
    )
    assert simulator.requests(space.project) == []


@pytest.mark.parametrize("name", ["a/b", "with space", "Schlüssel-鍵", "100%25+&?#", "..a..", "%2F"])
def test_names_arrive_exactly(space: Space, simulator: SimulatorProcess, name: str) -> None:
    space.jwk("one", pasted(), name=name)
    assert space.wait("one").status["remote"]["name"] == name
    space.patch("one", description="New")
    space.wait_for("one", lambda jwk: jwk.observed and jwk.status["remote"]["description"] == "New", "the update")
    assert set(simulator.remote(space.project)) == {name}
    space.delete("one")
    space.wait_gone("one")
    assert simulator.writes(space.project) == [(call, name) for call in ("create", "update", "delete")]
    sent = [record["raw_path"].split("/") for record in simulator.requests(space.project, "update", "delete")]
    expected = simulator.path(space.project, name).split("/")
    assert [[unquote(part) for part in path] for path in sent] == [[unquote(part) for part in expected]] * 2


def test_what_apinizer_rejects_waits_for_the_spec(space: Space, simulator: SimulatorProcess) -> None:
    looked_up = {"environmentName": "production", "useType": "SIGNATURE", "algorithm": "ES256"}
    space.jwk("one", {"sourceType": "CERTIFICATE", "certificateName": "missing", **looked_up})
    jwk = space.wait("one", "Rejected")
    message = "Apinizer rejected the request: Certificate (name: missing) is not found!"
    assert jwk.ready == Condition("False", "Rejected", message)
    assert not jwk.claimed
    space.wait_events("one", Event("Warning", "Rejected", message))
    space.patch("one", certificateName="certificate")
    assert space.wait("one").ready == deployed(2)
    assert simulator.writes(space.project) == [("create", "one"), ("create", "one")]


def test_bad_ones_never_stop_the_others(space: Space) -> None:
    for number, case in enumerate(BAD):
        space.jwk(f"bad-{number:02}", {"sourceType": "COPY_PASTE", "jwkStr": BAD[case].text})
        space.jwk(f"good-{number:02}", pasted())
    good = space.wait_all([f"good-{number:02}" for number in range(len(BAD))])
    assert {jwk.ready for jwk in good.values()} == {deployed(2)}
