"""`validate` as people and CI systems call it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey

from cli.tool import Done, Tool
from harness.cluster import ROOT
from harness.objects import Object
from harness.processes import BIN
from jwk_operator.cli.validate.findings import RULES
from unit.keys import EC_PRIVATE_7517, EC_PUBLIC, OCT_7515, OCT_7517, OKP_8037, RSA_7638, THUMBPRINT_7638

API = "apiops.apinizer.com/v1alpha1"
URL = {"sourceType": "URL", "url": "https://idp.example/jwks"}
SHORT = {
    "kty": "RSA",
    "n": "8D8wkJAqSWfhDuHssz0hUnf5LYm1ytjRajWGljuBYS6ipzzIgqojT2vzv_LlVyOM8KlHyywaKTvXXp9OXlpOp1"
    "OMCDeieGYdQsKCk8yic4swC9ls4bL-DsLWK6doBHmB0dwCm_3OVPYfqNsCgOAg6Ns86n1XbZvzKkJPiurY5Tc",
    "e": "AQAB",
}
"""A key of 1024 bits."""


def _object(name: str, spec: object, kind: str = "JWK", namespace: str | None = "shop", **more: object) -> Object:
    metadata = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec, **more}


def _pasted(name: str, key: object, **more: object) -> Object:
    return _object(name, {"sourceType": "COPY_PASTE", "jwkStr": json.dumps(key), **more})


def _from(name: str, secret: str, key: str = "jwk") -> Object:
    reference = {"secretKeyRef": {"name": secret, "key": key}}
    return _object(name, {"sourceType": "COPY_PASTE", "jwkStrFrom": reference})


def _secret(name: str, **entries: object) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"}, **entries}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _write(folder: Path, name: str, *objects: Object) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(yaml.safe_dump_all(objects, sort_keys=False, width=10_000))


def _unwrapped(text: str) -> list[str]:
    """Return lines; one that is indented goes on with the line before it."""
    return re.sub(r"\n +", " ", text.strip()).splitlines()


def _lines(done: Done) -> list[str]:
    assert done.err == ""
    return done.out.splitlines()


MIXED = f"""\
# two JWKs, of which one is wrong, and what is none
apiVersion: {API}
kind: JWK
metadata:
  name: right
spec:
  sourceType: COPY_PASTE
  jwkStr: >-
    {json.dumps(RSA_7638)}
---
apiVersion: {API}
kind: JWK
metadata:
  name: Wrong_name
spec:
  sourceType: CERTIFICATE
  certificateName: c
  environmentName: production
  useType: ENCRYPTION
  algorithm: RSA1_5
  url: https://idp.example/jwks
---
kind: ConfigMap
apiVersion: v1
"""
(NAME,) = _unwrapped(
    r"""
metadata.name: Invalid value: "Wrong_name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric
  characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for
  validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
