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
