"""What the API server accepts and refuses, word for word."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from crd.case import Case
from crd.cases import BAD, CLUSTER, CONNECTION, GOOD, URL
from crd.changes import CHANGES, Change
from crd.server import Object, Server, refusal, resource
from jwk_operator.api.crd import RESOURCES


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.id)
def test_good_object_is_accepted(server: Server, case: Case) -> None:
    answer = server.create(resource(case.kind, case.spec))
    assert (answer.status, answer.message) == (HTTPStatus.CREATED, "")


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.id)
def test_bad_object_is_refused_with_the_remedy(server: Server, case: Case) -> None:
    answer = server.create(resource(case.kind, case.spec))
    assert answer.message == refusal(case.kind, "tested", case.refusals)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
def test_change(server: Server, change: Change) -> None:
    created = server.create(resource("JWK", change.before, change.metadata_name), dry_run=False)
    assert created.status == HTTPStatus.CREATED, created.message
    try:
        current = created.body
        if change.remote:
            current = server.set_status(current, change.status).body
            assert current["status"]["remote"]
        answer = server.replace({**current, "spec": change.after})
        expected = refusal("JWK", change.metadata_name, change.refusals) if change.refusals else ""
        assert answer.message == expected
    finally:
        server.delete(created.body)


@pytest.mark.parametrize("kind", [resource.kind for resource in RESOURCES])
def test_every_rule_has_a_refusal_in_the_tables(kind: str) -> None:
    (described,) = (resource for resource in RESOURCES if resource.kind == kind)
    changes = [refused for change in CHANGES for refused in change.refusals] if kind == "JWK" else []
    refusals = [*(refused for case in BAD if case.kind == kind for refused in case.refusals), *changes]
    untested = [
        rule.message
        for rule in described.rules
        if not any(refused.endswith(f": {rule.message}") and _speaks_of(rule.path, refused) for refused in refusals)
    ]
    assert untested == []


def _speaks_of(path: str, refused: str) -> bool:
    return refused.replace("[0]", "[]").startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("kind", "spec"), [("JWK", URL), ("ApinizerConnection", CONNECTION), ("ClusterApinizerConnection", CLUSTER)]
)
def test_unknown_field_is_refused(server: Server, kind: str, spec: Object) -> None:
    answer = server.create(resource(kind, {**spec, "urls": "x"}))
    assert (answer.status, 'unknown field "spec.urls"' in answer.message) == (HTTPStatus.BAD_REQUEST, True)


def test_refusal_does_not_repeat_a_key(server: Server) -> None:
    answer = server.create(resource("JWK", {**URL, "jwkStr": '{"kty":"oct","k":"PLANTED"}', "kid": ""}))
    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "PLANTED" not in str(answer.body)


@pytest.mark.parametrize("field", ["baseUrl", "proxyUrl"])
@pytest.mark.parametrize(
    "url",
    [
        *("ftp://user:PLANTED@h", "https://user:PLANTED@h/a?b#c", "user:PLANTED@h"),
        *("//user:PLANTED@h:x", "https://user:PLANTED@h/?a#%zz", "//user:PLANTED@h/p"),
    ],
)
def test_refusal_does_not_repeat_a_password(server: Server, field: str, url: str) -> None:
    answer = server.create(resource("ApinizerConnection", {**CONNECTION, field: url}))
    assert "PLANTED" not in answer.message