"""
)
FOREIGN = "spec.url: Forbidden: spec.url belongs to sourceType URL; remove it or change spec.sourceType"
OLD = "spec.algorithm: RSA1_5 is deprecated (RFC 8725 section 3.2, RFC 8017): use RSA-OAEP-256"


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    (tmp_path / "mixed.yaml").write_text(MIXED)
    (tmp_path / "broken.yaml").write_text("kind: JWK\nspec: {\n")
    return tmp_path


def test_text(offline: Tool, mixed: Path) -> None:
    done = offline("validate", "mixed.yaml", "broken.yaml")
    assert (done.status, _lines(done)) == (
        1,
        [
            "broken.yaml:3: error: did not find expected node content [unreadable]",
            f"mixed.yaml:14: error: JWK Wrong_name: {NAME} [refused]",
            f"mixed.yaml:20: warning: JWK Wrong_name: {OLD} [deprecated-algorithm]",
            f"mixed.yaml:21: error: JWK Wrong_name: {FOREIGN} [refused]",
            f"mixed.yaml:2: info: JWK right: RSA 2048, kid 2011-04-29, thumbprint {THUMBPRINT_7638}",
            "1 valid, 1 invalid, 1 warning, 1 object of other kinds passed over, 1 unreadable",
        ],
    )


def test_quiet_text_is_faults_alone(offline: Tool, mixed: Path) -> None:
    done = offline("validate", "--quiet", "mixed.yaml")
    assert [line.split(":")[1] for line in _lines(done)] == ["14", "20", "21"]


def test_terminal_has_colours_unless_they_are_not_wanted(offline: Tool, mixed: Path) -> None:
    status, shown = offline.on_terminal("validate", "mixed.yaml", columns=400)
    assert (status, "\x1b[1;31merror\x1b[0m: JWK Wrong_name" in shown) == (1, True)
    status, plain = offline.on_terminal("validate", "mixed.yaml", columns=400, NO_COLOR="1")
    assert (status, "\x1b[1merror\x1b[0m: JWK Wrong_name" in plain, "31m" in plain) == (1, True, False)


def test_json(offline: Tool, mixed: Path) -> None:
    done = offline("validate", "--output", "json", "mixed.yaml")
    wrong = {"kind": "JWK", "namespace": "", "name": "Wrong_name"}
    told = {"file": "mixed.yaml", "resource": wrong}
    key = {"type": "RSA", "bits": 2048, "curve": None, "kid": "2011-04-29", "thumbprint": THUMBPRINT_7638}
    assert (done.status, done.err, json.loads(done.out)) == (
        1,
        "",
        {
            "valid": False,
            "errors": 2,
            "warnings": 1,
            "passedOver": 1,
            "resources": [
                {**wrong, "name": "right", "file": "mixed.yaml", "line": 2, "valid": True, "key": key},
                {**wrong, "file": "mixed.yaml", "line": 11, "valid": False},
            ],
            "findings": [
                {**told, "line": 14, "level": "error", "rule": "refused", "path": "metadata.name", "message": NAME},
                {
                    **told,
                    "line": 20,
                    "level": "warning",
                    "rule": "deprecated-algorithm",
                    "path": "spec.algorithm",
                    "message": OLD,
                },
                {**told, "line": 21, "level": "error", "rule": "refused", "path": "spec.url", "message": FOREIGN},
            ],
        },
    )


def test_sarif(offline: Tool, mixed: Path) -> None:
    done = offline("validate", "--output", "sarif", "mixed.yaml", "broken.yaml")
    log = json.loads(done.out)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert (done.status, done.err, log["version"], set(log)) == (1, "", "2.1.0", {"$schema", "version", "runs"})
    assert [rule["id"] for rule in rules] == [rule.id for rule in RULES]
    assert all(rule["shortDescription"]["text"] and rule["defaultConfiguration"]["level"] for rule in rules)
    assert all(result["ruleId"] == rules[result["ruleIndex"]]["id"] for result in run["results"])
    assert run["results"][2] == {
        "ruleId": "deprecated-algorithm",
        "ruleIndex": [rule.id for rule in RULES].index("deprecated-algorithm"),
        "level": "warning",
        "message": {"text": OLD},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": "mixed.yaml"}, "region": {"startLine": 20}},
                "logicalLocations": [{"fullyQualifiedName": "JWK Wrong_name", "kind": "resource"}],
            }
        ],
    }
    assert run["results"][0]["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "broken.yaml"}, "region": {"startLine": 3}}}
    ]


def test_sarif_names_files_as_uris(offline: Tool, tmp_path: Path) -> None:
    wrong = _object("a", {})
    _write(tmp_path, "a folder/ü.yaml", wrong)
    done = offline("validate", "-o", "sarif", "-", "a folder", str(tmp_path / "a folder"), stdin=json.dumps(wrong))
    results = json.loads(done.out)["runs"][0]["results"]
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results]
    quoted = (tmp_path / "a folder" / "ü.yaml").as_uri()
    assert list(dict.fromkeys(uris)) == ["stdin", quoted, "a%20folder/%C3%BC.yaml"]


def test_junit(offline: Tool, mixed: Path) -> None:
    done = offline("validate", "--output", "junit", "mixed.yaml", "broken.yaml")
    suites = Xml.fromstring(done.out)  # noqa: S314 - it is our own
    (suite,) = suites
    assert (done.status, suites.tag, suite.attrib) == (
        1,
        "testsuites",
        {"name": "jwk-operator validate", "tests": "3", "failures": "1", "errors": "1", "skipped": "0"},
    )
    right, wrong, broken = suite
    assert (right.attrib, list(right)) == (
        {"classname": "mixed.yaml", "name": "JWK right", "file": "mixed.yaml", "line": "2"},
        [],
    )
    failure, output = wrong
    assert (failure.tag, failure.attrib, failure.text) == (
        "failure",
        {"type": "refused", "message": NAME},
        f"mixed.yaml:14: error: {NAME} [refused]\nmixed.yaml:21: error: {FOREIGN} [refused]",
    )
    assert (output.tag, output.text) == ("system-out", f"mixed.yaml:20: warning: {OLD} [deprecated-algorithm]")
    assert [(item.tag, item.attrib["type"]) for item in broken] == [("error", "unreadable")]
    (strict,) = Xml.fromstring(offline("validate", "--strict", "-o", "junit", "mixed.yaml").out)  # noqa: S314 - so is this
    assert [item.tag for item in strict[1]] == ["failure"]


def test_exit_status(offline: Tool, tmp_path: Path) -> None:
    deprecated = {"sourceType": "CERTIFICATE", "certificateName": "c", "environmentName": "e", "useType": "ENCRYPTION"}
    _write(tmp_path, "doubtful.yaml", _object("a", {**deprecated, "algorithm": "RSA-OAEP"}))
    _write(tmp_path, "wrong.yaml", _object("a", {}))
    _write(tmp_path, "right.yaml", _object("a", URL))
    calls = {
        ("right.yaml",): 0,
        ("--strict", "right.yaml"): 0,
        ("doubtful.yaml",): 0,
        ("--strict", "doubtful.yaml"): 1,
        ("wrong.yaml",): 1,
        ("missing.yaml",): 1,
        (): 64,
        ("-o", "xml", "right.yaml"): 64,
    }
    assert {call: offline("validate", *call).status for call in calls} == calls


def test_nothing_to_look_at_is_all_right(offline: Tool, tmp_path: Path) -> None:
    assert _lines(offline("validate", "-")) == ["0 valid, 0 invalid, 0 warnings, 0 objects of other kinds passed over"]


def test_standard_input_that_is_no_text(offline: Tool) -> None:
    done = subprocess.run([BIN / "jwk-operator", "validate", "-"], input=b"\xff", capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode().splitlines()[0], done.stderr) == (
        1,
        "-:1: error: cannot be read: it is not UTF-8 [unreadable]",
        b"",
    )


def test_every_kind(offline: Tool) -> None:
    objects = [
        _object("a", {"baseUrl": "https://h/", "auth": {}}, "ApinizerConnection"),
        _object("b", {"baseUrl": 5}, "ClusterApinizerConnection", None),
        _object("c", {**URL, "urls": 1}, status={"x": 1}),
        {**_object("d", URL), "apiVersion": "apiops.apinizer.com/v2"},
        {**_object("e", URL), "apiVersion": "apinizer.com/v1"},
        {**_object("f", URL), "kind": "Jwk"},
    ]
    done = offline("validate", "-", stdin=yaml.safe_dump_all(objects, sort_keys=False))
    assert (done.status, _lines(done)) == (1, _unwrapped(EVERY_KIND))


EVERY_KIND = """
-:8: error: ApinizerConnection shop/a: spec.auth: Invalid value: spec.auth needs exactly one way to log in: set either
  spec.auth.tokenSecretRef or spec.auth.clientCredentialsSecretRef [refused]
