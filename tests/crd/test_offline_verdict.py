"""The verdict without an API server is that of the real one, message for message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crd.cases import BAD, CLUSTER, CONNECTION, GOOD, URL
from crd.changes import CHANGES
from crd.conftest import Kubectl
from crd.odd_cases import ODD
from crd.server import NAMESPACE, Answer, Object, Server, folder, resource
from jwk_operator.admission import Verdict, admit
from jwk_operator.admission.golang import decoded
from jwk_operator.api.crd import RESOURCES, openapi_schema

_ORDINARY = {case.id: resource(case.kind, case.spec) for case in (*GOOD, *BAD)}


def _sent(content: Object) -> Object:
    """Return an object as it arrives from kubectl, which writes 5.0 as 5."""
    return {name: decoded(value) for name, value in content.items()}


def _create(server: Server, content: Object) -> Answer:
    return server.request("POST", folder(content["kind"]), _sent(content), fieldValidation="Strict", dryRun="All")


def _said(answer: Answer) -> tuple[str, list[str]]:
    """Return the server's message without the order of its causes, which is a random one."""
    causes = answer.body.get("details", {}).get("causes", ()) if answer.status >= HTTPStatus.BAD_REQUEST else ()
    return _unordered(answer.message, [f"{cause['field']}: {cause['message']}" for cause in causes])


def _decided(verdict: Verdict) -> tuple[str, list[str]]:
    by_rule = " is invalid: " in verdict.message
    return _unordered(verdict.message, [refusal.message for refusal in verdict.refusals] if by_rule else [])


def _unordered(message: str, causes: Iterable[str]) -> tuple[str, list[str]]:
    once = sorted(set(causes))
    for cause in sorted(once, key=len, reverse=True):
        message = message.replace(cause, "*", 1)
    return message, once


def _differing(server: Server, objects: Mapping[str, Object]) -> Iterator[tuple[str, str, str]]:
    for identity, content in objects.items():
        answer, verdict = _create(server, content), admit(content)
        if _said(answer) != _decided(verdict):
            yield identity, answer.message, verdict.message
        elif verdict.accepted and _kept(answer.body) != _kept(verdict.content):
            yield identity, str(answer.body), str(verdict.content)


def _kept(content: Object) -> Object:
    return {name: value for name, value in content.items() if name != "metadata"}


def test_the_tables_hold_good_and_bad_ones() -> None:
    verdicts = [admit(content).accepted for content in (*_ORDINARY.values(), *ODD.values())]
    assert (len(verdicts) > 700, verdicts.count(True) > 100, verdicts.count(False) > 500) == (True, True, True)


def test_every_case_of_the_tables(server: Server) -> None:
    assert list(_differing(server, _ORDINARY)) == []


def test_every_odd_case(server: Server) -> None:
    assert list(_differing(server, ODD)) == []


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
def test_every_change(server: Server, change: Any) -> None:
    created = server.create(resource("JWK", change.before, change.metadata_name), dry_run=False)
    try:
        stored = server.set_status(created.body, change.status).body if change.remote else created.body
        answer = server.replace({**stored, "spec": change.after})
        assert _said(answer) == _decided(admit({**stored, "spec": change.after}, stored))
        as_written = resource("JWK", change.after, change.metadata_name)
        assert admit(as_written, stored).message == admit({**stored, "spec": change.after}, stored).message
    finally:
        server.delete(created.body)


@pytest.mark.parametrize(
    ("kind", "version"), [("JWK", "apiops.apinizer.com/v2"), ("Jwk", "apiops.apinizer.com/v1alpha1"), ("JWK", "v1")]
)
def test_what_kubectl_cannot_place(kubectl: Kubectl, tmp_path: Path, kind: str, version: str) -> None:
    content = {**resource("JWK", URL), "kind": kind, "apiVersion": version}
    (tmp_path / "jwk.json").write_text(str(content).replace("'", '"'))
    with pytest.raises(AssertionError) as refused:
        kubectl("create", "--dry-run=server", "-f", str(tmp_path / "jwk.json"))
    assert admit(content).message in str(refused.value)


_GOOD_ONES = [_ORDINARY[case.id] for case in GOOD]
_SCHEMAS = {described.kind: openapi_schema(described) for described in RESOURCES}
_WORDS = ("", "a", "URL", "RSA", "RS256", "A/b", "https://h", "h", ".", " a", "ü\u2028", "10m", "2027-01-31T00:00:00Z")
_SCALARS = (
    st.none() | st.booleans() | st.integers(-2, 10**6) | st.floats(-1e7, 1e7) | st.sampled_from(_WORDS) | st.text()
)
_PIECES = (
    *("http://", "https://", "//", "/", "?", "#", "@", "[", "]", "::1", ":", ":80", "%", "%41", "%zz", "%C3%A9", "%25"),
    *("h", "u:p", " ", '"', "|", "é", "apiops", "*", "1.2.3.4", "\x7f"),
)
_ADDRESSES = st.lists(st.sampled_from(_PIECES), max_size=6).map("".join)
_JUNK = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "key", "kind", "x"]), inner),
    max_leaves=4,
)


