"""The guard of leader election: who does not lead, or not any more, sends nothing that could change anything."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp
import httpx
from aiohttp.connector import Connection

from jwk_operator.apinizer.read_only import TOKEN_PATH, changes_nothing

MayWrite = Callable[[], bool]
"""Whether this process leads at this moment."""


class NotLeaderError(Exception):
    """A request that could change something was about to leave while another operator may be leading.

    No transport error that an `Answer` is made of: nothing is concluded from it, and nothing written about it.
    """

    def __init__(self) -> None:
        super().__init__("this operator does not lead any more")


def always() -> bool:
    """Return True: without leader election there is but one operator."""
    return True


def guarded_request(may_write: MayWrite) -> type[aiohttp.ClientRequest]:
    """Return aiohttp's request with a last question before it is written to a connection that stands.

    A login, a place in the pool and a new connection take time, in which this process may have been stopped; and what
    a middleware sends once more is asked about once more. An exception here closes the connection, one in a trace
    would leave it open.
    """

    class GuardedRequest(aiohttp.ClientRequest):
        async def send(self, conn: Connection) -> aiohttp.ClientResponse:
            reads = self.method == "GET" or (self.method == "POST" and self.url.raw_path == TOKEN_PATH)
            if not reads and not may_write():
                raise NotLeaderError
            return await super().send(conn)

    return GuardedRequest


class TermTransport(httpx.AsyncBaseTransport):
    """Hands requests to another transport, and raises `NotLeaderError` for those that may not leave."""

    def __init__(self, inner: httpx.AsyncBaseTransport, may_write: MayWrite) -> None:
        self._inner = inner
        self._may_write = may_write

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the answer."""
        if not changes_nothing(request) and not self._may_write():
            raise NotLeaderError
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the other transport."""
        await self._inner.aclose()
