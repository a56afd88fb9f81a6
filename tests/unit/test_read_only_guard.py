"""A read-only endpoint lets nothing out that could change something, whoever tries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest

from jwk_operator.api.connection import ApinizerConnectionSpec
from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.client import ManagementClient
from jwk_operator.apinizer.read_only import ReadOnlyError, ReadOnlyTransport
from jwk_operator.apinizer.transport import TRANSPORT_ERRORS, open_client
from jwk_operator.reconcile.connections import endpoint_of
from unit.manager import line, says

Call = Callable[[ManagementClient], Awaitable[Answer]]
WRITES: dict[str, tuple[str, Call]] = {
    "create": ("POST", lambda client: client.create("shop", {"name": "a"})),
    "generate": ("POST", lambda client: client.generate("shop", {"name": "a"})),
    "update": ("PUT", lambda client: client.update("shop", "a", "")),
    "rename": ("PUT", lambda client: client.update("shop", "a", "", "b")),
    "delete": ("DELETE", lambda client: client.delete("shop", "a")),
}


@pytest.mark.parametrize("write", WRITES)
async def test_no_write_leaves_a_read_only_connection(write: str) -> None:
    method, call = WRITES[write]
    async with line(read_only=True) as (manager, client):
        with pytest.raises(ReadOnlyError) as stopped:
            await call(client)
        assert (str(stopped.value), manager.requests) == (
            f"a {method} was about to leave on a read-only connection",
            [],
        )
        # and the connection works on, with every slot free
        manager.reply = says(200, {"success": True, "resultList": []})
        for _ in range(client.endpoint.max_concurrent_requests + 1):
            assert await client.list_jwks("shop") == {}
    assert {request.method for request in manager.requests} == {"GET"}


@pytest.mark.parametrize("write", WRITES)
async def test_writes_leave_any_other_connection(write: str) -> None:
    method, call = WRITES[write]
    async with line() as (manager, client):
        assert (await call(client)).verdict is Verdict.OK
    assert [request.method for request in manager.requests] == [method]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "post", "ODD"])
async def test_nothing_but_a_get_leaves(method: str) -> None:
    async with line(read_only=True) as (manager, client), open_client(client.endpoint) as http:
        address = f"{client.endpoint.address}/apiops/projects/shop/jwks/"
        with pytest.raises(ReadOnlyError):
            await http.request(method, address)
        assert manager.requests == []
        assert (await http.get(address)).status_code == 200


def test_the_error_is_none_that_an_answer_is_made_of() -> None:
    assert not issubclass(ReadOnlyError, TRANSPORT_ERRORS)


class Inner(httpx.AsyncBaseTransport):
    """A transport that notes its end."""

    closed = False

    async def aclose(self) -> None:
        self.closed = True


async def test_closing_closes_what_is_behind_the_guard() -> None:
    inner = Inner()
    await ReadOnlyTransport(inner).aclose()
    assert inner.closed


@pytest.mark.parametrize("read_only", [False, True])
def test_the_connections_spec_decides(read_only: bool) -> None:
    auth = {"tokenSecretRef": {"name": "token"}}
    spec = ApinizerConnectionSpec.model_validate({"baseUrl": "https://m", "auth": auth, "readOnly": read_only})
    assert endpoint_of(spec, None).read_only is read_only