-:10: error: ClusterApinizerConnection b: <nil>: Invalid value: null: some validation rules were not checked because the
  object was invalid; correct the existing errors to complete validation [refused]
-:14: error: ClusterApinizerConnection b: spec.auth: Required value [refused]
-:14: error: ClusterApinizerConnection b: spec.allowedNamespaces: Required value [refused]
-:15: error: ClusterApinizerConnection b: spec.baseUrl: Invalid value: "integer": spec.baseUrl in body must be of type
  string: "integer" [refused]
-:25: error: JWK shop/c: unknown field "spec.urls" [refused]
-:27: error: JWK shop/c: unknown field "status.x" [refused]
-:29: error: JWK shop/d: no matches for kind "JWK" in version "apiops.apinizer.com/v2" [refused]
-:38: warning: JWK shop/e: apiVersion is not apiops.apinizer.com/v1alpha1: correct it if this should be one of the
  operator's resources [foreign-version]
-:47: error: Jwk shop/f: no matches for kind "Jwk" in version "apiops.apinizer.com/v1alpha1" [refused]
0 valid, 5 invalid, 1 warning, 1 object of other kinds passed over
"""


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
    _write(
        tmp_path,
        "keys.yaml",
        _pasted("public", json.loads(EC_PUBLIC)),
        _pasted("private", EC_PRIVATE_7517),
        _pasted("short", SHORT),
        _pasted("set", {"keys": [EC_PRIVATE_7517, {**RSA_7638, "use": "enc"}]}, kid="2011-04-29"),
        _pasted("set-without-kid", {"keys": [RSA_7638]}),
        _pasted("no-key", {"kty": "RSA"}),
        _pasted("hmac", {**OCT_7517, "alg": "HS256"}),
        _pasted("expired", _certified((-9, -1))),
        _pasted("certified", _certified((-1, 9))),
    )
    remarks = _remarks(offline("validate", "-o", "json", "keys.yaml"))
    (expired,) = remarks.pop("expired")
    assert remarks == {name: _unwrapped(text) for name, text in KEYS.items()}
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
    _write(
        tmp_path,
        "keys.yaml",
        _from("encoded", "encoded"),
        _from("plain", "plain"),
        _from("bad", "bad"),
        _from("no-text", "no-text"),
        _from("no-such-key", "plain", "other"),
        _from("elsewhere", "elsewhere"),
        _secret("encoded", data={"jwk": _encoded(json.dumps(RSA_7638))}),
        _secret("plain", stringData={"jwk": json.dumps(OKP_8037)}, data={"jwk": "bm8="}),
        _secret("bad", stringData={"jwk": "{"}),
        _secret("no-text", data={"jwk": "/w=="}),
    )
    done = offline("validate", "-o", "json", "keys.yaml")
    assert _remarks(done) == {name: _unwrapped(text) for name, text in IN_SECRETS.items()}
    keys = {item["name"]: item["key"]["thumbprint"] for item in json.loads(done.out)["resources"] if "key" in item}
    assert keys == {"encoded": THUMBPRINT_7638, "plain": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}


def test_between_manifests(offline: Tool, tmp_path: Path) -> None:
    auth = {"tokenSecretRef": {"name": "token"}}
    reach_all = {"baseUrl": "https://h", "auth": {"tokenSecretRef": {"name": "t", "namespace": "team"}}}
    shared = {**URL, "connectionRef": {"kind": "ClusterApinizerConnection", "name": "shared"}}
    _write(
        tmp_path,
        "1.yaml",
        _object("shared", {**reach_all, "allowedNamespaces": {"selector": {}}}, "ClusterApinizerConnection", None),
        _object("default", {"baseUrl": "https://H/apiops/", "auth": auth, "projectName": "p"}, "ApinizerConnection"),
        _object("one", URL),
    )
    _write(
        tmp_path,
        "2.yaml",
        _object("one", URL),
        _object("two", {**URL, "name": "one"}),
        _object("one", {**shared, "projectName": "p"}, namespace="other"),
        _object("one", {**shared, "projectName": "q"}, namespace="third"),
        _object("four", URL, namespace="fourth"),
        _object("five", {**URL, "connectionRef": {"name": "shared"}}),
        _object("six", {**URL, "connectionRef": {"name": "unknown"}}),
        _object("seven", URL, namespace=None),
    )
    done = offline("validate", "1.yaml", "2.yaml")
    assert (done.status, _lines(done)) == (1, _unwrapped(BETWEEN))


BETWEEN = """
2.yaml:4: error: JWK shop/one: 1.yaml:26 has this resource already: keep one of them [duplicate-resource]
2.yaml:18: error: JWK shop/two: spec.name: "one" in project "p" is wanted by JWK shop/one in 1.yaml:26 already: choose
  another name [duplicate-remote-name]
