"""The simulator holds to the contract, and shows tests what they ask for."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from apinizer_simulator import Config, Simulator, SimulatorControl
from apinizer_simulator.seed import apply_seed

EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
}
OCT = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ", "kid": "one"}
SEED: dict[str, Any] = {
    "projects": [
        {
            "name": "P",
            "environments": ["development", {"name": "production", "status": "REPUBLISH_REQUIRED"}],
            "certificates": [{"name": "cert", "environment": "production", "type": "EC"}],
            "keys": [{"name": "key", "environment": "production", "type": "OKP"}],
            "keystores": [{"name": "store", "environment": "production", "aliases": [{"name": "a", "type": "OCT"}]}],
        }
    ],
    "tokens": [
        "all",
        {"token": "reader", "permissions": "read"},
        {"token": "nobody", "permissions": {"*": "manage", "P": "none"}},
        {"token": "old", "expires_at": 1},
    ],
    "clients": [{"id": "app", "secret": "s3cret"}],
}
CONFIG = apply_seed(SEED, Config())
JWKS = "/apiops/projects/P/jwks/"
LOOKUP = {"environmentName": "production", "useType": "SIGNATURE"}


class Caller:
    """Calls a simulator, with its paths sent exactly as given."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url, self.session, self.control = url, session, SimulatorControl(url)

    async def __call__(self, method: str, path: str, body: Any = None, token: str = "all") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        url = URL(self.url + path, encoded=True)
        async with self.session.request(method, url, json=body, headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.json()

    async def order(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """A control call; the client is synchronous, so it has a thread."""
        return await asyncio.to_thread(getattr(self.control, function), *args, **kwargs)

    async def copy(self, name: str, jwk: Any = OCT, **more: Any) -> tuple[int, Any]:
        """Create by COPY_PASTE."""
        return await self("POST", JWKS, {"name": name, "sourceType": "COPY_PASTE", "jwkStr": json.dumps(jwk), **more})


@asynccontextmanager
async def calling(config: Config) -> AsyncIterator[Caller]:
    async with Simulator(config).running() as simulator, aiohttp.ClientSession() as session:
        yield Caller(simulator.url, session)


@pytest.fixture
async def call() -> AsyncIterator[Caller]:
    async with calling(CONFIG) as caller:
        yield caller


def done(verb: str = "Deploy", **failed: str) -> tuple[int, Any]:
    results = [
        {"environmentName": name, "success": name not in failed, "message": failed.get(name, f"{verb}ed successfully")}
        for name in ("development", "production")
    ]
    end = "with errors" if failed else "successfully"
    deployment = {"success": not failed, "message": f"{verb}ment completed {end}", "environmentResults": results}
    return 200, {"success": True, "deploymentResult": deployment}


def refused(status: int, code: str, text: str) -> tuple[int, Any]:
    return status, {"error": code, "error_description": text}


def invalid(*errors: tuple[str, str]) -> tuple[int, Any]:
    found = [{"field": field, "message": message} for field, message in errors]
    return 400, {"error": "validation_failed", "error_description": errors[0][1], "validation_errors": found}


async def test_life_of_a_jwk_whose_name_needs_encoding(call: Caller) -> None:
    path = f"{JWKS}{quote('a/b %2F ü+', safe='')}/"
    assert await call.copy("a/b %2F ü+", description="d") == done()
    assert await call("PUT", path, {"description": "e"}) == done()
    _, listed = await call("GET", JWKS)
    assert [(e["name"], e["description"], e["kid"], e["type"]) for e in listed["resultList"]] == [
        ("a/b %2F ü+", "e", "one", "OCT")
    ]
    assert set(listed["resultList"][0]) == {
        *("name", "description", "projectId", "sourceType", "sourceId", "sourceUrl", "type", "kid")
    }
    assert json.loads((await call("GET", path))[1]["resultList"][0]["jwkStr"]) == OCT
    assert await call("DELETE", path) == done("Undeploy")
    assert (await call("GET", JWKS)) == (200, {"success": True, "resultList": []})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", JWKS[:-1]),
        ("POST", JWKS[:-1]),
        ("PUT", f"{JWKS}x"),
        ("POST", f"{JWKS}generate/"),
        ("POST", "/apiops/auth/token/"),
        ("GET", "/apiops/environments/P/"),
        ("PATCH", f"{JWKS}x/"),
    ],
)
async def test_wrong_slash_or_method(call: Caller, method: str, path: str) -> None:
    assert await call(method, path) == refused(404, "not_found", f"No call {method} {path}")


