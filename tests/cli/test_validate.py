"""`validate` as people and CI systems call it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
import yaml

from cli.manifest_files import API, URL, an_object, lines, pasted, unwrapped, write
from cli.tool import Done, Tool
from harness.cluster import ROOT
from harness.processes import BIN
from jwk_operator.cli.validate.findings import RULES
from unit.keys import RSA_7638, THUMBPRINT_7638

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
(NAME,) = unwrapped(
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
    assert (done.status, lines(done)) == (
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
    assert [line.split(":")[1] for line in lines(done)] == ["14", "20", "21"]


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
    wrong = an_object("a", {})
    write(tmp_path, "a folder/ü.yaml", wrong)
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


def test_junit_has_warnings_as_failures_if_strict(offline: Tool, mixed: Path) -> None:
    write(mixed, "foreign.yaml", {**an_object("other", URL), "apiVersion": "apinizer.com/v1"})
    done = offline("validate", "--strict", "-o", "junit", "mixed.yaml", "foreign.yaml")
    (suite,) = Xml.fromstring(done.out)  # noqa: S314 - it is our own
    assert [(case.attrib["name"], [item.tag for item in case]) for case in suite] == [
        ("JWK right", []),
        ("JWK Wrong_name", ["failure"]),
        ("JWK shop/other", ["failure"]),
    ]


def test_exit_status(offline: Tool, tmp_path: Path) -> None:
    deprecated = {"sourceType": "CERTIFICATE", "certificateName": "c", "environmentName": "e", "useType": "ENCRYPTION"}
    write(tmp_path, "doubtful.yaml", an_object("a", {**deprecated, "algorithm": "RSA-OAEP"}))
    write(tmp_path, "wrong.yaml", an_object("a", {}))
    write(tmp_path, "right.yaml", an_object("a", URL))
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
    assert lines(offline("validate", "-")) == ["0 valid, 0 invalid, 0 warnings, 0 objects of other kinds passed over"]


def test_standard_input_that_is_no_text(offline: Tool) -> None:
    done = subprocess.run([BIN / "jwk-operator", "validate", "-"], input=b"\xff", capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode().splitlines()[0], done.stderr) == (
        1,
        "-:1: error: cannot be read: it is not UTF-8 [unreadable]",
        b"",
    )


def test_every_kind(offline: Tool) -> None:
    objects = [
        an_object("a", {"baseUrl": "https://h/", "auth": {}}, "ApinizerConnection"),
        an_object("b", {"baseUrl": 5}, "ClusterApinizerConnection", None),
        an_object("c", {**URL, "urls": 1}, status={"x": 1}),
        {**an_object("d", URL), "apiVersion": "apiops.apinizer.com/v2"},
        {**an_object("e", URL), "apiVersion": "apinizer.com/v1"},
        {**an_object("f", URL), "kind": "Jwk"},
        {**an_object("g", URL), "kind": None},
        {**an_object("h", URL), "kind": ["JWK"]},
        {**an_object("i", URL), "apiVersion": ""},
        {**an_object("j", URL), "apiVersion": 1},
    ]
    done = offline("validate", "-", stdin=yaml.safe_dump_all(objects, sort_keys=False))
    assert (done.status, lines(done)) == (1, unwrapped(EVERY_KIND))


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
-:56: error: shop/g: kind not set [refused]
-:65: error: shop/h: kind isn't string type [refused]
-:75: error: JWK shop/i: apiVersion not set [refused]
-:84: error: JWK shop/j: apiVersion isn't string type [refused]
0 valid, 9 invalid, 1 warning, 1 object of other kinds passed over
"""


def test_no_socket_is_opened_and_no_client_loaded(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", pasted("a", RSA_7638))
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
    write(tmp_path, "many.yaml", *(an_object(f"n{number}", {**URL, "name": f"x{number}"}) for number in range(500)))
    done = offline("validate", "many.yaml")
    assert lines(done) == ["500 valid, 0 invalid, 0 warnings, 0 objects of other kinds passed over"]


def test_kustomize_output_by_a_pipe(offline: Tool, tmp_path: Path) -> None:
    write(tmp_path, "jwk.yaml", an_object("a", {**URL, "url": "h"}, namespace=None))
    (tmp_path / "kustomization.yaml").write_text("namespace: built\nresources: [jwk.yaml]\n")
    command = f"kubectl kustomize . | {BIN / 'jwk-operator'} validate -"
    piped = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    line = (
        "-:8: error: JWK built/a: spec.url: Invalid value: spec.url must be an absolute http or https URL with a host: "
        "write it as https://HOST/PATH [refused]"
    )
    assert (piped.returncode, piped.stdout.splitlines()[0]) == (1, line)
    assert lines(offline("validate", "."))[0] == line.replace("-:", ".:", 1)


def test_pre_commit_calls_it_with_the_names_of_files(offline: Tool, tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["language"], hook["types_or"]) == ("jwk-validate", "python", ["yaml", "json"])
    program, *arguments = hook["entry"].split()
    assert program == "jwk-operator"
    write(tmp_path, "right.yaml", an_object("a", URL))
    (tmp_path / "chart.yml").write_text("- of: another kind\n  value: !vault |\n    x\n")
    (tmp_path / "package.json").write_text('{"name": "a"}')
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    files = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert offline(*arguments, *files) == Done(0, "", "")
    write(tmp_path, "wrong.yaml", an_object("b", {"sourceType": "URL"}))
    done = offline(*arguments, *files, "wrong.yaml")
    assert (done.status, [line.partition(": ")[0] for line in lines(done)]) == (1, ["wrong.yaml:6"])
