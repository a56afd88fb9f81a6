"""JWKs and Secrets as the API server has them, and sessions that stay logged in."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from jwk_operator.api.base import CLAIM_ANNOTATION, FINALIZER, RECONCILE_ANNOTATION, REMOTE_ANNOTATION
from jwk_operator.api.names import Claim, RemoteName
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.kube.jwks import claim_of, connection_of, open_store, read, trim, wished_name
from jwk_operator.kube.secrets import SourceKeyNotFoundError, SourceRef, token_of
from jwk_operator.kube.session import Access, open_session

SOURCE = SourceRef("Secret", "team", "token", "token")
EMPTY = "Secret team/token, key token is empty; it must hold the token"
ODD = (
    "Secret team/token, key token holds white space or other characters that no token has; it must hold the token alone"
)


@pytest.mark.parametrize("text", ["abc", " abc", "abc\n", "\tabc\r\n", "\x0babc\x0c"])
def test_token_without_white_space_around_it(text: str) -> None:
    assert token_of(text, SOURCE) == Secret("abc")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", EMPTY),
        (" \n", EMPTY),
        *((text, ODD) for text in ("a b", "a\nb", "a\x00b", "a\x7f", "ä", "\ufeffabc", "a\u200b")),
    ],
)
def test_what_is_no_token(text: str, message: str) -> None:
    with pytest.raises(SourceKeyNotFoundError) as caught:
        token_of(text, SOURCE)
    assert str(caught.value) == message


CLAIM = Claim(RemoteName("shop", "signing"), "u1", "v", "s")
MARKS = {REMOTE_ANNOTATION: "shop/signing", CLAIM_ANNOTATION: "u1.v.s.-.-.-"}


def a_jwk(spec: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    fields = {"name": "signing", "namespace": "team", "uid": "u1", "resourceVersion": "7", "generation": 2}
    return {
        "apiVersion": "x",
        "metadata": {**fields, **metadata},
        "spec": {"sourceType": "URL", "url": "u"} if spec is None else spec,
        "status": status,
    }


@pytest.mark.parametrize(
    ("metadata", "claim"),
    [
        ({"annotations": MARKS, "finalizers": [FINALIZER]}, CLAIM),
        ({"annotations": MARKS, "finalizers": ["other", FINALIZER]}, CLAIM),
        ({"annotations": MARKS, "finalizers": [FINALIZER], "uid": "u2"}, None),
        ({"annotations": MARKS, "finalizers": ["other"]}, None),
        ({"annotations": MARKS}, None),
        ({"annotations": {REMOTE_ANNOTATION: "shop/signing"}, "finalizers": [FINALIZER]}, None),
        ({"annotations": {CLAIM_ANNOTATION: "u1.v.s.-.-.-"}, "finalizers": [FINALIZER]}, None),
        ({"annotations": {**MARKS, REMOTE_ANNOTATION: "shop"}, "finalizers": [FINALIZER]}, None),
        ({"annotations": {**MARKS, CLAIM_ANNOTATION: "u1"}, "finalizers": [FINALIZER]}, None),
        ({"annotations": None, "finalizers": None}, None),
    ],
    ids=[
        "own",
        "among others",
        "copied",
        "other finalizer",
        "no finalizer",
        "half",
        "other half",
        "no name",
        "odd",
        "none",
    ],
)
def test_claim_of_a_resource(metadata: dict[str, Any], claim: Claim | None) -> None:
    raw = trim(a_jwk(**metadata))
    assert claim_of(raw) == claim
    assert read(raw).claim == claim


def test_trim_keeps_only_what_counts() -> None:
    raw = a_jwk(
        annotations={**MARKS, "kubectl": "everything"}, managedFields=[{}], labels={"a": "b"}, ownerReferences=[]
    )
    assert trim(raw) == {
        "metadata": {
            "name": "signing",
            "namespace": "team",
            "uid": "u1",
            "resourceVersion": "7",
            "generation": 2,
            "annotations": MARKS,
        },
        "spec": {"sourceType": "URL", "url": "u"},
        "status": {},
    }


def test_read() -> None:
    resource = read(
        trim(
            a_jwk(
                {"sourceType": "URL", "url": "u", "deletionPolicy": "Retain", "suspend": True},
                {"observedGeneration": 1, "failures": 3},
                annotations={RECONCILE_ANNOTATION: "now"},
                finalizers=[FINALIZER],
                deletionTimestamp="2027-01-01T00:00:00Z",
            )
        )
    )
    assert (resource.namespace, resource.name, resource.uid, resource.generation) == ("team", "signing", "u1", 2)
    assert (resource.deleting, resource.finalizer, resource.retain, resource.suspended) == (True, True, True, True)
    assert (resource.status.observed_generation, resource.status.failures) == (1, 3)
    assert resource.reconcile_requested == "now"
    assert resource.spec is not None
    assert resource.spec.url == "u"
    assert resource.spec_problem == ""


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({}, "The spec cannot be read: spec.sourceType: Field required."),
        (
            {"sourceType": "URL", "jwkStr": 5, "kid": ""},
            (
                "The spec cannot be read: spec.jwkStr: Input should be a valid string; spec.kid: String should have at "
                "least 1 character."
            ),
        ),
    ],
)
def test_a_spec_that_cannot_be_read_is_no_exception(spec: dict[str, Any], problem: str) -> None:
    resource = read(trim(a_jwk({**spec, "deletionPolicy": "Retain", "suspend": True})))
    assert (resource.spec, resource.spec_problem) == (None, problem)
    assert (resource.retain, resource.suspended) == (True, True)


def test_a_status_that_cannot_be_read_is_as_none() -> None:
    assert read(trim(a_jwk(status={"conditions": "all fine"}))).status == read(trim(a_jwk())).status


@pytest.mark.parametrize(
    ("uid", "observed", "kept"),
    [
        ("u1", "2026-12-31T23:59:59Z", True),
        ("u2", "2026-12-31T23:59:59Z", False),
        ("u2", "2027-01-01T00:00:00Z", True),
        ("u2", None, True),
    ],
    ids=["own records", "a copy", "another's records over its own", "nothing remote"],
)
def test_a_status_that_came_along_with_a_copy_is_as_none(uid: str, observed: str | None, kept: bool) -> None:
    status = {"observedGeneration": 2, "remote": {"observedAt": observed} if observed else None}
    copy = a_jwk(status=status, annotations=MARKS, uid=uid, creationTimestamp="2027-01-01T00:00:00Z")
    assert (read(trim(copy)).status.observed_generation == 2) is kept


@pytest.mark.parametrize(
    ("spec", "connection"),
    [
        ({}, ("ApinizerConnection", "team", "default")),
        ({"connectionRef": {}}, ("ApinizerConnection", "team", "default")),
        ({"connectionRef": {"name": "main"}}, ("ApinizerConnection", "team", "main")),
        (
            {"connectionRef": {"kind": "ClusterApinizerConnection"}},
            ("ClusterApinizerConnection", "", "default"),
        ),
    ],
)
def test_connection_of_a_resource(spec: dict[str, Any], connection: tuple[str, str, str]) -> None:
    assert connection_of(trim(a_jwk(spec))) == connection


def test_store_finds_by_names_connection_and_secret() -> None:
    store = open_store()
    spec = {"name": "new", "jwkStrFrom": {"secretKeyRef": {"name": "key", "key": "k"}}}
    store.put(a_jwk(spec, annotations=MARKS, finalizers=[FINALIZER]))
    found = [("team", "signing")]
    assert wished_name(trim(a_jwk(spec))) == "new"
    assert store.find("name", "new") == store.find("name", "signing") == found
    assert store.find("secret", ("team", "key")) == found
    assert store.find("connection", ("ApinizerConnection", "team", "default")) == found
    assert store.find("name", "other") == []


async def test_a_session_logs_in_again_when_its_login_is_refused() -> None:
    tokens = iter(["old", "new", "newer"])
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({}, status=200 if seen[-1] == "Bearer new" else 401)

    application = web.Application()
    application.router.add_get("/", answer)
    async with TestServer(application) as server:
        access = Access(
            str(server.make_url("/")), ssl.create_default_context(), lambda: {"Authorization": f"Bearer {next(tokens)}"}
        )
        async with open_session(access) as session:
            statuses = [(await session.get(access.server)).status for _ in range(2)]
    assert statuses == [200, 200]
    assert seen == ["Bearer old", "Bearer new", "Bearer new"]


async def test_a_login_that_stays_the_same_is_not_tried_twice() -> None:
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({}, status=401)

    application = web.Application()
    application.router.add_get("/", answer)
    async with TestServer(application) as server:
        access = Access(
            str(server.make_url("/")), ssl.create_default_context(), lambda: {"Authorization": "Bearer old"}
        )
        async with open_session(access) as session:
            assert (await session.get(access.server)).status == 401
    assert seen == ["Bearer old"]
