"""Local checks of key material: what is accepted, and what is said of what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from jwk_operator.api.algorithms import KeyType
from jwk_operator.reconcile.keymaterial import InvalidKeyError, KeyFacts, inspect_key, private_values
from unit.keys import (
    EC_7517,
    EC_PRIVATE_7517,
    OCT_7515,
    OCT_7517,
    OKP_8037,
    RSA_7638,
    THUMBPRINT_7638,
)

RSA_PRIVATE = RSAKey.generate_key(2048, private=True).as_dict(private=True)
BASE64URL = "member {} must be base64url without padding (RFC 7515 section 2)"
SIZE = "member {} must be {} bytes for this curve ({})"
EC_SIZE, OKP_SIZE = "RFC 7518 section 6.2", "RFC 8037 section 2"
KTY = "member kty must be RSA, EC, oct or OKP, in exactly this spelling (RFC 7518 section 6.1)"
BROKEN = "the key is not valid JSON{}; give a JWK or JWK Set as a JSON object"
PEM = (
    "the key is PEM; give it as a JWK, or put it into Apinizer and name it there by spec.sourceType: PUBLIC_KEY, "
    "PRIVATE_KEY or CERTIFICATE"
)
CONSTANT = "the key is not valid JSON: NaN and Infinity do not exist in it"
OBJECT = "the key must be a JSON object: a JWK or a JWK Set"
ARRAY = "member keys must be an array of JWKs (RFC 7517 section 5.1)"
PUBLIC = "member key_ops asks for a public key, yet the private member d is given; remove d"


def without(key: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name not in names}


BAD_TEXTS = [
    ("", BROKEN.format(" at line 1, column 1")),
    ("{", BROKEN.format(" at line 1, column 2")),
    ('{"kty":\n "EC",}', BROKEN.format(" at line 2, column 7")),
    ('{"kty": "EC"} x', BROKEN.format(" at line 1, column 15")),
    ("[" * 100_000, BROKEN.format("")),
    ('{"a":' * 100_000, BROKEN.format("")),
    ("\n-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\n", PEM),
    ('{"kty": NaN}', CONSTANT),
    ('{"kty": -Infinity}', CONSTANT),
    ("[]", OBJECT),
    ("null", OBJECT),
    ('"eyJrdHkiOiJFQyJ9"', OBJECT),
    ("1", OBJECT),
    ('{"kty": "EC", "kty": "EC"}', "member kty is given twice; keep one (RFC 7517 section 4)"),
    ('{"keys": [{"d": "1", "d": "2"}]}', "member d is given twice; keep one (RFC 7517 section 4)"),
    (
        '{"a secret of length": 1, "a secret of length": 2}',
        "member in the key is given twice; keep one (RFC 7517 section 4)",
    ),
]

BAD_KEYS: list[tuple[dict[str, Any], str]] = [
    ({}, "member kty is missing"),
    (without(EC_7517, "kty"), "member kty is missing"),
    ({"kty": ""}, "member kty is missing"),
    ({"kty": None}, "member kty is missing"),
    ({"kty": ["EC"]}, "member kty must be a string"),
    ({"kty": {"kty": "EC"}}, "member kty must be a string"),
    ({**EC_7517, "kty": "ec"}, KTY),
    ({**OCT_7517, "kty": "OCT"}, KTY),
    ({**EC_7517, "kid": 1}, "member kid must be a string"),
    ({**EC_7517, "use": ["sig"]}, "member use must be a string"),
    ({**EC_7517, "alg": {}}, "member alg must be a string"),
    *((without(RSA_7638, name), f"member {name} is missing") for name in ("n", "e")),
    *((without(EC_7517, name), f"member {name} is missing") for name in ("crv", "x", "y")),
    *((without(OKP_8037, name), f"member {name} is missing") for name in ("crv", "x")),
    (without(OCT_7517, "k"), "member k is missing"),
    *((without(RSA_PRIVATE, name), f"member {name} is missing") for name in ("p", "q", "dp", "dq", "qi")),
    (without(RSA_PRIVATE, "d"), "member d is missing, though p is given (RFC 7518 section 6.3.2)"),
    ({**RSA_PRIVATE, "oth": []}, "member oth is not supported: give an RSA key with two primes"),
    ({**EC_7517, "crv": "P-255"}, "member crv must be one of P-256, P-384, P-521, secp256k1"),
    ({**OKP_8037, "crv": "P-256"}, "member crv must be one of Ed25519, Ed448, X25519, X448"),
    ({**EC_7517, "x": EC_7517["x"] + "="}, BASE64URL.format("x")),
    ({**EC_7517, "x": EC_7517["x"].replace("M", "+", 1)}, BASE64URL.format("x")),
    ({**RSA_7638, "n": RSA_7638["n"] + "\n"}, BASE64URL.format("n")),
    ({**RSA_7638, "e": "AQABA"}, BASE64URL.format("e")),
    ({**OCT_7517, "k": "a secret"}, BASE64URL.format("k")),
    ({**EC_7517, "x": "AAAA"}, SIZE.format("x", 32, EC_SIZE)),
    ({**EC_7517, "y": EC_7517["y"] + "AAAA"}, SIZE.format("y", 32, EC_SIZE)),
    ({**EC_PRIVATE_7517, "d": "AAAA"}, SIZE.format("d", 32, EC_SIZE)),
    ({**EC_7517, "crv": "P-521"}, SIZE.format("x", 66, EC_SIZE)),
    ({**OKP_8037, "x": "AAAA"}, SIZE.format("x", 32, OKP_SIZE)),
    ({**OKP_8037, "d": "AAAA"}, SIZE.format("d", 32, OKP_SIZE)),
    ({**OKP_8037, "crv": "Ed448"}, SIZE.format("x", 57, OKP_SIZE)),
    ({**EC_7517, "y": EC_7517["x"]}, "the members do not form a valid EC key; export it again"),
    ({**RSA_PRIVATE, "p": "AQAB"}, "the members do not form a valid RSA key; export it again"),
    ({**EC_7517, "key_ops": "verify"}, "member key_ops must be an array of strings (RFC 7517 section 4.3)"),
    ({**EC_7517, "key_ops": [1]}, "member key_ops must be an array of strings (RFC 7517 section 4.3)"),
    ({**EC_7517, "key_ops": ["verify", "verify"]}, "member key_ops names an operation twice (RFC 7517 section 4.3)"),
    ({**EC_PRIVATE_7517, "key_ops": ["verify"]}, PUBLIC),
    ({**RSA_PRIVATE, "key_ops": ["encrypt", "wrapKey"]}, PUBLIC),
    ({"keys": [EC_7517]}, "the key is a JWK Set; set spec.kid to say which key of it"),
    ({"keys": []}, "the key is a JWK Set; set spec.kid to say which key of it"),
    ({"keys": EC_7517}, ARRAY),
    ({"keys": None}, ARRAY),
    ({"keys": [EC_7517, "x"]}, ARRAY),
    ({"keys": [{}] * 1001}, "member keys holds more than 1000 keys; give only those that are needed"),
]

BAD_CHOICES: list[tuple[dict[str, Any], str, str]] = [
    (EC_7517, "2", "member kid is not what spec.kid says; correct one of them or leave spec.kid out"),
    ({"keys": [EC_7517]}, "2", "no key of the JWK Set has the kid that spec.kid names"),
    ({"keys": [OCT_7517]}, "2", "no key of the JWK Set has the kid that spec.kid names"),
    ({"keys": [EC_7517, EC_7517]}, "1", "2 keys of the JWK Set have the kid that spec.kid names; make it unique"),
    ({"keys": [{"kid": "1"}]}, "1", "member kty is missing"),
]


@pytest.mark.parametrize(("text", "message"), BAD_TEXTS, ids=range(len(BAD_TEXTS)))
def test_text_that_is_no_key_is_refused(text: str, message: str) -> None:
    assert _message(text) == message


@pytest.mark.parametrize(("key", "message"), BAD_KEYS, ids=range(len(BAD_KEYS)))
def test_bad_key_is_refused(key: dict[str, Any], message: str) -> None:
    assert _message(json.dumps(key)) == message


@pytest.mark.parametrize(("key", "kid", "message"), BAD_CHOICES)
def test_choice_of_no_single_key_is_refused(key: dict[str, Any], kid: str, message: str) -> None:
    assert _message(json.dumps(key), kid) == message


def _message(text: str, kid: str | None = None) -> str:
    with pytest.raises(InvalidKeyError) as caught:
        inspect_key(text, kid)
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "kid", "facts"),
    [
        (RSA_7638, None, KeyFacts(KeyType.RSA, "2011-04-29", THUMBPRINT_7638)),
        (EC_7517, None, KeyFacts(KeyType.EC, "1", "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s")),
        (EC_PRIVATE_7517, "1", KeyFacts(KeyType.EC, "1", "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s")),
        (OCT_7517, None, KeyFacts(KeyType.OCT, None, None)),
        (OCT_7515, "any", KeyFacts(KeyType.OCT, None, None)),
        (OKP_8037, None, KeyFacts(KeyType.OKP, None, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")),
        ({"keys": [EC_7517, RSA_7638]}, "2011-04-29", KeyFacts(KeyType.RSA, "2011-04-29", THUMBPRINT_7638)),
        (
            {"keys": [EC_7517, {"kty": "new"}]},
            "1",
            KeyFacts(KeyType.EC, "1", "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"),
        ),
        (
            {**EC_PRIVATE_7517, "key_ops": ["sign", "verify"]},
            None,
            KeyFacts(KeyType.EC, "1", "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"),
        ),
    ],
)
def test_good_key_is_accepted(key: dict[str, Any], kid: str | None, facts: KeyFacts) -> None:
    assert inspect_key(json.dumps(key), kid) == facts


GENERATED = [
    *(ECKey.generate_key(curve, private=True) for curve in ("P-256", "P-384", "P-521", "secp256k1")),
    *(OKPKey.generate_key(curve, private=True) for curve in ("Ed25519", "Ed448", "X25519", "X448")),
    RSAKey.generate_key(2048, private=True),
    OctKey.generate_key(256),
]


@pytest.mark.parametrize("key", GENERATED[:-1], ids=lambda key: str(key.as_dict().get("crv", "RSA")))
@pytest.mark.parametrize("private", [True, False])
def test_thumbprint_is_the_librarys_too(key: RSAKey | ECKey | OKPKey, private: bool) -> None:
    assert inspect_key(json.dumps(key.as_dict(private=private)), None).thumbprint == key.thumbprint()


SHARDS = 6
CORRUPTIONS = st.sampled_from(
    [
        lambda value: value + "=",
        lambda value: value[:-3],
        lambda value: "!" + value,
        lambda value: value * 2,
        lambda value: [value],
        lambda value: {"inside": value},
        lambda _: None,
        lambda value: value[::-1],
        lambda _: 17,
    ]
)


@given(st.sampled_from(GENERATED), st.data(), CORRUPTIONS, st.sampled_from(["", "}", '"', ',"d":', "\x00"]))
def test_no_message_shows_a_piece_of_a_key(key: Any, data: st.DataObject, corrupt: Any, broken: str) -> None:
    members: dict[str, Any] = key.as_dict(private=True)
    name = data.draw(st.sampled_from(sorted(members)))
    text = json.dumps({**members, name: corrupt(members[name])})
    cut = data.draw(st.sampled_from([0, 1, 3])) if broken else 0
    text = text[: len(text) - cut] + broken
    _assert_silent(text, [value for value in members.values() if isinstance(value, str) and len(value) > 12])


@given(st.sampled_from(GENERATED))
def test_no_message_shows_a_key_that_stands_in_the_place_of_a_name(key: Any) -> None:
    values = [value for value in key.as_dict(private=True).values() if len(value) > 12]
    text = ", ".join(f'"{value}": 1, "{value}": 2' for value in values)
    _assert_silent(f"{{{text}}}", values)


def _assert_silent(text: str, values: list[str]) -> None:
    message = ""
    try:
        inspect_key(text, None)
    except InvalidKeyError as error:
        message = str(error)
    pieces = {value[at : at + SHARDS] for value in values for at in range(len(value) - SHARDS + 1)}
    assert not [piece for piece in pieces if piece in message]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (json.dumps(EC_PRIVATE_7517), [EC_PRIVATE_7517["d"]]),
        (json.dumps({"keys": [OCT_7517, EC_7517, OKP_8037]}), [OCT_7517["k"], OKP_8037["d"]]),
        (json.dumps(EC_7517), []),
        ('{"d": 1, "k": null}', []),
        ("not JSON", []),
        ("[" * 100_000, []),
    ],
    ids=range(6),
)
def test_private_values(text: str, values: list[str]) -> None:
    assert private_values(text) == values