def _paths(schema: Object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Object]]:
    """Yield every field below `spec` with its schema; an entry of a list is the field `[]`."""
    if path:
        yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from _paths(child, (*path, name))
    if "items" in schema:
        yield from _paths(schema["items"], (*path, "[]"))


_PATHS = {kind: list(_paths(schema["properties"]["spec"])) for kind, schema in _SCHEMAS.items()}


def _fitting(schema: Object) -> st.SearchStrategy[Any]:
    """Values that are likely to pass the schema, so that the rules have their say."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("type") == "integer":
        return st.integers(schema.get("minimum", 0), schema.get("maximum", 9))
    if schema.get("type") == "string":
        return st.sampled_from([word for word in _WORDS if word]) | st.text(min_size=1, max_size=8) | _ADDRESSES
    return _JUNK


@st.composite
def _mutants(draw: st.DrawFn) -> Object:
    """Good objects with up to three fields changed, added or taken away."""
    content = decoded(draw(st.sampled_from(_GOOD_ONES)))
    assert isinstance(content, dict)
    for _ in range(draw(st.integers(1, 3))):
        path, schema = draw(st.sampled_from(_PATHS[content["kind"]]))
        _put(content["spec"], list(path), draw(_fitting(schema) | _JUNK | st.just(_GONE)))
    return content


_GONE = object()


def _put(node: Any, path: list[str], value: Any) -> None:
    name, *rest = path
    if isinstance(node, list):
        if not node:
            node.append({})
        if rest:
            _put(node[0], rest, value)
        else:
            node[0] = [] if value is _GONE else value
    elif isinstance(node, dict) and rest:
        _put(node.setdefault(name, [] if rest[0] == "[]" else {}), rest, value)
    elif isinstance(node, dict) and value is _GONE:
        node.pop(name, None)
    elif isinstance(node, dict):
        node[name] = value


@settings(max_examples=200)
@given(content=_mutants())
def test_random_changes_of_good_ones(server: Server, content: Object) -> None:
    assert list(_differing(server, {"mutant": content})) == []


def test_what_was_wrong_before_and_is_unchanged_is_let_be() -> None:
    """An object from before a rule was there can still be changed elsewhere, as the server ratchets its validation."""
    stored = resource("JWK", {**URL, "url": "h", "algorithm": "R" * 65, "requiredEnvironments": [1]})
    changed = {**stored, "spec": {**stored["spec"], "description": "new"}}
    assert [refusal.path for refusal in admit(stored).refusals] != []
    # a list has no keys to tell its entries apart by, so it is let be as a whole; so are the rules of `spec`, unless
    # `spec` has changed
    assert [refusal.path for refusal in admit(changed, stored).refusals] == ["spec.algorithm", "spec.url"]
    assert admit({**stored, "metadata": {**stored["metadata"], "labels": {"a": "b"}}}, stored).message == ""


def test_rules_know_a_change_of_a_value_from_a_change_beside_it() -> None:
    stored = resource("ApinizerConnection", {**CONNECTION, "projectName": " p", "burst": 1})
    beside = {**stored, "spec": {**stored["spec"], "readOnly": True}}
    assert [refusal.path for refusal in admit(beside, stored).refusals] == ["spec.burst"]
    changed = {**stored, "spec": {**stored["spec"], "projectName": "p "}}
    assert [refusal.path for refusal in admit(changed, stored).refusals] == ["spec.burst", "spec.projectName"]


def test_an_object_in_deletion_gets_no_finalizer() -> None:
    stored = resource("ClusterApinizerConnection", CLUSTER)
    stored["metadata"].update(deletionTimestamp="2027-01-01T00:00:00Z", finalizers=["a.b/c"])
    verdict = admit({**stored, "metadata": {**stored["metadata"], "finalizers": ["a.b/c", "a.b/d"]}}, stored)
    assert verdict.message == (
        'ClusterApinizerConnection.apiops.apinizer.com "tested" is invalid: metadata.finalizers: Forbidden: no new '
        'finalizers can be added if the object is being deleted, found new finalizers []string{"a.b/d"}'
    )


def test_a_namespace_is_no_name_of_one() -> None:
    content = {**resource("JWK", URL), "metadata": {"name": "tested", "namespace": f"{NAMESPACE}_"}}
    assert [refusal.path for refusal in admit(content).refusals] == ["metadata.namespace"]
