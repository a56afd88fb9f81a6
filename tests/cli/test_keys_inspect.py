"""`jwk-operator keys inspect`."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from cli.tool import Done, Tool
from harness.keys import pasted
from harness.space import Space
from unit.keys import EC_7517, EC_PRIVATE_7517, OCT_7517, OKP_8037, RSA_7638, THUMBPRINT_7638

EC_THUMBPRINT = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
SHORT_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it has to be a weak one
SHORT_RSA = {**RSA_7638, "n": base64.urlsafe_b64encode(b"\xff" * 128).rstrip(b"=").decode()}
EC_TEXT = f"""\
  type        EC, P-256
  kid         1
  use         enc
  thumbprint  {EC_THUMBPRINT} (SHA-256)
"""
RSA_TEXT = f"""\
  type        RSA, 2048 bits
  kid         2011-04-29
  alg         RS256
  thumbprint  {THUMBPRINT_7638} (SHA-256)
  holds       a public key
"""
OCT_TEXT = """\
  type        oct, 128 bits
  kid         none
  alg         A128KW
  thumbprint  none: whoever saw that of a secret key could test guesses of it
  holds       a secret key (k)
"""


def keys(*documents: dict[str, Any]) -> str:
    return json.dumps({"keys": documents})


def certificate(key: Any, year: int) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop")])
    first, last = datetime(2020, 1, 1, tzinfo=UTC), datetime(year, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, first, last).sign(key, SHA256())
    return made.public_bytes(Encoding.PEM)


def pem(key: Any, password: bytes | None = None) -> bytes:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))


def public_pem(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


SET_TEXT = f"""\
standard input, 1 of 3
{EC_TEXT}  holds       a private key (d)

