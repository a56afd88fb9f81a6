"""No output of `validate` holds a secret, whichever field it was written into."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.manifest_files import URL, a_secret, an_object, encoded, from_secret, write
from cli.tool import Tool
from harness.objects import Object
from unit.keys import OCT_7515

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
    objects = [an_object(f"n{number}", spec) for number, spec in enumerate(specs)]
    objects += [an_object(KEY, URL), {**an_object("x", URL), "kind": KEY}]
    labels = {"labels": {"key": KEY, SECRET: "x y"}, "annotations": {"a b": KEY}, "finalizers": [KEY]}
    objects.append({**an_object("x", URL), "metadata": {"name": "x", **labels}})
    for field in ("baseUrl", "proxyUrl"):
        address = {"baseUrl": "https://h", "auth": {"tokenSecretRef": {"name": KEY}}, field: f"https://a:{SECRET}@h/p"}
        objects.append(an_object(field.lower(), address, "ApinizerConnection"))
    objects += [
        from_secret("secret", "secret"),
        a_secret("secret", stringData={"jwk": f"{KEY},"}, data={"x": encoded(KEY)}),
    ]
    objects.append(an_object("pasted-token", {**URL, "name": "abc\ttoken-in-the-secret"}))
    objects.append(a_secret("token", data={"token": encoded("abc\ttoken-in-the-secret")}))
    return objects


@pytest.mark.parametrize("output", ["text", "json", "sarif", "junit"])
def test_no_output_holds_a_secret(offline: Tool, tmp_path: Path, output: str) -> None:
    write(tmp_path, "planted.yaml", *_planted())
    (tmp_path / "broken.yaml").write_text(f"kind: JWK\nspec:\n  jwkStr: '{KEY}'\n  jwkStr: {{{SECRET}\n")
    done = offline("validate", "-o", output, "planted.yaml", "broken.yaml")
    assert (done.status, SECRET in done.out, SECRET in done.err, "token-in" in done.out) == (1, False, False, False)
    assert encoded(KEY) not in done.out
    assert ("***" in done.out, "pasted-token" in done.out) == (True, True)


def test_words_of_the_messages_are_no_secrets(offline: Tool) -> None:
    """Whoever chose `password` still reads what is wrong; where a text is quoted, it is hidden all the same."""
    spec = {"baseUrl": "https://user:password@h", "auth": {"tokenSecretRef": {"name": "t"}}}
    objects = [an_object("a", spec, "ApinizerConnection"), an_object("b", {**URL, "updatePolicy": "password"})]
    done = offline("validate", "-q", "-", stdin="\n".join(map(json.dumps, objects)))
    refused, hidden = done.out.splitlines()[:2]
    assert "spec.baseUrl cannot hold a user name or password: remove them and set spec.auth [refused]" in refused
    assert 'spec.updatePolicy: Unsupported value: "***": supported values: "Immutable", "Replace" [refused]' in hidden


def test_a_key_that_is_there_twice_may_be_a_secret(offline: Tool) -> None:
    done = offline("validate", "-", stdin=f"spec:\n  '{KEY}': 1\n  '{KEY}': 2\n")
    assert done.out.splitlines()[0] == '-:3: error: key "***" already set in map [unreadable]'


def test_no_plan_holds_a_secret(offline: Tool, tmp_path: Path) -> None:
    """The API server's refusal repeats what was pasted into the wrong field."""
    token = a_secret("token", data={"token": encoded("token-in-the-secret")})
    kinds = [
        an_object("a", {**URL, "updatePolicy": KEY}),
        an_object("b", {**URL, "updatePolicy": "token-in-the-secret"}),
    ]
    write(tmp_path, "planted.yaml", token, *kinds)
    for output in ("text", "json", "markdown"):
        done = offline("plan", "--no-cluster", "-o", output, "planted.yaml")
        assert (done.status, SECRET in done.out, "token-in" in done.out, done.err) == (1, False, False, "")
        assert "***" in done.out.replace("\\*", "*")
