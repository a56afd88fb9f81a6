"""What is said of keys that are weak or contradict themselves."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from jwk_operator.reconcile.keycertificates import digests
from jwk_operator.reconcile.keyreview import Remark, bits, review
from unit.keys import EC_7517, EC_PRIVATE_7517, OCT_7515, OCT_7517, OKP_8037, RSA_7638

NOW = datetime(2026, 11, 26, tzinfo=UTC)
OWNER = ec.generate_private_key(ec.SECP256R1())
OWNED = dict(ECKey.import_key(OWNER.public_key()).as_dict(private=False))
SHORT_RSA = {**RSA_7638, "n": base64.urlsafe_b64encode(b"\xff" * 128).rstrip(b"=").decode()}


def oct_key(size: int, **more: Any) -> dict[str, Any]:
    return {"kty": "oct", "k": base64.urlsafe_b64encode(bytes(range(size))).rstrip(b"=").decode(), **more}


def certificate(name: str, days: tuple[int, int], signer: Any = OWNER) -> x509.Certificate:
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    first, last = (NOW + timedelta(days=day) for day in days)
    builder = x509.CertificateBuilder(named, named, signer.public_key(), 17, first, last)
    return builder.sign(signer, hashes.SHA256())


def x5c(*chain: x509.Certificate) -> list[str]:
    return [base64.b64encode(item.public_bytes(Encoding.DER)).decode() for item in chain]


VALID, EXPIRED, EARLY = (certificate("shop", days) for days in ((-1, 1), (-9, -1), (1, 9)))
FOREIGN = certificate("other\n", (-1, 1), ec.generate_private_key(ec.SECP256R1()))
X5T = digests(VALID)

CASES: list[tuple[str, dict[str, Any], list[tuple[str, str, str]]]] = [
    ("nothing to say", RSA_7638, []),
    ("nothing either", {**EC_PRIVATE_7517, "alg": "ECDH-ES", "key_ops": ["deriveKey"]}, []),
    ("HMAC", {**OCT_7515, "alg": "HS512", "use": "sig", "key_ops": ["sign", "verify"]}, []),
    ("AES", OCT_7517, []),
    ("a curve that only agrees", {**OKP_8037, "crv": "X25519", "use": "enc", "alg": "ECDH-ES+A128KW"}, []),
    (
        "1024 bits",
        SHORT_RSA,
        [
            (
                "warning",
                "weak-rsa",
                (
                    "the RSA key has 1024 bits, and fewer than 2048 can be broken; make a new one of 2048 or more"
                    " (RFC 7518 section 3.3)"
                ),
            )
        ],
    ),
    (
        "short for HMAC",
        oct_key(16, alg="HS256"),
        [
            (
                "warning",
                "short-oct",
                "the key has 128 bits, and HS256 needs 256 or more; make a new one (RFC 7518 section 3.2)",
            )
        ],
    ),
    ("long enough for HMAC", oct_key(33, alg="HS256"), []),
    (
        "another size for AES",
        oct_key(32, alg="A128KW"),
        [
            (
                "error",
                "oct-size",
                "the key has 256 bits, and A128KW takes 128 alone; make a new one, or correct member alg",
            )
        ],
    ),
    (
        "another size for the content key",
        oct_key(20, alg="dir"),
        [
            (
                "error",
                "oct-size",
                (
                    "the key has 160 bits, and dir takes 128 or 192 or 256 or 384 or 512 alone; make a new one, or"
                    " correct member alg"
                ),
            )
        ],
    ),
    (
        "guessed",
        oct_key(8),
        [("warning", "short-oct", "the key has 64 bits, which can be guessed; make one of 256 bits")],
    ),
    (
        "algorithm of another type",
        {**EC_7517, "alg": "RS256", "use": "sig"},
        [
            (
                "error",
                "alg-kty",
                (
                    "member alg says RS256, which needs a key of type RSA, and this one is EC; correct member alg or"
                    " leave it out (RFC 7518)"
                ),
            )
        ],
    ),
    (
        "algorithm of another curve",
        {**EC_7517, "alg": "ES384", "use": "sig"},
        [
            (
                "error",
                "alg-crv",
                (
                    "member alg says ES384, which needs the curve P-384, and this key's is P-256; a key on P-256 can"
                    " have alg ES256, ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A192KW, ECDH-ES+A256KW, ECDH-1PU,"
                    " ECDH-1PU+A128KW, ECDH-1PU+A192KW, ECDH-1PU+A256KW"
                ),
            )
        ],
    ),
    (
        "deprecated",
        {**RSA_7638, "alg": "RSA1_5"},
        [("warning", "deprecated-alg", "member alg says RSA1_5, which is deprecated; use RSA-OAEP-256")],
    ),
    (
        "Apinizer's spelling",
        oct_key(32, alg="DIR"),
        [("warning", "unknown-alg", "member alg is no algorithm that Apinizer has for keys; did you mean dir?")],
    ),
    (
        "not shown: it may be a secret in the wrong place",
        {**RSA_7638, "alg": "correct horse"},
        [
            (
                "warning",
                "unknown-alg",
                "member alg is no algorithm that Apinizer has for keys; correct it or leave it out",
            )
        ],
    ),
    (
        "use and algorithm",
        {**RSA_7638, "use": "enc"},
        [
            (
                "error",
                "use-alg",
                "member use says enc, and member alg says RS256, which is for sig; correct one of them",
            )
        ],
    ),
    (
        "use and curve",
        {**OKP_8037, "use": "enc"},
        [
            (
                "error",
                "use-crv",
                "member use says enc, and a key on Ed25519 can only be for sig; correct member use",
            )
        ],
    ),
    (
        "use that is none",
        {**EC_7517, "use": "tls"},
        [("warning", "unknown-use", "member use is neither sig nor enc (RFC 7517 section 4.2); correct it")],
    ),
    (
        "operations and use",
        {**EC_PRIVATE_7517, "key_ops": ["sign"]},
        [
            (
                "error",
                "key-ops-use",
                ("member key_ops asks for sign, and member use says enc; correct one of them (RFC 7517 section 4.3)"),
            )
        ],
    ),
    (
        "operations and algorithm",
        {**RSA_7638, "key_ops": ["encrypt"]},
        [
            (
                "error",
                "key-ops-alg",
                (
                    "member key_ops asks for encrypt, and member alg says RS256, which is for sig; correct one of them"
                    " (RFC 7517 section 4.3)"
                ),
            )
        ],
    ),
    (
        "operations of a private key",
        {**RSA_7638, "key_ops": ["sign", "verify"]},
        [
            (
                "error",
                "key-ops-public",
                (
                    "member key_ops asks for sign, which needs a private key, and this one is public; take it out of"
                    " key_ops"
                ),
            )
        ],
    ),
    (
        "operations of both kinds, and one that is none",
        {**OCT_7515, "key_ops": ["sign", "wrapKey", "secret"]},
        [
            (
                "warning",
                "unknown-key-ops",
                "member key_ops names an operation that RFC 7517 section 4.3 does not have; correct it or take it out",
            ),
            (
                "warning",
                "mixed-key-ops",
                (
                    "member key_ops asks for signatures and for encryption; use a key for one of them"
                    " (RFC 7517 section 4.3)"
                ),
            ),
        ],
    ),
    ("its certificate", {**OWNED, "x5c": x5c(VALID, FOREIGN), **X5T}, []),
    (
        "expired",
        {**OWNED, "x5c": x5c(EXPIRED)},
        [
            (
                "warning",
                "x5c-expired",
                "the certificate CN=shop in x5c expired at 2026-11-25T00:00:00Z; give one that is valid",
            )
        ],
    ),
    (
        "early",
        {**OWNED, "x5c": x5c(EARLY)},
        [
            (
                "warning",
                "x5c-not-yet",
                "the certificate CN=shop in x5c is not valid before 2026-11-27T00:00:00Z; give one that is valid",
            )
        ],
    ),
    (
        "of another key",
        {**OWNED, "x5c": x5c(FOREIGN), "x5t": X5T["x5t"]},
        [
            (
                "error",
                "x5c-other-key",
                "the first certificate in x5c is of another key; put that of this key first (RFC 7517 section 4.7)",
            ),
            ("error", "x5t-other", "member x5t is not the digest of the first certificate in x5c"),
        ],
    ),
    *(
        (
            "no certificate",
            {**OWNED, "x5c": [broken]},
            [
                (
                    "error",
                    "x5c-unreadable",
                    (
                        "member x5c must hold certificates as base64 of DER, not base64url and not PEM"
                        " (RFC 7517 section 4.7)"
                    ),
                )
            ],
        )
        for broken in ("-----BEGIN", "AAAA", 7, None, "é")
    ),
    (
        "no array",
        {**OWNED, "x5c": "MII"},
        [("error", "x5c-unreadable", "member x5c must be an array of certificates (RFC 7517 section 4.7)")],
    ),
]


@pytest.mark.parametrize(("key", "remarks"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_said_of_a_key(key: dict[str, Any], remarks: list[tuple[str, str, str]]) -> None:
    assert review(key, NOW) == [Remark(*remark) for remark in remarks]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "size"),
    [
        (RSA_7638, 2048),
        (SHORT_RSA, 1024),
        (OCT_7517, 128),
        (EC_7517, None),
        ({"kty": "oct"}, None),
        ({"kty": "oct", "k": "é"}, None),
        ({}, None),
    ],
)
def test_size(key: dict[str, Any], size: int | None) -> None:
    assert bits(key) == size


NAMES = ("kty", "crv", "x", "y", "n", "e", "d", "k", "kid", "use", "alg", "key_ops", "x5c", "x5t", "x5t#S256")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["RSA", "oct", "EC", "P-256"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(NAMES), JSON), st.sampled_from([{}, RSA_7638, EC_7517, OCT_7515, OKP_8037]))
def test_nothing_is_too_broken_to_be_looked_at(broken: dict[str, Any], whole: dict[str, Any]) -> None:
    shown = json.dumps([remark.message for remark in review({**whole, **broken}, NOW)])
    assert not [name for name in ("k", "d") if name in whole and whole[name] in shown]
