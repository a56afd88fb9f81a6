"""The client against a small server: what goes over the wire, and what becomes of any answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from jwk_operator.api.remote import RemoteEntry
from jwk_operator.apinizer.answers import Answer, Deployment, EnvironmentOutcome, Verdict
from jwk_operator.apinizer.client import ManagementClient, RetiredError
from jwk_operator.apinizer.credentials import StaticToken
from jwk_operator.apinizer.scrub import Secret
from unit.manager import TOKEN, line, says

PRIVATE = "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"
ODD_FORM = "Apinizer answered 200 in a form that is not documented"


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("signing", "signing"),
        ("a/b", "a%2Fb"),
        ("a b", "a%20b"),
        ("100%", "100%25"),
        ("%2F", "%252F"),
        ("müşteri", "m%C3%BC%C5%9Fteri"),
        ("a+b", "a%2Bb"),
        ("a?b=c&d", "a%3Fb%3Dc%26d"),
        ("a#b", "a%23b"),
        ("v1.2.jwk", "v1.2.jwk"),
        ("a,b;c:d@e", "a%2Cb%3Bc%3Ad%40e"),
        ("...", "..."),
        ("a\\b", "a%5Cb"),
        ("~a'(b)*!", "~a%27%28b%29%2A%21"),
    ],
)
async def test_odd_names_arrive_encoded_once(name: str, raw: str) -> None:
    async with line() as (manager, client):
        await client.delete(name, name)
        await client.list_jwks(name)
    assert [request.raw_path for request in manager.requests] == [
        f"/apiops/projects/{raw}/jwks/{raw}/",
        f"/apiops/projects/{raw}/jwks/",
    ]


async def test_calls_as_they_go_over_the_wire() -> None:
    async with line() as (manager, client):
        await client.create("shop", {"name": "signing", "sourceType": "URL"})
        await client.update("shop", "signing", "text")
        await client.update("shop", "signing", "", "a/b")
        await client.delete("shop", "signing")
        await client.list_jwks("shop")
    sent = [
        (request.method, request.raw_path, body) for request, body in zip(manager.requests, manager.bodies, strict=True)
    ]
    assert [(method, path, json.loads(body) if body else None) for method, path, body in sent] == [
        ("POST", "/apiops/projects/shop/jwks/", {"name": "signing", "sourceType": "URL"}),
        ("PUT", "/apiops/projects/shop/jwks/signing/", {"description": "text"}),
        ("PUT", "/apiops/projects/shop/jwks/signing/", {"name": "a/b", "description": ""}),
        ("DELETE", "/apiops/projects/shop/jwks/signing/", None),
        ("GET", "/apiops/projects/shop/jwks/", None),
    ]
    for request in manager.requests:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert request.headers["Accept"] == "application/json"
        assert request.headers["User-Agent"] == "jwk-operator"
        assert request.headers["Accept-Encoding"] == "identity"
    assert [request.headers.get("Content-Type") for request in manager.requests] == ["application/json"] * 3 + [
        None
    ] * 2
    methods = {"create": "POST", "update": "PUT", "delete": "DELETE", "list": "GET"}
    calls = ("create", "update", "update", "delete", "list")
    assert manager.calls == [(call, methods[call], 200) for call in calls]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    async with line() as (manager, client):
        manager.reply = says(status, {}, Location="/apiops/elsewhere")
        answer = await client.delete("shop", "signing")
    assert answer == Answer(Verdict.SERVER_ERROR, f"Apinizer answered {status} elsewhere (a redirect)", status)
    assert len(manager.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, "<html>log in</html>", Answer(Verdict.SERVER_ERROR, ODD_FORM, 200)),
        (200, "", Answer(Verdict.SERVER_ERROR, ODD_FORM, 200)),
        (200, [], Answer(Verdict.SERVER_ERROR, ODD_FORM, 200)),
        (200, {}, Answer(Verdict.SERVER_ERROR, ODD_FORM, 200)),
        (200, {"success": False}, Answer(Verdict.SERVER_ERROR, ODD_FORM, 200)),
        (200, {"success": "true"}, Answer(Verdict.SERVER_ERROR, ODD_FORM, 200)),
        (
            201,
            {"success": True},
            Answer(Verdict.SERVER_ERROR, "Apinizer answered 201 in a form that is not documented", 201),
        ),
        (200, "[" * 100_000, Answer(Verdict.SERVER_ERROR, ODD_FORM, 200)),
        (500, "<html>", Answer(Verdict.SERVER_ERROR, "no explanation was given", 500)),
        (400, {"error": "bad_request"}, Answer(Verdict.REJECTED, "bad_request", 400, "bad_request")),
        (400, {"error": 1, "error_description": ["x"]}, Answer(Verdict.SERVER_ERROR, "no explanation was given", 400)),
        (404, {"message": "default backend"}, Answer(Verdict.SERVER_ERROR, "no explanation was given", 404)),
        (
            401,
            {"error": "invalid_token", "error_description": "no"},
            Answer(Verdict.UNAUTHORIZED, "no", 401, "invalid_token"),
        ),
        (
            400,
            {
                "error": "validation_failed",
                "error_description": "Bad",
                "validation_errors": [{"field": "url", "message": "is odd"}, 1, {"field": "kid", "message": "too"}],
            },
            Answer(Verdict.REJECTED, "Bad (url: is odd; kid: too)", 400, "validation_failed"),
        ),
    ],
)
async def test_answers_to_a_write(status: int, body: Any, answer: Answer) -> None:
    async with line() as (manager, client):
        manager.reply = says(status, body)
        assert await client.create("shop", {}) == answer


async def test_deployment_of_a_write() -> None:
    results = [{"environmentName": "prod", "success": True, "message": "ok"}] * 2
    body = {"success": True, "deploymentResult": {"success": True, "message": "fine", "environmentResults": results}}
    async with line() as (manager, client):
        manager.reply = says(200, body)
        answer = await client.create("shop", {})
    outcome = EnvironmentOutcome("prod", True, "ok")
    assert answer == Answer(Verdict.OK, http_status=200, deployment=Deployment(True, "fine", (outcome,)))


async def test_list() -> None:
    async with line() as (manager, client):
        manager.reply = says(200, {"success": True, "resultList": [{"name": "a", "kid": "k"}]})
        assert await client.list_jwks("shop") == {"a": RemoteEntry("", "", None, None, "k")}
        manager.reply = says(200, {"success": True, "resultList": "none"})
        odd = Answer(Verdict.SERVER_ERROR, "the list is not of the documented form", 200)
        assert await client.list_jwks("shop") == odd
        manager.reply = says(403, {"error": "forbidden", "error_description": "no"})
        assert await client.list_jwks("shop") == Answer(Verdict.FORBIDDEN, "no", 403, "forbidden")


async def test_truncated_answer() -> None:
    def cut(_: web.Request) -> web.StreamResponse:
        response = web.Response(text='{"success": true}', headers={"Content-Length": "1000"})
        response.force_close()
        return response

    async with line() as (manager, client):
        manager.reply = cut
        answer = await client.create("shop", {})
        address = client.endpoint.address
    assert answer == Answer(Verdict.UNREACHABLE, f"{address} closed the connection before its answer was complete")
    assert manager.calls == [("create", "POST", 0)]


async def test_nobody_listens() -> None:
    async with line() as (_, client):
        endpoint = client.endpoint
    client = ManagementClient(endpoint, StaticToken(Secret(TOKEN)))
    answer = await client.delete("shop", "signing")
    await client.aclose()
    assert answer == Answer(
        Verdict.UNREACHABLE, f"{endpoint.address} refuses connections; check that it runs, and {endpoint.place}"
    )


async def test_a_pause_is_the_whole_connections() -> None:
    slow = "Apinizer asks this connection to slow down; it pauses for as long as Apinizer said"
    async with line() as (manager, client):
        manager.reply = says(429, {"error": "rate_limit_exceeded", "retry_after": 600}, **{"Retry-After": "30"})
        first = await client.create("shop", {})
        second = await client.list_jwks("other")
    assert first == Answer(Verdict.RATE_LIMITED, slow, 429, "rate_limit_exceeded", 600)
    assert isinstance(second, Answer)
    assert (second.verdict, second.text, second.http_status) == (Verdict.RATE_LIMITED, slow, None)
    assert second.retry_after is not None
    assert 0 < second.retry_after <= 600
    assert len(manager.requests) == 1


async def test_a_call_that_waits_for_its_turn_is_not_sent_with_a_token_that_was_replaced() -> None:
    async with line() as (manager, client):
        manager.wait = asyncio.Event()
        client.gate.budget.resize(1)
        sent = asyncio.ensure_future(client.delete("shop", "a"))
        await manager.asked.wait()
        queued = asyncio.ensure_future(client.delete("shop", "b"))
        await asyncio.sleep(0)
        client.retire()
        manager.wait.set()
        assert (await sent).verdict is Verdict.OK, "what was sent is answered"
        for call in (queued, client.delete("shop", "c"), client.list_jwks("shop")):
            with pytest.raises(RetiredError):
                await call
    assert len(manager.requests) == 1


async def test_cookies_are_not_kept() -> None:
    async with line() as (manager, client):
        manager.reply = says(200, {"success": True}, **{"Set-Cookie": "session=1; Path=/"})
        await client.delete("shop", "a")
        await client.delete("shop", "b")
    assert [request.headers.get("Cookie") for request in manager.requests] == [None, None]


@pytest.mark.parametrize("secret", [TOKEN, PRIVATE, PRIVATE[5:25]], ids=["token", "key", "piece"])
async def test_secrets_in_texts_are_masked(secret: str) -> None:
    broken = {"error": "bad_request", "error_description": f"what is {secret}?"}
    outcome = {"environmentName": "prod", "success": False, "message": f"cannot parse {secret}"}
    deployed = {"success": True, "deploymentResult": {"message": secret, "environmentResults": [outcome]}}
    async with line() as (manager, client):
        manager.reply = says(400, broken)
        refused = await client.create("shop", {}, [PRIVATE])
        manager.reply = says(200, deployed)
        done = await client.create("shop", {}, [PRIVATE])
    assert refused.text == "what is ***?"
    assert done.deployment == Deployment(False, "***", (EnvironmentOutcome("prod", False, "cannot parse ***"),))


async def test_a_secret_in_a_code_is_masked() -> None:
    async with line() as (manager, client):
        manager.reply = says(400, {"error": f"bad {TOKEN}"})
        assert await client.delete("shop", "a") == Answer(Verdict.REJECTED, "bad ***", 400, "bad ***")
