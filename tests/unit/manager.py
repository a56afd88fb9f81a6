"""A small manager for tests of the client: it keeps what it was asked and answers what the test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from jwk_operator.apinizer.client import ManagementClient
from jwk_operator.apinizer.credentials import StaticToken
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.transport import Endpoint

TOKEN = "token-0123456789abcdef"
Reply = Callable[[web.Request], web.StreamResponse]


class Manager:
    """A server that keeps what it was asked, and answers what the test says."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.reply: Reply = lambda _: web.json_response({"success": True})
        self.calls: list[tuple[str, str, int]] = []
        self.asked = asyncio.Event()
        self.wait: asyncio.Event | None = None
        """Answers wait for it, when there is one."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        self.asked.set()
        if self.wait is not None:
            await self.wait.wait()
        return self.reply(request)

    def told(self, call: str, method: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.calls.append((call, method, status))


@asynccontextmanager
async def line(*, read_only: bool = False) -> AsyncIterator[tuple[Manager, ManagementClient]]:
    """Yield a manager that listens and a client for it."""
    manager = Manager()
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", manager.answer)
    async with TestServer(application) as server:
        url = str(server.make_url("/apiops/"))
        endpoint = Endpoint(url, connect_timeout=5, read_timeout=5, read_only=read_only)
        client = ManagementClient(endpoint, StaticToken(Secret(TOKEN)), manager.told)
        try:
            yield manager, client
        finally:
            await client.aclose()


def says(status: int, body: Any = None, **headers: str) -> Reply:
    """A reply with a JSON body, or with text as it is."""
    text = body if isinstance(body, str) else json.dumps(body)
    return lambda _: web.Response(status=status, text=text, headers=headers)
