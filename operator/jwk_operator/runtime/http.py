"""The HTTP ports: `/metrics`, and `/healthz` and `/readyz` for the kubelet."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

from jwk_operator.runtime.settings import Settings

Check = Callable[[], str | None]
"""Returns what is wrong, or None."""


class PortError(Exception):
    """A port cannot be used; the text says which and why."""


@asynccontextmanager
async def serve(settings: Settings, metrics: Callable[[], bytes], alive: Check, ready: Check) -> AsyncIterator[None]:
    """Serve the ports that are set, until the end of the block. Raises `PortError`."""
    async with AsyncExitStack() as stack:
        if settings.probe_port:
            routes = [web.get("/healthz", _probe(alive)), web.get("/readyz", _probe(ready))]
            await stack.enter_async_context(_listen(settings.bind_address, settings.probe_port, routes))
        if settings.metrics_port:

            async def answer(_: web.Request) -> web.Response:
                headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
                return web.Response(body=metrics(), headers=headers)

            routes = [web.get("/metrics", answer)]
            await stack.enter_async_context(_listen(settings.bind_address, settings.metrics_port, routes))
        yield


def _probe(check: Check) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        wrong = check()
        return web.Response(text=wrong or "ok", status=503 if wrong else 200)

    return answer


@asynccontextmanager
async def _listen(address: str, port: int, routes: list[web.RouteDef]) -> AsyncIterator[None]:
    application = web.Application()
    application.add_routes(routes)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, address, port).start()
        except OSError as error:
            raise PortError(f"port {port} on {address} cannot be used: {_why(error)}") from error
        yield
    finally:
        await runner.cleanup()


def _why(error: OSError) -> str:
    """The system's own word: asyncio puts a sentence with the address in its place."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else "it is not an address of this machine"
