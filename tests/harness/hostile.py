"""A manager that means no good: it keeps every request whole, and writes to the wire what the test says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Hostile:
    """What the server saw. `reply` writes the answer to one request; the connection stays open if it returns True."""

    reply: Callable[[asyncio.StreamWriter], Awaitable[bool]]
    port: int = 0
    scheme: str = "http"
    requests: list[str] = field(default_factory=list)
    """Each request as it came, head and body."""
    connections: int = 0
    written: int = 0
    """Bytes of answers that the other side took."""
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Return the server's address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        self.open.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    (
                        int(line.split(":")[1])
                        for line in head.splitlines()
                        if line.lower().startswith("content-length")
                    ),
                    0,
                )
                self.requests.append(head + (await reader.readexactly(length)).decode())
                if not await self.reply(writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.open.discard(writer)
            writer.close()

    async def send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        """Write, and wait until the other side takes it. Raises ConnectionError when it has gone."""
        writer.write(data)
        await writer.drain()
        self.written += len(data)


@asynccontextmanager
async def hostile(tls: ssl.SSLContext | None = None) -> AsyncIterator[Hostile]:
    """Serve until the end of the block; the test sets `reply`."""

    async def nothing(_: asyncio.StreamWriter) -> bool:
        return False

    server = Hostile(nothing, scheme="https" if tls else "http")
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls, limit=2**20)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for writer in list(server.open):
            writer.transport.abort()
        await listening.wait_closed()


@dataclass(slots=True)
class Tunnel:
    """A proxy that connects to whatever port is asked for, on this machine. `asked` is the head of each request."""

    url: str = ""
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            port = int(head.split()[1].rpartition(":")[2])
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await asyncio.gather(_pass_on(reader, other_writer), _pass_on(other_reader, writer))
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


@asynccontextmanager
async def tunnel(tls: ssl.SSLContext | None = None) -> AsyncIterator[Tunnel]:
    """Serve as a proxy for CONNECT until the end of the block; with `tls`, the way to the proxy is encrypted, too."""
    proxy = Tunnel()
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=tls)
    proxy.url = f"{'https' if tls else 'http'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        listening.close()
