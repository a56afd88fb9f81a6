"""The guard of a read-only connection: under the client and above the wire, so that no call can get past it."""

from __future__ import annotations

import httpx

TOKEN_PATH = "/apiops/auth/token"  # noqa: S105


class ReadOnlyError(Exception):
    """A request that could change something was about to leave on a read-only connection.

    A mistake in this program, which has to decide against writing long before; so it is no transport error that an
    `Answer` is made of, and fails the pass aloud.
    """


class ReadOnlyTransport(httpx.AsyncBaseTransport):
    """Hands GET requests to another transport and raises `ReadOnlyError` for every other one."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request that changes nothing and return the answer. Raises `ReadOnlyError` for any other."""
        if not changes_nothing(request):
            # Neither path nor body: a project's name is nobody's business in a log, and a body may hold a key.
            raise ReadOnlyError(f"a {request.method} was about to leave on a read-only connection")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the other transport."""
        await self._inner.aclose()


def changes_nothing(request: httpx.Request) -> bool:
    """Whether a request may leave: any that reads, and the token call, a POST that changes nothing."""
    return request.method == "GET" or (request.method == "POST" and request.url.path == TOKEN_PATH)
