"""What `validate` finds in keys and between manifests."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey

from cli.manifest_files import URL, a_secret, an_object, encoded, from_secret, lines, pasted, unwrapped, write
from cli.tool import Done, Tool
from harness.objects import Object
from unit.keys import EC_PRIVATE_7517, EC_PUBLIC, OCT_7517, OKP_8037, RSA_7638, THUMBPRINT_7638

SHORT = {
    "kty": "RSA",
    "n": "8D8wkJAqSWfhDuHssz0hUnf5LYm1ytjRajWGljuBYS6ipzzIgqojT2vzv_LlVyOM8KlHyywaKTvXXp9OXlpOp1"
    "OMCDeieGYdQsKCk8yic4swC9ls4bL-DsLWK6doBHmB0dwCm_3OVPYfqNsCgOAg6Ns86n1XbZvzKkJPiurY5Tc",
    "e": "AQAB",
}
"""A key of 1024 bits."""


def _certified(days: tuple[int, int]) -> Object:
    owner = ec.generate_private_key(ec.SECP256R1())
    first, last = (datetime.now(UTC) + timedelta(days=day) for day in days)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop")])
    builder = x509.CertificateBuilder(named, named, owner.public_key(), 17, first, last)
    der = builder.sign(owner, hashes.SHA256()).public_bytes(Encoding.DER)
    members = dict(ECKey.import_key(owner.public_key()).as_dict(private=False))
    return {**members, "x5c": [base64.b64encode(der).decode()]}


def _remarks(done: Done) -> dict[str, list[str]]:
    """Return level, rule and what follows the field, by the name of the resource."""
    remarks: dict[str, list[str]] = {}
    for found in json.loads(done.out)["findings"]:
        text = f"{found['level']} {found['rule']}: {found['message']}"
        remarks.setdefault(found["resource"]["name"], []).append(text)
    return remarks


INLINE = """
warning private-key-inline: spec.jwkStr holds private key material, which everyone who may read this JWK sees: put it
  into a Secret and refer to it with spec.jwkStrFrom.secretKeyRef
"""
KEYS = {
    "private": INLINE,
    "short": """
warning doubtful-key: spec.jwkStr: the RSA key has 1024 bits, and fewer than 2048 can be broken; make a new one of 2048
  or more (RFC 7518 section 3.3)
""",
    "set": INLINE.rstrip()
    + """
error unusable-key: spec.jwkStr: member use says enc, and member alg says RS256, which is for sig; correct one of them
""",
    "set-without-kid": """
error invalid-key: spec.jwkStr: the key is a JWK Set; set spec.kid to say which key of it
""",
    "no-key": "error invalid-key: spec.jwkStr: member n is missing",
    "hmac": INLINE.rstrip()
    + """
warning doubtful-key: spec.jwkStr: the key has 128 bits, and HS256 needs 256 or more; make a new one (RFC 7518
  section 3.2)
""",
}


def test_keys_inline(offline: Tool, tmp_path: Path) -> None:
    write(
        tmp_path,
        "keys.yaml",
        pasted("public", json.loads(EC_PUBLIC)),
        pasted("private", EC_PRIVATE_7517),
        pasted("short", SHORT),
        pasted("set", {"keys": [EC_PRIVATE_7517, {**RSA_7638, "use": "enc"}]}, kid="2011-04-29"),
        pasted("set-without-kid", {"keys": [RSA_7638]}),
        pasted("no-key", {"kty": "RSA"}),
        pasted("hmac", {**OCT_7517, "alg": "HS256"}),
        pasted("expired", _certified((-9, -1))),
        pasted("certified", _certified((-1, 9))),
    )
    remarks = _remarks(offline("validate", "-o", "json", "keys.yaml"))
    (expired,) = remarks.pop("expired")
    assert remarks == {name: unwrapped(text) for name, text in KEYS.items()}
    assert expired.startswith("warning doubtful-key: spec.jwkStr: the certificate CN=shop in x5c expired at ")


IN_SECRETS = {
    "bad": """