2.yaml:25: error: JWK other/one: spec.name: "one" in project "p" is wanted by JWK shop/one in 1.yaml:26 already: choose
  another name [duplicate-remote-name]
2.yaml:51: warning: JWK fourth/four: spec.connectionRef: ApinizerConnection fourth/default is not among the manifests,
  but ApinizerConnection shop/default in 1.yaml:14 is: is that one meant? [connection-elsewhere]
2.yaml:63: warning: JWK shop/five: spec.connectionRef: ApinizerConnection shop/shared is not among the manifests, but
  ClusterApinizerConnection shared in 1.yaml:1 is: is that one meant? [connection-elsewhere]
8 valid, 3 invalid, 2 warnings, 0 objects of other kinds passed over
"""
SECRET = "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"
KEY = json.dumps({**OCT_7515, "k": SECRET})
PEM = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"


def _planted() -> list[Object]:
    """A key where it belongs, and wherever else one can be pasted."""
    specs: list[object] = [
        {"sourceType": "COPY_PASTE", "jwkStr": KEY},
        {"sourceType": "COPY_PASTE", "jwkStr": KEY[:-5]},
        {"sourceType": "COPY_PASTE", "jwkStr": json.loads(KEY)},
        {"sourceType": "COPY_PASTE", "jwkStr": [KEY]},
        {"sourceType": "COPY_PASTE", "jwkStr": f'{KEY}"{SECRET}'},
        {"sourceType": "COPY_PASTE", "jwkStr": KEY.replace('"k"', f'"k": 1, "{SECRET}"')},
        *({**URL, field: value} for field in ("sourceType", "name", "url", "kid", "algorithm") for value in (KEY, PEM)),
        {**URL, "connectionRef": {"kind": KEY, "name": PEM}},
        {**URL, "requiredEnvironments": [KEY, KEY]},
        {**URL, "requiredEnvironments": [[KEY], [KEY]]},
        {**URL, KEY: 1},
        {**URL, "name": f" {PEM}"},
        KEY,
        [KEY],
    ]
    objects = [_object(f"n{number}", spec) for number, spec in enumerate(specs)]
    objects += [_object(KEY, URL), {**_object("x", URL), "kind": KEY}]
    labels = {"labels": {"key": KEY, SECRET: "x y"}, "annotations": {"a b": KEY}, "finalizers": [KEY]}
    objects.append({**_object("x", URL), "metadata": {"name": "x", **labels}})
    for field in ("baseUrl", "proxyUrl"):
        address = {"baseUrl": "https://h", "auth": {"tokenSecretRef": {"name": KEY}}, field: f"https://a:{SECRET}@h/p"}
        objects.append(_object(field.lower(), address, "ApinizerConnection"))
    objects += [_from("secret", "secret"), _secret("secret", stringData={"jwk": f"{KEY},"}, data={"x": _encoded(KEY)})]
    objects.append(_object("pasted-token", {**URL, "name": "abc\ttoken-in-the-secret"}))
    objects.append(_secret("token", data={"token": _encoded("abc\ttoken-in-the-secret")}))
    return objects


@pytest.mark.parametrize("output", ["text", "json", "sarif", "junit"])
def test_no_output_holds_a_secret(offline: Tool, tmp_path: Path, output: str) -> None:
    _write(tmp_path, "planted.yaml", *_planted())
    (tmp_path / "broken.yaml").write_text(f"kind: JWK\nspec:\n  jwkStr: '{KEY}'\n  jwkStr: {{{SECRET}\n")
    done = offline("validate", "-o", output, "planted.yaml", "broken.yaml")
    assert (done.status, SECRET in done.out, SECRET in done.err, "token-in" in done.out) == (1, False, False, False)
    assert _encoded(KEY) not in done.out
    assert ("***" in done.out, "pasted-token" in done.out) == (True, True)


def test_no_socket_is_opened_and_no_client_loaded(tmp_path: Path) -> None:
    _write(tmp_path, "a.yaml", _pasted("a", RSA_7638))
    program = f"""
