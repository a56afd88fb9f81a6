"""What all stories of a module share: API server, simulator, addresses of keys, and the loop that they live on."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import uvloop
from aiohttp import web

from apinizer_simulator.config import Config, Environment, Material, Project, Token
from apinizer_simulator.server import Simulator
from harness.cluster import Cluster
from harness.keys import ec, octets
from harness.space import Space
from jwk_operator.kube.client import KubeClient
from jwk_operator.kube.session import Access, open_session
from lifecycle.gate import doors
from lifecycle.life import ignore_crashes

T = TypeVar("T")

ENVIRONMENTS = ("development", "production")
CERTIFICATE = "certificate"
_TOKEN = "token-of-the-stories"
_PROJECT = "stories"

KEYS: tuple[dict[str, Any], ...] = (
    ec(private=True),
    ec(private=True),
    ec("k1", private=True),
    ec("k1", private=True),
    octets(),
)
"""Keys without and with a kid, two of them with the same one, and one of another type."""


def text_of(number: int) -> str:
    """Return a key as a JWK string."""
    return json.dumps(KEYS[number])


def digest_of(key: dict[str, Any]) -> str:
    """Return what the simulator shows as the hash of a key."""
    return hashlib.sha256(json.dumps(key, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(slots=True)
class Stage:
    """Everything that outlives a story. Stories run one after the other."""

    loop: asyncio.AbstractEventLoop
    cluster: Cluster
    spaces: tuple[Space, Space]
    simulator: Simulator
    client: KubeClient
    keys_at: str
    project: str = _PROJECT
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        """Run something on the loop."""
        return self.loop.run_until_complete(what)

    def url(self, number: int) -> str:
        """Return the address that serves a key."""
        return f"{self.keys_at}/{number}"


@contextmanager
def set_up(cluster: Cluster) -> Iterator[Stage]:
    """Set the stage: two namespaces with a connection each, to one project."""
    loop = uvloop.new_event_loop()
    loop.set_exception_handler(ignore_crashes)
    opened = AsyncExitStack()
    stage = loop.run_until_complete(_open(loop, cluster, opened))
    try:
        for space in stage.spaces:
            space.connect()
        with doors():
            yield stage
    finally:
        loop.run_until_complete(opened.aclose())
        loop.close()
        for space in stage.spaces:
            cluster.discard_namespace(space.name)


async def _open(loop: asyncio.AbstractEventLoop, cluster: Cluster, opened: AsyncExitStack) -> Stage:
    simulator = await opened.enter_async_context(Simulator(_config()).running())
    access = Access(cluster.plane.server, _tls(cluster), dict)
    session = await opened.enter_async_context(open_session(access))
    first, second = (Space(cluster, cluster.new_namespace("story"), _PROJECT, simulator.url, _TOKEN) for _ in range(2))
    keys_at = await opened.enter_async_context(_served())
    return Stage(loop, cluster, (first, second), simulator, KubeClient(session, access.server), keys_at)


def _config() -> Config:
    certificate = Material(CERTIFICATE, "EC", ENVIRONMENTS[-1])
    environments = tuple(Environment(name) for name in ENVIRONMENTS)
    project = Project(_PROJECT, environments, certificates=(certificate,))
    return Config(projects=(project,), tokens=(Token(_TOKEN),))


def _tls(cluster: Cluster) -> ssl.SSLContext:
    plane = cluster.plane
    context = ssl.create_default_context(cafile=str(plane.ca))
    context.load_cert_chain(plane.dir / "pki" / "admin.crt", plane.dir / "pki" / "admin.key")
    return context


@asynccontextmanager
async def _served() -> AsyncIterator[str]:
    """Serve every key under its number."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=text_of(int(request.path.rpartition("/")[2])))

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/keys"
    finally:
        await runner.cleanup()