CREATE_REFUSALS = [
    ({}, invalid(("name", "JWK name can not be empty!"), ("sourceType", "Source type is required!"))),
    ({"name": "n", "sourceType": "URL"}, invalid(("url", "URL is required for URL source type!"))),
    (
        {"name": "n", "sourceType": "COPY_PASTE", "jwkStr": "{}", "url": "http://x", "zzz": 1, "description": 1},
        invalid(
            ("description", "description must be a string!"),
            ("url", "url is not allowed for COPY_PASTE source type!"),
            ("zzz", "zzz is an unknown field!"),
        ),
    ),
    (
        {"name": "n", "sourceType": "CERTIFICATE", "certificateName": "cert", **LOOKUP, "algorithm": "RSA"},
        invalid(("algorithm", "RSA is a key type, not an algorithm!")),
    ),
    (
        {"name": "n", "sourceType": "CERTIFICATE", "certificateName": "cert", **LOOKUP, "algorithm": "RS256"},
        invalid(("algorithm", "RS256 does not fit a key of type EC with use type SIGNATURE!")),
    ),
    (
        {"name": "n", "sourceType": "CERTIFICATE", "certificateName": "none", **LOOKUP, "algorithm": "ES256"},
        refused(400, "bad_request", "Certificate (name: none) is not found!"),
    ),
    (
        {"name": "n", "sourceType": "COPY_PASTE", "jwkStr": '{"kty":"oct","kty":"oct","k":"YQ"}'},
        refused(400, "bad_request", "JWK is not valid: a JSON member is duplicated!"),
    ),
    ({"name": "\ud800"}, refused(400, "bad_request", "Request body must be a JSON object!")),
    (
        {"name": "n", "sourceType": "COPY_PASTE", "jwkStr": json.dumps({"keys": [OCT]})},
        refused(400, "bad_request", "Kid is required when the source is a JWK Set!"),
    ),
    (
        {"name": "n", "sourceType": "COPY_PASTE", "jwkStr": json.dumps({"keys": [OCT, OCT]}), "kid": "one"},
        refused(400, "bad_request", "JWK (kid: one) is found more than once in the JWK Set!"),
    ),
]


@pytest.mark.parametrize(("body", "expected"), CREATE_REFUSALS)
async def test_refused_creates(call: Caller, body: Any, expected: Any) -> None:
    assert await call("POST", JWKS, body) == expected
    assert await call.order("jwks") == []


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ({"sourceType": "CERTIFICATE", "certificateName": "cert", "algorithm": "ES256"}, "EC"),
        ({"sourceType": "PUBLIC_KEY", "keyName": "key", "algorithm": "EdDSA"}, "OKP"),
        ({"sourceType": "PRIVATE_KEY", "keyName": "key", "algorithm": "EdDSA"}, "OKP"),
        ({"sourceType": "KEYSTORE", "keyStoreName": "store", "aliasName": "a", "algorithm": "HS256"}, "OCT"),
    ],
)
async def test_looked_up_sources_detach_on_update(call: Caller, source: dict[str, str], kind: str) -> None:
    assert await call("POST", JWKS, {"name": "n", **LOOKUP, **source}) == done()
    (made,) = await call.order("jwks", "P")
    assert (made["type"], made["sourceType"], made["detached"]) == (kind, source["sourceType"], False)
    assert await call("PUT", f"{JWKS}n/", {"name": "m"}) == done()
    (moved,) = await call.order("jwks")
    expected = {"name": "m", "sourceType": "COPY_PASTE", "sourceId": None, "detached": True}
    assert moved == {**made, **expected}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("RSA", {"rsa": {"keySize": 2048, "algorithm": "RSA256", "keyIdType": "NONE"}}),
        ("EC", {"ec": {"curveType": "SECP256K1", "algorithm": "ES256K"}}),
        ("OCT", {"oct": {"keySize": 128, "passwordSaltLength": 8, "keyUseType": "ENCRYPTION", "algorithm": "DIR"}}),
        ("OKP", {"okp": {"curveType": "X25519", "keyUseType": "ENCRYPTION", "algorithm": "ECDH_ES_A128KW"}}),
    ],
)
async def test_generate(call: Caller, kind: str, options: dict[str, Any]) -> None:
    assert await call("POST", f"{JWKS}generate", {"name": "g", "type": kind, **options}) == done()
    (made,) = await call.order("jwks")
    assert (made["type"], made["sourceType"]) == (kind, "GENERATE")
    wrong = {next(iter(options)): {**next(iter(options.values())), "algorithm": "RS256"}}
    status, answer = await call("POST", f"{JWKS}generate", {"name": "h", "type": kind, **wrong})
    assert (status, answer["error"]) == (400, "validation_failed")


