"""The server: one place where requests arrive, are recorded, and are answered."""

import asyncio
import ipaddress
import os
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import aiohttp
from aiohttp import web

from .api import Api
from .config import Config, ConfigError
from .control_api import ControlApi
from .deliver import Answer, Delivery
from .environments import Environments
from .errors import ApiError, bad_request
from .exchange import Exchange, split_target
from .faults import Faults
from .recorder import Recorder
from .sources import Sources
from .store import Store

_CONTROL = "/_simulator/"


class Simulator:
    """An Apinizer manager to test against: ``async with Simulator(config).running() as sim: sim.url``.

    While it runs, `control` answers what its control API does, for tests in the same loop.
    """

    control: ControlApi

    def __init__(self, config: Config) -> None:
        names = [project.name for project in config.projects]
        if len(set(names)) != len(names):
            raise ConfigError("a project is configured twice")
        self.config = config
        self.url = ""
        self.faults = Faults()
        self.recorder = Recorder()
        self._session: aiohttp.ClientSession | None = None
        self._closing = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Listen while the context is open; `url` is then the manager's address."""
        store = Store(self.config.state)
        for token in self.config.tokens:
            store.add_token(token.token, token.permissions, token.expires_at, renew=False)
        environments = Environments(self.config.projects)
        self._api = Api(self.config, store, environments, Sources(store, self._client))
        self.control = ControlApi(self.config, store, environments, self.faults, self.recorder)
        self._closing.clear()
        # A real server carries a call out although its client gave up, so handlers are not cancelled.
        server = web.Server(self._handle, handler_cancellation=False, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=2)
        try:
            await runner.setup()
            await self._listen(runner)
            yield self
        finally:
            self._closing.set()
            await runner.cleanup()
            if self._session is not None:
                await self._session.close()
                self._session = None
            store.close()

    async def _listen(self, runner: web.ServerRunner) -> None:
        config = self.config
        context = _tls(config)
        await web.TCPSite(runner, config.host, config.port, ssl_context=context, backlog=1024).start()
        port = int(runner.addresses[0][1])
        host = f"[{config.host}]" if ":" in config.host else config.host
        self.url = f"{'https' if context else 'http'}://{host}:{port}"
        if config.port_file is not None:
            _write(config.port_file, f"{port}\n")

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, query = split_target(request.raw_path)
        if path.startswith(_CONTROL):
            return await self._handle_control(request, path, query)
        body, oversize = await _body(request)
        exchange = Exchange(request.method, path, query, request.headers, body)
        exchange.refusal = exchange.refusal or oversize
        record = self.recorder.begin(exchange)
        try:
            if self.config.latency_ms:
                await asyncio.sleep(self.config.latency_ms / 1000)
            delivery = Delivery(request, record, lambda broken: self._api.perform(exchange, broken), self._closing)
            return await delivery.send(self.faults.take(exchange))
        finally:
            self.recorder.end(record)
            if self.config.verbose:
                print(f"{record.method} {record.path!a} {record.status}", file=sys.stderr, flush=True)

    async def _handle_control(self, request: web.BaseRequest, path: str, query: str) -> web.StreamResponse:
        body, refusal = await _body(request)
        if not (self.config.control_anywhere or _is_local(request.remote) or path == f"{_CONTROL}healthz"):
            refusal = ApiError(403, "forbidden", "The control API answers loopback only")
        if refusal:
            return Answer(refusal.status, refusal.body).response()
        try:
            return Answer(200, await self.control.perform(request.method, path, query, body)).response()
        except ApiError as error:
            return Answer(error.status, error.body).response()


async def _body(request: web.BaseRequest) -> tuple[bytes, ApiError | None]:
    try:
        return await request.read(), None
    except web.HTTPRequestEntityTooLarge:
        return b"", bad_request("Request body is too large!")


def _is_local(remote: str | None) -> bool:
    try:
        return ipaddress.ip_address(remote or "").is_loopback
    except ValueError:
        return False


def _tls(config: Config) -> ssl.SSLContext | None:
    if config.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.tls_cert, config.tls_key)
    return context


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="ascii")
    temporary.replace(path)


async def serve(config: Config, stop: asyncio.Event, started: Callable[[str], None]) -> None:
    """Run until `stop` is set; `started` is told the address."""
    async with Simulator(config).running() as simulator:
        started(simulator.url)
        await stop.wait()
