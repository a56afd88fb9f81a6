"""The generate call: what goes over the wire, and that nothing of the key comes back."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from jwk_operator.apinizer.answers import Answer, Deployment, EnvironmentOutcome, Verdict
from unit.manager import TOKEN, line, says

BODY = {"name": "signing", "type": "EC", "ec": {"curveType": "P256"}}
KEY = {"kty": "RSA", "n": "public-modulus", "e": "AQAB", "kid": "one"} | {
    name: f"PLANTED-{name}" for name in ("d", "p", "q", "dp", "dq", "qi", "k")
}
KEY_MASKED = {name: "***" if str(value).startswith("PLANTED") else value for name, value in KEY.items()}


async def test_a_generated_key_is_asked_for_without_a_trailing_slash() -> None:
    async with line() as (manager, client):
        answer = await client.generate("a/b", BODY)
    assert answer == Answer(Verdict.OK, http_status=200)
    (request,) = manager.requests
    assert (request.method, request.raw_path) == ("POST", "/apiops/projects/a%2Fb/jwks/generate")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(manager.bodies[0]) == BODY
    assert manager.calls == [("generate", "POST", 200)]


@pytest.mark.parametrize(
    ("status", "code", "text", "verdict"),
    [
        (400, "bad_request", "JWK type can not be empty!", Verdict.REJECTED),
        (400, "bad_request", "JWK (name: signing) is not found!", Verdict.REJECTED),
        (400, "bad_request", "JWK (name: signing) is already exist!", Verdict.EXISTS),
        (409, "conflict", "taken", Verdict.EXISTS),
        (404, "not_found", "nothing here", Verdict.PROJECT_MISSING),
        (403, "forbidden", "no", Verdict.FORBIDDEN),
        (500, "server_error", "oh", Verdict.SERVER_ERROR),
    ],
)
async def test_an_error_is_read_as_that_of_a_create(status: int, code: str, text: str, verdict: Verdict) -> None:
    async with line() as (manager, client):
        manager.reply = says(status, {"error": code, "error_description": text})
        generated = await client.generate("shop", BODY)
        created = await client.create("shop", BODY)
    assert generated == created == Answer(verdict, text, status, code)


def _carrying_a_key(message: str) -> dict[str, Any]:
    outcome = {"environmentName": "prod", "success": False, "message": message, "jwk": KEY}
    deployment = {"success": False, "message": message, "environmentResults": [outcome], "jwkStr": json.dumps(KEY)}
    return {"success": True, "deploymentResult": deployment, "jwk": KEY, "resultList": [{"jwkStr": json.dumps(KEY)}]}


async def test_a_key_in_the_answer_leaves_nothing_but_the_deployment(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with line() as (manager, client):
        manager.reply = says(200, _carrying_a_key("pod is down"))
        answer = await client.generate("shop", BODY)
    outcome = EnvironmentOutcome("prod", False, "pod is down")
    assert answer == Answer(Verdict.OK, http_status=200, deployment=Deployment(False, "pod is down", (outcome,)))
    assert "PLANTED" not in repr(answer) + caplog.text


async def test_a_key_in_a_message_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text = f"cannot deploy {json.dumps(KEY)} there"
    shown = f"cannot deploy {json.dumps(KEY_MASKED)} there"
    async with line() as (manager, client):
        manager.reply = says(200, _carrying_a_key(text))
        done = await client.generate("shop", BODY)
        manager.reply = says(400, {"error": "bad_request", "error_description": text, "jwk": KEY})
        refused = await client.generate("shop", BODY)
        manager.reply = says(200, {"success": False, "jwk": KEY})
        odd = await client.generate("shop", BODY)
    assert done.deployment == Deployment(False, shown, (EnvironmentOutcome("prod", False, shown),))
    assert refused == Answer(Verdict.REJECTED, shown, 400, "bad_request")
    assert "PLANTED" not in repr((done, refused, odd)) + caplog.text