import sys

def refuse(event, _):
    if event.startswith("socket."):
        raise SystemExit(event)

sys.addaudithook(refuse)
from jwk_operator.cli.main import main
try:
    main(["validate", "-q", {str(tmp_path / "a.yaml")!r}])
except SystemExit as end:
    assert end.code == 0, end.code
print(sorted({{"kopf", "kubernetes", "httpx", "aiohttp"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_many_are_quick_to_look_at(offline: Tool, tmp_path: Path) -> None:
    _write(tmp_path, "many.yaml", *(_object(f"n{number}", {**URL, "name": f"x{number}"}) for number in range(500)))
    done = offline("validate", "many.yaml")
    assert _lines(done) == ["500 valid, 0 invalid, 0 warnings, 0 objects of other kinds passed over"]


def test_kustomize_output_by_a_pipe(offline: Tool, tmp_path: Path) -> None:
    _write(tmp_path, "jwk.yaml", _object("a", {**URL, "url": "h"}, namespace=None))
    (tmp_path / "kustomization.yaml").write_text("namespace: built\nresources: [jwk.yaml]\n")
    command = f"kubectl kustomize . | {BIN / 'jwk-operator'} validate -"
    piped = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    line = (
        "-:8: error: JWK built/a: spec.url: Invalid value: spec.url must be an absolute http or https URL with a host: "
        "write it as https://HOST/PATH [refused]"
    )
    assert (piped.returncode, piped.stdout.splitlines()[0]) == (1, line)
    assert _lines(offline("validate", "."))[0] == line.replace("-:", ".:", 1)


def test_pre_commit_calls_it_with_the_names_of_files(offline: Tool, tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["language"], hook["types_or"]) == ("jwk-validate", "python", ["yaml", "json"])
    program, *arguments = hook["entry"].split()
    assert program == "jwk-operator"
    _write(tmp_path, "right.yaml", _object("a", URL))
    (tmp_path / "chart.yml").write_text("- of: another kind\n  value: !vault |\n    x\n")
    (tmp_path / "package.json").write_text('{"name": "a"}')
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    files = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert offline(*arguments, *files) == Done(0, "", "")
    _write(tmp_path, "wrong.yaml", _object("b", {"sourceType": "URL"}))
    done = offline(*arguments, *files, "wrong.yaml")
    assert (done.status, [line.partition(": ")[0] for line in _lines(done)]) == (1, ["wrong.yaml:6"])
