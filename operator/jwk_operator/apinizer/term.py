"""The guard of leader election: who does not lead, or not any more, sends nothing that could change anything."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from jwk_operator.apinizer.read_only import changes_nothing

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