@pytest.mark.parametrize(
    ("token", "method", "expected"),
    [
        ("wrong", "GET", refused(401, "invalid_token", "Invalid token")),
        ("old", "GET", refused(401, "token_expired", "Token is invalid or expired")),
        ("reader", "DELETE", refused(403, "forbidden", "You do not have permission to perform this action")),
        (
            "nobody",
            "GET",
            refused(404, "not_found", "Project(P) was not found or user does not have privilege to access it!"),
        ),
    ],
)
async def test_refused_tokens(call: Caller, token: str, method: str, expected: Any) -> None:
    assert await call(method, JWKS if method == "GET" else f"{JWKS}x/", token=token) == expected


async def test_duplicate_and_missing(call: Caller) -> None:
    await call.copy("n")
    await call.copy("other")
    hint = " Try update operation if want to change its value."
    assert await call.copy("n") == refused(400, "bad_request", f"JWK (name: n) is already exist!{hint}")
    text = "JWK (name: other) is already exist!"
    assert await call("PUT", f"{JWKS}n/", {"name": "other"}) == refused(400, "bad_request", text)
    text = "JWK (name: x) is not found! Try create operation."
    assert await call("PUT", f"{JWKS}x/", {}) == refused(400, "bad_request", text)
    assert await call("DELETE", f"{JWKS}x/") == refused(400, "bad_request", "JWK (name: x) is not found!")


async def test_switches() -> None:
    config = replace(CONFIG, case_insensitive=True, duplicate_status=409, missing_status=404, delete_keeps_failed=True)
    async with calling(config) as call:
        await call.copy("n")
        hint = " Try update operation if want to change its value."
        assert await call.copy("N") == refused(409, "conflict", f"JWK (name: N) is already exist!{hint}")
        text = "JWK (name: x) is not found!"
        assert await call("DELETE", f"{JWKS}x/") == refused(404, "resource_not_found", text)
        await call.order("fail_environment", "P", "production", message="full")
        assert await call("DELETE", f"{JWKS}n/") == done("Undeploy", production="full")
        assert [jwk["deployed"] for jwk in await call.order("jwks")] == [{"development": False, "production": True}]


async def test_token_and_environments(call: Caller) -> None:
    url, form = f"{call.url}/apiops/auth/token", {"grant_type": "client_credentials", "client_id": "app"}
    async with call.session.post(url, data={**form, "client_secret": "s3cret"}) as answer:
        issued = await answer.json()
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 3600)
    async with call.session.post(url, data={**form, "client_secret": "no"}) as answer:
        assert (answer.status, await answer.json()) == refused(401, "unauthorized_client", "Bad credentials")
    _, shown = await call("GET", "/apiops/environments/P", token=issued["access_token"])
    assert [(e["name"], e["status"]) for e in shown["resultList"]] == [
        ("development", "PUBLISHED"),
        ("production", "REPUBLISH_REQUIRED"),
    ]
    assert shown["resultCount"] == 2
    assert "s3cret" not in json.dumps(await call.order("requests"))


async def test_url_source_is_really_fetched(call: Caller) -> None:
    async def jwks(_: web.BaseRequest) -> web.Response:
        return web.json_response({"keys": [OCT, {**EC, "kid": "two"}]})

    runner = web.ServerRunner(web.Server(jwks))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    body = {"name": "n", "sourceType": "URL", "url": url, "kid": "two"}
    assert await call("POST", JWKS, body) == done()
    limited = {**body, "name": "m", "urlOptionSizeLimit": 10}
    text = f"JWK can not be fetched from URL ({url}): it is larger than 10 bytes!"
    assert await call("POST", JWKS, limited) == refused(400, "bad_request", text)
    await runner.cleanup()
    assert [(j["kid"], j["type"], j["sourceUrl"]) for j in await call.order("jwks")] == [("two", "EC", url)]