error invalid-key: spec.jwkStrFrom.secretKeyRef: the key is not valid JSON at line 1, column 2; give a JWK or JWK Set as
  a JSON object
""",
    "no-text": "error invalid-key: spec.jwkStrFrom.secretKeyRef: the value in the Secret is no text in base64",
    "no-such-key": """
error secret-key-missing: spec.jwkStrFrom.secretKeyRef: Secret plain in keys.yaml has no such key
""",
}


def test_keys_in_secrets(offline: Tool, tmp_path: Path) -> None:
    write(
        tmp_path,
        "keys.yaml",
        from_secret("encoded", "encoded"),
        from_secret("plain", "plain"),
        from_secret("bad", "bad"),
        from_secret("no-text", "no-text"),
        from_secret("no-such-key", "plain", "other"),
        from_secret("elsewhere", "elsewhere"),
        a_secret("encoded", data={"jwk": encoded(json.dumps(RSA_7638))}),
        a_secret("plain", stringData={"jwk": json.dumps(OKP_8037)}, data={"jwk": "bm8="}),
        a_secret("bad", stringData={"jwk": "{"}),
        a_secret("no-text", data={"jwk": "/w=="}),
    )
    done = offline("validate", "-o", "json", "keys.yaml")
    assert _remarks(done) == {name: unwrapped(text) for name, text in IN_SECRETS.items()}
    keys = {item["name"]: item["key"]["thumbprint"] for item in json.loads(done.out)["resources"] if "key" in item}
    assert keys == {"encoded": THUMBPRINT_7638, "plain": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}


def test_between_manifests(offline: Tool, tmp_path: Path) -> None:
    auth = {"tokenSecretRef": {"name": "token"}}
    reach_all = {"baseUrl": "https://h", "auth": {"tokenSecretRef": {"name": "t", "namespace": "team"}}}
    shared = {**URL, "connectionRef": {"kind": "ClusterApinizerConnection", "name": "shared"}}
    write(
        tmp_path,
        "1.yaml",
        an_object("shared", {**reach_all, "allowedNamespaces": {"selector": {}}}, "ClusterApinizerConnection", None),
        an_object("default", {"baseUrl": "https://H/apiops/", "auth": auth, "projectName": "p"}, "ApinizerConnection"),
        an_object("one", URL),
    )
    write(
        tmp_path,
        "2.yaml",
        an_object("one", URL),
        an_object("two", {**URL, "name": "one"}),
        an_object("one", {**shared, "projectName": "p"}, namespace="other"),
        an_object("one", {**shared, "projectName": "q"}, namespace="third"),
        an_object("four", URL, namespace="fourth"),
        an_object("five", {**URL, "connectionRef": {"name": "shared"}}),
        an_object("six", {**URL, "connectionRef": {"name": "unknown"}}),
        an_object("seven", URL, namespace=None),
    )
    done = offline("validate", "1.yaml", "2.yaml")
    assert (done.status, lines(done)) == (0, unwrapped(BETWEEN))


BETWEEN = """
2.yaml:4: warning: JWK shop/one: 1.yaml:26 has this resource already: keep one of them [duplicate-resource]
2.yaml:18: warning: JWK shop/two: spec.name: "one" in project "p" is wanted by JWK shop/one in 1.yaml:26 already: choose
  another name [duplicate-remote-name]
2.yaml:25: warning: JWK other/one: spec.name: "one" in project "p" is wanted by JWK shop/one in 1.yaml:26 already:
  choose another name [duplicate-remote-name]
2.yaml:51: warning: JWK fourth/four: spec.connectionRef: ApinizerConnection fourth/default is not among the manifests,
  but ApinizerConnection shop/default in 1.yaml:14 is: is that one meant? [connection-elsewhere]
2.yaml:63: warning: JWK shop/five: spec.connectionRef: ApinizerConnection shop/shared is not among the manifests, but
  ClusterApinizerConnection shared in 1.yaml:1 is: is that one meant? [connection-elsewhere]
11 valid, 0 invalid, 5 warnings, 0 objects of other kinds passed over
"""
