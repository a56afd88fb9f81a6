"""Client credentials: one token for everybody, renewed in good time, and never more often than it helps."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.client import ManagementClient
from jwk_operator.apinizer.credentials import ClientCredentials, StaticToken, expiry_of
from jwk_operator.apinizer.read_only import ReadOnlyError
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.transport import Endpoint

CLIENT, PASSWORD = "client-1f2e3d4c", "s3cret/of+the&client-9a8b"
NOW = datetime(2027, 1, 1, tzinfo=UTC)
EMPTY = {"success": True, "resultList": []}
INVALID = {"error": "invalid_token", "error_description": "Token is invalid or expired"}
FORBIDDEN = {"error": "forbidden", "error_description": "You do not have permission to perform this action"}


class Issuer:
    """A manager that issues tokens, and accepts those that the test says."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.forms: list[dict[str, list[str]]] = []
        self.tokens: list[str] = []
        """The token of each call but the token calls."""
        self.expires_in: Any = 3600
        self.accepted: set[str] | None = None
        self.forbidden = False
        self.instead: Callable[[], web.Response] | None = None
        """What the token call answers in place of a token."""
        self.held: asyncio.Event | None = None
        """Token calls are answered once this is set."""
        self.late: asyncio.Event | None = None
        """A DELETE is refused, with its token in the text, once this is set."""

    @property
    def issued(self) -> int:
        return len(self.forms)

    async def token(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/x-www-form-urlencoded"
        assert "Authorization" not in request.headers
        self.forms.append(parse_qs(await request.text()))
        number = self.issued
        if self.held is not None:
            await self.held.wait()
        if self.instead is not None:
            return self.instead()
        life = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return web.json_response({"access_token": f"issued-token-{number}", "token_type": "Bearer", **life})

    async def any(self, request: web.Request) -> web.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        self.tokens.append(token)
        if request.method == "DELETE" and self.late is not None:
            await self.late.wait()
            return web.json_response({"error": "bad_request", "error_description": f"{token} is odd"}, status=400)
        if self.accepted is not None and token not in self.accepted:
            return web.json_response(INVALID, status=401)
        if self.forbidden:
            return web.json_response(FORBIDDEN, status=403)
        return web.json_response(EMPTY)


@asynccontextmanager
async def issuer(*, read_only: bool = False, concurrent: int = 100) -> AsyncIterator[tuple[Issuer, ManagementClient]]:
    manager = Issuer()
    application = web.Application()
    application.router.add_post("/apiops/auth/token", manager.token)
    application.router.add_route("*", "/apiops/projects/{rest:.*}", manager.any)
    async with TestServer(application) as server:
        endpoint = Endpoint(str(server.make_url("/")), 5, 5, read_only=read_only, max_concurrent_requests=concurrent)
        credential = ClientCredentials(Secret(CLIENT), Secret(PASSWORD))
        client = ManagementClient(endpoint, credential, clock=lambda: manager.time, now=lambda: NOW)
        try:
            yield manager, client
        finally:
            await client.aclose()


async def test_one_token_for_everybody() -> None:
    async with issuer() as (manager, client):
        assert client.token_expires_at is None
        answers = await asyncio.gather(*(client.list_jwks("shop") for _ in range(50)))
    assert answers == [{}] * 50
    assert manager.forms == [{"grant_type": ["client_credentials"], "client_id": [CLIENT], "client_secret": [PASSWORD]}]
    assert manager.tokens == ["issued-token-1"] * 50
    assert client.token_expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize(("life", "used_for"), [(3600, 3540), (100, 80), (10, 8)])
async def test_a_token_is_renewed_ahead_of_its_end(life: int, used_for: int) -> None:
    async with issuer() as (manager, client):
        manager.expires_in = life
        await client.list_jwks("shop")
        manager.time += used_for - 0.5
        await client.list_jwks("shop")
        manager.time += 1
        await asyncio.gather(*(client.list_jwks("shop") for _ in range(9)))
    assert manager.tokens == ["issued-token-1"] * 2 + ["issued-token-2"] * 9


@pytest.mark.parametrize("life", [None, "soon", 0, -1, True, float("nan"), {"in": 1}])
async def test_a_token_without_a_usable_end_is_used_until_it_is_refused(life: Any) -> None:
    async with issuer() as (manager, client):
        manager.expires_in = life
        await client.list_jwks("shop")
        manager.time += 10**9
        await client.list_jwks("shop")
        assert manager.issued == 1
        assert client.token_expires_at is None
        manager.accepted = {"issued-token-2"}
        assert await client.list_jwks("shop") == {}


@pytest.mark.parametrize("life", ["3600", 3600.0, 1e300])
async def test_odd_but_usable_ends(life: Any) -> None:
    async with issuer() as (manager, client):
        manager.expires_in = life
        await client.list_jwks("shop")
    assert client.token_expires_at is not None


async def test_a_refused_token_is_renewed_once_for_all_and_the_calls_sent_once_more() -> None:
    async with issuer() as (manager, client):
        await client.list_jwks("shop")
        manager.accepted = {"issued-token-2"}
        answers = await asyncio.gather(*(client.list_jwks("shop") for _ in range(8)))
    assert answers == [{}] * 8
    assert manager.issued == 2
    assert manager.tokens.count("issued-token-2") == 8


async def test_a_token_that_is_refused_twice_ends_as_unauthorized_and_is_not_sent_again() -> None:
    async with issuer() as (manager, client):
        manager.accepted = set()
        first = await client.list_jwks("shop")
        assert manager.tokens == ["issued-token-1", "issued-token-2"]
        second = await client.create("shop", {"name": "a"})
    assert first == Answer(Verdict.UNAUTHORIZED, INVALID["error_description"], 401, "invalid_token")
    assert (second.verdict, second.local) == (Verdict.UNAUTHORIZED, True)
    assert len(manager.tokens) == manager.issued == 2


async def test_rights_may_come_with_a_new_token_but_it_is_not_asked_for_in_vain() -> None:
    async with issuer() as (manager, client):
        manager.forbidden = True
        for _ in range(20):
            answer = await client.list_jwks("shop")
            assert isinstance(answer, Answer)
            assert answer.verdict is Verdict.FORBIDDEN
        assert manager.issued == 2, "one for the first call, one when that was forbidden"
        manager.accepted = {"issued-token-3"}
        manager.forbidden = False
        assert await client.list_jwks("shop") == {}, "a 401 is another matter"


async def test_a_renewal_that_fails_leaves_the_token_in_use_until_its_end() -> None:
    async with issuer() as (manager, client):
        manager.expires_in = 600
        await client.list_jwks("shop")
        manager.instead = lambda: web.Response(status=503)
        manager.time += 545
        assert await asyncio.gather(*(client.list_jwks("shop") for _ in range(5))) == [{}] * 5
        assert manager.issued == 2
        manager.time += 9
        assert await client.list_jwks("shop") == {}
        assert manager.issued == 2, "not for every call"
        manager.time += 2
        assert await client.list_jwks("shop") == {}
        assert manager.issued == 3
        manager.time += 45
        outcome = await client.list_jwks("shop")
        assert isinstance(outcome, Answer)
        assert outcome.verdict is Verdict.SERVER_ERROR
        assert manager.issued == 4
        manager.instead = None
        assert await client.list_jwks("shop") == {}
    assert manager.tokens == ["issued-token-1"] * 8 + ["issued-token-5"]


async def test_a_failed_token_call_is_for_all_who_waited() -> None:
    async with issuer() as (manager, client):
        manager.held = asyncio.Event()
        body = {"error": "unauthorized_client", "error_description": "Bad credentials"}
        manager.instead = lambda: web.json_response(body, status=401)
        calls = [asyncio.ensure_future(client.create("shop", {"name": "a"})) for _ in range(50)]
        while manager.issued < 1:
            await asyncio.sleep(0.001)
        manager.held.set()
        answers = await asyncio.gather(*calls)
    assert {answer.text for answer in answers} == {"the token call failed: Bad credentials"}
    assert manager.issued == 1, "a login that fails again and again may lock the client out"


async def test_a_token_call_that_outlasts_its_token_is_for_all_who_waited() -> None:
    async with issuer() as (manager, client):
        manager.expires_in = 1
        manager.held = asyncio.Event()
        calls = [asyncio.ensure_future(client.list_jwks("shop")) for _ in range(50)]
        while manager.issued < 1:
            await asyncio.sleep(0.001)
        manager.time += 10
        manager.held.set()
        assert await asyncio.gather(*calls) == [{}] * 50
    assert manager.issued == 1


async def test_a_403_does_not_storm_a_token_call_that_fails() -> None:
    async with issuer() as (manager, client):
        await client.list_jwks("shop")
        manager.forbidden = True
        manager.instead = lambda: web.Response(status=500)
        for _ in range(20):
            answer = await client.create("shop", {"name": "a"})
            assert answer.verdict is Verdict.FORBIDDEN
        assert manager.issued == 2
        manager.time += 61
        manager.instead = None
        await client.create("shop", {"name": "a"})
        assert manager.issued == 3, "but it is tried again some time"


async def test_an_older_token_is_masked_too() -> None:
    async with issuer() as (manager, client):
        manager.late = asyncio.Event()
        late = asyncio.ensure_future(client.delete("shop", "a"))
        while not manager.tokens:
            await asyncio.sleep(0.001)
        manager.time += 3600
        assert await client.list_jwks("shop") == {}
        manager.late.set()
        answer = await late
    assert manager.tokens == ["issued-token-1", "issued-token-2"]
    assert answer.text == "*** is odd"


async def test_whoever_gives_up_does_not_take_the_token_from_the_others() -> None:
    async with issuer() as (manager, client):
        manager.held = asyncio.Event()
        first = asyncio.ensure_future(client.list_jwks("shop"))
        while manager.issued < 1:
            await asyncio.sleep(0.001)
        others = [asyncio.ensure_future(client.list_jwks("shop")) for _ in range(5)]
        first.cancel()
        manager.held.set()
        assert await asyncio.gather(*others) == [{}] * 5
    assert manager.issued <= 2


@pytest.mark.parametrize(
    ("reply", "verdict", "text"),
    [
        (
            (401, {"error": "unauthorized_client", "error_description": "Bad credentials"}),
            Verdict.UNAUTHORIZED,
            "the token call failed: Bad credentials",
        ),
        (
            (
                400,
                {"error": "unsupported_grant_type", "error_description": "GrantType value must be client_credentials!"},
            ),
            Verdict.UNAUTHORIZED,
            "the token call failed: GrantType value must be client_credentials!",
        ),
        ((403, FORBIDDEN), Verdict.UNAUTHORIZED, f"the token call failed: {FORBIDDEN['error_description']}"),
        (
            (500, {"error": "internal_error", "error_description": "Oops"}),
            Verdict.SERVER_ERROR,
            "the token call failed: Oops",
        ),
        ((404, "<html>"), Verdict.SERVER_ERROR, "the token call failed: no explanation was given"),
        (
            (200, {"token": "x"}),
            Verdict.SERVER_ERROR,
            "the token call failed: Apinizer answered 200 in a form that is not documented",
        ),
        (
            (200, {"access_token": "a\nb", "expires_in": 1}),
            Verdict.SERVER_ERROR,
            "the token call failed: Apinizer answered 200 in a form that is not documented",
        ),
        (
            (401, {"error": "unauthorized_client", "error_description": f"No {CLIENT} with {PASSWORD}"}),
            Verdict.UNAUTHORIZED,
            "the token call failed: No *** with ***",
        ),
    ],
)
async def test_what_the_token_call_comes_to(reply: tuple[int, Any], verdict: Verdict, text: str) -> None:
    status, body = reply
    async with issuer() as (manager, client):
        content = body if isinstance(body, str) else json.dumps(body)
        manager.instead = lambda: web.Response(status=status, text=content)
        answer = await client.create("shop", {"name": "a"})
    assert (answer.verdict, answer.text, answer.http_status) == (verdict, text, status)
    assert manager.tokens == []


async def test_a_token_call_may_be_told_to_wait() -> None:
    async with issuer() as (manager, client):
        body = json.dumps({"error": "rate_limit_exceeded", "error_description": "x", "retry_after": 7})
        manager.instead = lambda: web.Response(status=429, text=body, headers={"Retry-After": "30"})
        answer = await client.list_jwks("shop")
        assert isinstance(answer, Answer)
        assert (answer.verdict, answer.retry_after) == (Verdict.RATE_LIMITED, 30)
        assert client.gate.pause() == 30


async def test_a_read_only_connection_logs_in_and_reads_and_cannot_write() -> None:
    async with issuer(read_only=True) as (manager, client):
        assert await client.list_jwks("shop") == {}
        with pytest.raises(ReadOnlyError):
            await client.create("shop", {"name": "a"})
    assert manager.tokens == ["issued-token-1"]


async def test_nothing_of_a_token_is_ever_shown() -> None:
    async with issuer() as (manager, client):
        await client.list_jwks("shop")
        manager.accepted = set()
        answer = await client.list_jwks("shop")
    shown = f"{answer!r} {client.credential!r} {client.endpoint!r}"
    for secret in (CLIENT, PASSWORD, "issued-token"):
        assert secret not in shown


def _jwt(claims: Any) -> Secret:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Secret(f"e30.{body}.c2ln")


@pytest.mark.parametrize(
    ("token", "end"),
    [
        (_jwt({"exp": NOW.timestamp()}), NOW),
        (_jwt({"exp": "soon"}), None),
        (_jwt({"exp": True}), None),
        (_jwt({"exp": 1e300}), None),
        (_jwt([]), None),
        (_jwt({}), None),
        (Secret("plain"), None),
        (Secret("a.b.c"), None),
        (Secret("a.ü.c"), None),
    ],
)
def test_the_end_of_a_token_that_tells_it(token: Secret, end: datetime | None) -> None:
    assert expiry_of(token) == end
    client = ManagementClient(Endpoint("http://127.0.0.1:1"), StaticToken(token))
    assert client.token_expires_at == end