async def test_faults_that_answer(call: Caller) -> None:
    await call.order("fault", "status", name="n", status=503, act=True)
    assert (await call.copy("n"))[0] == 503
    await call.order("fault", "rate_limit", path="jwks/$", retry_after=7)
    text = "Rate limit exceeded. Please try again later."
    expected = {"error": "rate_limit_exceeded", "error_description": text, "retry_after": 7}
    assert await call("GET", JWKS) == (429, expected)
    await call.order("fault", "environment", environmentName="production", message="no room")
    assert await call.copy("m") == done(production="no room")
    summary = await call.order("summary")
    assert (summary["calls"]["create"], summary["acted"]["create"], summary["creates"]) == (2, 2, {"n": 1, "m": 1})
    assert [jwk["deployed"]["production"] for jwk in await call.order("jwks")] == [True, False]


@pytest.mark.parametrize(
    ("kind", "spec", "status", "acted"),
    [
        ("drop", {"act": True}, None, True),
        ("drop", {}, None, False),
        ("truncate", {}, 200, True),
        ("garbage", {}, 200, True),
        ("hang", {"act": True}, None, True),
        ("redirect", {"location": "http://127.0.0.1:9/"}, 302, False),
        ("huge", {"bytes": 100000}, 200, False),
    ],
)
async def test_faults_that_break_the_answer(
    call: Caller, kind: str, spec: dict[str, Any], status: int | None, acted: bool
) -> None:
    await call.order("fault", kind, method="POST", **spec)
    try:
        async with asyncio.timeout(0.5):
            await call.copy("n", EC)
    except (aiohttp.ClientError, TimeoutError):
        assert kind != "huge"
    (record,) = await call.order("requests")
    assert (record["status"], record["acted"], record["name"], record["body"]["jwkStr"]) == (status, acted, "n", "***")
    assert len(await call.order("jwks")) == int(acted)


async def test_tamper_and_tokens(call: Caller) -> None:
    made = await call.order("tamper", "create", "P", "t", type="EC", kid="k1", deployed={"production": False})
    changed = await call.order("tamper", "change", "P", "t", kid="k2", description="x", newName="u")
    assert changed == {**made, "kid": "k2", "description": "x", "name": "u", "sha256": changed["sha256"]}
    assert changed["sha256"] != made["sha256"]
    await call.order("tamper", "delete", "P", "u")
    assert await call.order("jwks") == []
    await call.order("add_token", "new", "read")
    assert (await call("GET", JWKS, token="new"))[0] == 200
    assert await call.order("revoke_token", "new")
    assert await call("GET", JWKS, token="new") == refused(401, "invalid_token", "Invalid token")


async def start(tmp_path: Path) -> tuple[asyncio.subprocess.Process, str]:
    options = ["--project", "P", "--token", "all", "--state", str(tmp_path / "s"), "--port-file", str(tmp_path / "p")]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "apinizer_simulator", *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    line = (await process.stdout.readline()).decode()
    url = f"http://127.0.0.1:{(tmp_path / 'p').read_text().strip()}"
    assert line == f"apinizer-simulator listens on {url}\n"
    return process, url


async def test_state_survives_kill(tmp_path: Path) -> None:
    process, url = await start(tmp_path)
    async with aiohttp.ClientSession() as session:
        assert await Caller(url, session).copy("n") == done()
        process.send_signal(signal.SIGKILL)
        await process.wait()
        process, url = await start(tmp_path)
        assert [jwk["name"] for jwk in await Caller(url, session).order("jwks")] == ["n"]
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


async def test_the_control_client_reaches_a_simulator_behind_a_path() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({"ok": True})

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        control = SimulatorControl(f"http://127.0.0.1:{runner.addresses[0][1]}/services/simulator/proxy/")
        assert await asyncio.to_thread(control.healthy)
    finally:
        await runner.cleanup()
    assert asked == ["/services/simulator/proxy/_simulator/healthz"]
