"""The stand-in for Apinizer: only what reads gets through, and what would change something shows in later lists."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from jwk_operator.apinizer.read_only import ReadOnlyError
from jwk_operator.apinizer.transport import Endpoint
from jwk_operator.planning.remote import Rehearsal, RemoteCall
from unit.keys import EC_PUBLIC

URL = "http://manager/apiops/projects/shop/jwks/"
EXISTS = "JWK (name: old) is already exist!"
LISTED = {"name": "old", "description": "d", "sourceType": "URL", "sourceUrl": "u", "type": "EC", "kid": "k"}


class Wire:
    """What is below the stand-in: it keeps what gets through."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.answer: Any = {"success": True, "resultList": [LISTED]}
        self.status = 200
        self.rehearsal = Rehearsal()
        self.client = self.open()

    def open(self) -> httpx.AsyncClient:
        """Open another line to the same manager."""
        return httpx.AsyncClient(transport=self.rehearsal.wrap(Endpoint("http://manager"), httpx.MockTransport(self)))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, request.url.path))
        return httpx.Response(self.status, json=self.answer)

    async def listed(self, client: httpx.AsyncClient | None = None) -> dict[str, Any]:
        """Return the project's JWKs by name."""
        answer = (await (client or self.client).get(URL)).json()
        return {item["name"]: item for item in answer["resultList"]}


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    await wire.listed()
    yield wire
    await wire.client.aclose()


async def test_a_project_is_listed_once(wire: Wire) -> None:
    assert await wire.listed() == {"old": LISTED}
    assert wire.requests == [("GET", "/apiops/projects/shop/jwks/")]


async def test_what_is_created_is_listed(wire: Wire) -> None:
    wire.rehearsal.environments = ("production",)
    body = {"name": "new", "sourceType": "COPY_PASTE", "jwkStr": json.dumps({**json.loads(EC_PUBLIC), "kid": "k1"})}
    answer = await wire.client.post(URL, json=body)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "success": True,
            "deploymentResult": {
                "success": True,
                "message": "Deployment completed successfully",
                "environmentResults": [
                    {"environmentName": "production", "success": True, "message": "Deployed successfully"}
                ],
            },
        },
    )
    entry = {"name": "new", "description": "", "sourceType": "COPY_PASTE", "sourceUrl": None, "type": "EC", "kid": "k1"}
    assert await wire.listed() == {"old": LISTED, "new": entry}
    await wire.client.post(f"{URL}generate", json={"name": "made", "type": "EC", "ec": {}, "kid": "g"})
    made = (await wire.listed())["made"]
    assert (made["sourceType"], made["type"], made["kid"]) == ("GENERATE", "EC", "g")
    assert wire.rehearsal.calls == [
        RemoteCall("POST", "/apiops/projects/shop/jwks/", "new"),
        RemoteCall("POST", "/apiops/projects/shop/jwks/generate", "made"),
    ]
    assert len(wire.requests) == 1


async def test_what_is_changed_renamed_and_deleted(wire: Wire) -> None:
    await wire.client.put(f"{URL}old/", json={"description": "e"})
    assert await wire.listed() == {"old": {**LISTED, "description": "e"}}
    await wire.client.put(f"{URL}old/", json={"name": "a b", "description": "e"})
    assert await wire.listed() == {"a b": {**LISTED, "name": "a b", "description": "e"}}
    await wire.client.delete(f"{URL}a%20b/")
    assert await wire.listed() == {}
    assert wire.rehearsal.calls == [
        RemoteCall("PUT", "/apiops/projects/shop/jwks/old/", "old", {"description": "e"}, "d"),
        RemoteCall("PUT", "/apiops/projects/shop/jwks/old/", "old", {"name": "a b", "description": "e"}, "e"),
        RemoteCall("DELETE", "/apiops/projects/shop/jwks/a%20b/", "a b", {}, "e"),
    ]
    assert len(wire.requests) == 1


async def test_another_line_to_the_same_manager_sees_the_changes(wire: Wire) -> None:
    await wire.client.delete(f"{URL}old/")
    async with wire.open() as other:
        assert await wire.listed(other) == {}


@pytest.mark.parametrize(
    ("method", "name", "body", "text"),
    [
        (
            "POST",
            "",
            {"name": "old"},
            f"{EXISTS} Try update operation if want to change its value.",
        ),
        ("PUT", "old/", {"name": "other", "description": ""}, "JWK (name: other) is already exist!"),
        ("PUT", "none/", {"description": ""}, "JWK (name: none) is not found! Try create operation."),
        ("DELETE", "none/", None, "JWK (name: none) is not found!"),
    ],
)
async def test_what_apinizer_would_refuse(
    wire: Wire, method: str, name: str, body: dict[str, str] | None, text: str
) -> None:
    wire.rehearsal.changes("http://manager", "shop")["other"] = {"name": "other"}
    answer = await wire.client.request(method, f"{URL}{name}", json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": "bad_request", "error_description": text})
    assert await wire.listed() == {"old": LISTED, "other": {"name": "other"}}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "projects/shop/jwks/old/"),
        ("GET", "projects/shop"),
        ("GET", "projects/shop/jwks/old/more"),
        ("POST", "environments/shop"),
        ("DELETE", "projects/shop"),
        ("PUT", "auth/token"),
    ],
)
async def test_nothing_else_gets_through(wire: Wire, method: str, path: str) -> None:
    with pytest.raises(ReadOnlyError):
        await wire.client.request(method, f"http://manager/apiops/{path}")
    assert len(wire.requests) == 1


async def test_what_reads_gets_through(wire: Wire) -> None:
    await wire.client.get("http://manager/apiops/environments/shop")
    await wire.client.post("http://manager/apiops/auth/token", data={"grant_type": "client_credentials"})
    assert wire.requests[1:] == [("GET", "/apiops/environments/shop"), ("POST", "/apiops/auth/token")]


@pytest.mark.parametrize(("status", "answer"), [(403, {"error": "forbidden"}), (200, {"success": True}), (200, [])])
async def test_what_is_no_list_is_handed_on_and_asked_for_again(status: int, answer: Any) -> None:
    wire = Wire()
    wire.status, wire.answer = status, answer
    for _ in range(2):
        found = await wire.client.get(URL)
        assert (found.status_code, found.json()) == (status, answer)
    assert len(wire.requests) == 2
    with pytest.raises(AssertionError):
        await wire.client.delete(f"{URL}old/")