standard input, 2 of 3
{RSA_TEXT}
standard input, 3 of 3
{OCT_TEXT}  warning     the key has no kid, so that spec.kid cannot choose it; give it one
"""


@pytest.mark.parametrize(
    ("given", "status", "text"),
    [
        (json.dumps(RSA_7638), 0, f"standard input\n{RSA_TEXT}"),
        (keys(EC_PRIVATE_7517, RSA_7638, OCT_7517), 0, SET_TEXT),
        (
            json.dumps({**SHORT_RSA, "key_ops": ["verify"]}),
            0,
            (
                "standard input\n"
                "  type        RSA, 1024 bits\n"
                "  kid         2011-04-29\n"
                "  alg         RS256\n"
                "  key_ops     verify\n"
                "  thumbprint  THUMBPRINT (SHA-256)\n"
                "  holds       a public key\n"
                "  warning     the RSA key has 1024 bits, and fewer than 2048 can be broken; make a new one of 2048 "
                "or more (RFC 7518 section 3.3)\n"
            ),
        ),
        (
            json.dumps({**EC_PRIVATE_7517, "x": "AAAA", "alg": "ES384", "kid": "a\x1bb"}),
            1,
            (
                "standard input\n"
                "  type        EC, P-256\n"
                "  kid         a?b\n"
                "  use         enc\n"
                "  alg         ES384\n"
                "  holds       a private key (d)\n"
                "  error       member x must be 32 bytes for this curve (RFC 7518 section 6.2)\n"
                "  error       member alg says ES384, which needs the curve P-384, and this key's is P-256; a key on "
                "P-256 can have alg ES256, ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A192KW, ECDH-ES+A256KW, ECDH-1PU, "
                "ECDH-1PU+A128KW, ECDH-1PU+A192KW, ECDH-1PU+A256KW\n"
                "  error       member use says enc, and member alg says ES384, which is for sig; correct one of them\n"
            ),
        ),
        (
            keys(EC_7517, EC_7517),
            1,
            "".join(
                f"{gap}standard input, {number} of 2\n{EC_TEXT}  holds       a public key\n"
                "  error       another key of the set has the same kid; make it unique\n"
                for number, gap in ((1, ""), (2, "\n"))
            ),
        ),
        (
            json.dumps({"kty": "new", "crv": "secret", "alg": "secret", "use": "secret", "key_ops": ["secret"]}),
            1,
            (
                "standard input\n"
                "  type        unknown\n"
                "  kid         none\n"
                "  holds       a public key\n"
                "  error       member kty must be RSA, EC, oct or OKP, in exactly this spelling "
                "(RFC 7518 section 6.1)\n"
                "  warning     member use is neither sig nor enc (RFC 7517 section 4.2); correct it\n"
                "  warning     member key_ops names an operation that RFC 7517 section 4.3 does not have; correct it "
                "or take it out\n"
            ),
        ),
    ],
)
def test_keys_as_json(offline: Tool, given: str, status: int, text: str) -> None:
    done = offline("keys", "inspect", "-", stdin=given)
    thumbprint = next(
        (line.split()[1] for line in done.out.splitlines() if "RSA, 1024" in done.out and "SHA" in line), ""
    )
    found = done.out.replace(thumbprint, "THUMBPRINT") if thumbprint else done.out
    assert Done(done.status, found, done.err) == Done(status, text, "")


def test_for_programs(offline: Tool) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    done = offline("keys", "inspect", "-", "--output", "json", stdin=(pem(key) + certificate(key, 2021)).decode())
    private, public = json.loads(done.out)["keys"]
    assert (done.status, done.err) == (0, "")
    assert private["thumbprint"] == public["thumbprint"]
    assert {name: private[name] for name in ("where", "type", "curve", "private", "privateMembers")} == {
        "where": "standard input, 1 of 2",
        "type": "EC",
        "curve": "P-256",
        "private": True,
        "privateMembers": ["d"],
    }
    assert {name: public[name] for name in ("private", "certificates", "valid", "keyOps", "size", "chosen")} == {
        "private": False,
        "certificates": [{"subject": "CN=shop", "notAfter": "2021-01-01T00:00:00Z"}],
        "valid": True,
        "keyOps": None,
        "size": None,
        "chosen": False,
    }
    assert [remark["id"] for remark in public["remarks"]] == ["x5c-expired"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: pem(ed25519.Ed25519PrivateKey.generate()), ("OKP, Ed25519", "a private key (d)")),
        (lambda: public_pem(ed25519.Ed25519PrivateKey.generate()), ("OKP, Ed25519", "a public key")),
        (lambda: public_pem(ec.generate_private_key(ec.SECP521R1())), ("EC, P-521", "a public key")),
        (
            lambda: pem(rsa.generate_private_key(65537, 2048)),
            ("RSA, 2048 bits", "a private key (d, p, q, dp, dq, qi)"),
        ),
        (lambda: public_pem(SHORT_KEY), ("RSA, 1024 bits", "a public key")),
    ],
)
def test_keys_as_pem(offline: Tool, make: Any, told: tuple[str, str]) -> None:
    path = offline.folder / "key.pem"
    path.write_bytes(b"Bag Attributes\n    friendlyName: [a\n" + make())
    done = offline("keys", "inspect", "key.pem")
    found = dict(line.split(None, 1) for line in done.out.splitlines()[1:])
    assert (done.status, done.err, found["type"], found["holds"]) == (0, "", *told)


KEY = ec.generate_private_key(ec.SECP256R1())
MANIFEST = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "hunter2"}}
SEALED = {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"name": "s"}}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "standard input holds no key material; give a JWK, a JWK Set, a PEM or a Secret's manifest"),
        (
            "hunter2",
            "standard input: the key is not valid JSON at line 1, column 1; give a JWK or JWK Set as a JSON object",
        ),
        (
            "{hunter2",
            "standard input: the key is not valid JSON at line 1, column 2; give a JWK or JWK Set as a JSON object",
        ),
        ("a: [hunter2", "standard input is neither JSON nor PEM nor YAML at line 2"),
        (
            json.dumps({"keys": "hunter2"}),
            "standard input: member keys must be an array of JWKs (RFC 7517 section 5.1)",
        ),
        (
            yaml.safe_dump(MANIFEST),
            "standard input holds no key material; give a JWK, a JWK Set, a PEM or a Secret's manifest",
        ),
        (yaml.safe_dump(SEALED), "standard input is sealed: only the controller in the cluster can read it"),
        (
            pem(KEY, b"hunter2").decode(),
            "standard input: the PEM is encrypted; decrypt it first: openssl pkey -in FILE",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n",
            "standard input: the PEM's CERTIFICATE cannot be read; export it again",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nhunter2",
            "standard input: the PEM holds neither a key nor a certificate that is whole",
        ),
        (
            public_pem(dsa.generate_private_key(2048)).decode(),
            "standard input: the PEM holds a key of a type that no JWK can have; RSA, EC and OKP can be in one",
        ),
    ],
)
def test_what_cannot_be_read_is_told_and_not_shown(offline: Tool, given: str, says: str) -> None:
    done = offline("keys", "inspect", "-", stdin=given)
    assert done == Done(1, "", f"Error: {says}\n")
    assert "hunter2" not in done.err


HOLLOW = [
    {**MANIFEST, "metadata": "hunter2"},
    {**MANIFEST, "stringData": ["hunter2"]},
    {**MANIFEST, "data": {"a": {"hunter2": 2}}},
    {"apiVersion": "apiops.apinizer.com/v1alpha1", "kind": "JWK", "spec": "hunter2"},
    {"apiVersion": "apiops.apinizer.com/v1alpha1", "kind": "JWK", "spec": {"jwkStr": 2}},
    {"apiVersion": "v1", "kind": "List", "items": "hunter2"},
    {"apiVersion": "v1", "kind": ["hunter2"]},
]


@pytest.mark.parametrize("manifest", HOLLOW)
def test_manifests_that_no_schema_has_judged(offline: Tool, manifest: dict[str, Any]) -> None:
    message = "standard input holds no key material; give a JWK, a JWK Set, a PEM or a Secret's manifest"
    assert offline("keys", "inspect", "-", stdin=yaml.safe_dump(manifest)) == Done(1, "", f"Error: {message}\n")


def test_files_that_cannot_be_read(offline: Tool) -> None:
    (offline.folder / "binary").write_bytes(b"\xff\xfe\x00")
    says = {
        "none.json": "none.json cannot be read: No such file or directory",
        "binary": "binary is no text; give a JWK, a JWK Set, a PEM or a manifest",
    }
    for name, message in says.items():
        assert offline("keys", "inspect", name) == Done(1, "", f"Error: {message}\n")


def test_manifests(offline: Tool) -> None:
    jwk: dict[str, Any] = {"apiVersion": "apiops.apinizer.com/v1alpha1", "kind": "JWK", "metadata": {"name": "inline"}}
    jwk["spec"] = {"sourceType": "COPY_PASTE", "jwkStr": keys(RSA_7638, EC_7517), "kid": "1"}
    data = {"a.json": base64.b64encode(json.dumps(OKP_8037).encode()).decode(), "binary": "//8="}
    secret = {**MANIFEST, "data": data}
    done = offline("keys", "inspect", "-", stdin=yaml.safe_dump_all([secret, jwk]))
    assert done == Done(
        0,
        "standard input, secret/s, key a.json\n"
        "  type        OKP, Ed25519\n"
        "  kid         none\n"
        "  thumbprint  kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k (SHA-256)\n"
        "  holds       a private key (d)\n"
        "\n"
        f"standard input, jwk/inline, 1 of 2\n{RSA_TEXT}"
        "\n"
        f"standard input, jwk/inline, 2 of 2\n{EC_TEXT}"
        "  holds       a public key\n"
        "  chosen      by spec.kid\n",
        "",
    )


def test_in_the_cluster(space: Space, tool: Tool) -> None:
    space.secret("keys", jwk_json=json.dumps(RSA_7638), more=json.dumps(OCT_7517), note="hunter2")
    space.secret("notes", note="hunter2")
    space.jwk("inline", pasted(EC_7517))
    space.jwk("behind", {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "keys", "key": "more"}}})
    space.jwk("lost", {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "none", "key": "more"}}})
    space.jwk("made", {"sourceType": "GENERATE", "generate": {"type": "EC", "ec": {"curveType": "P256"}}})
    rsa_text, oct_text = f"secret/keys, key jwk.json\n{RSA_TEXT}", f"secret/keys, key more\n{OCT_TEXT}"
    expected = {
        "secret/keys": Done(0, f"{rsa_text}\n{oct_text}", ""),
        "secret/keys:more": Done(0, oct_text, ""),
        "jwk/behind": Done(0, oct_text, ""),
        "jwk/inline": Done(0, f"jwk/inline\n{EC_TEXT}  holds       a public key\n", ""),
    }
    wrong = {
        "secret/keys:other": "secret/keys has no text under key other; there are jwk.json, more, note",
        "secret/keys:note": (
            "secret/keys, key note: the key is not valid JSON at line 1, column 1;"
            " give a JWK or JWK Set as a JSON object"
        ),
        "secret/notes": "secret/notes has no key material",
        "secret/none": f"namespace {space.name} has no Secret none",
        "jwk/lost": f"namespace {space.name} has no Secret none, which should have the key more",
        "jwk/made": "jwk/made has sourceType GENERATE: its key is in Apinizer and not in the cluster",
        "jwk/none": '404 NotFound: jwks.apiops.apinizer.com "none" not found',
    }
    expected |= {source: Done(1, "", f"Error: {says}\n") for source, says in wrong.items()}
    for source, done in expected.items():
        assert tool("keys", "inspect", source, "-n", space.name) == done, source
