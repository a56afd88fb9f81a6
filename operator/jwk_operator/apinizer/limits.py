"""Limits on answers: their size on the wire, and no encoding, so that nothing small unfolds into something huge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import httpx

MOST_BYTES = 1024 * 1024
"""Bytes of an answer, unless the request carries another limit."""
MOST_BYTES_OF_LIST = 32 * 1024 * 1024
_EXTENSION = "most_bytes"


class AnswerTooLargeError(Exception):
    """An answer is larger than any that the API can mean."""


class EncodedAnswerError(Exception):
    """An answer is compressed, which no request allows."""


def limited(request: httpx.Request, most_bytes: int) -> httpx.Request:
    """Give a request the limit that holds for its answer."""
    request.extensions = {**request.extensions, _EXTENSION: most_bytes}
    return request


class LimitedTransport(httpx.AsyncBaseTransport):
    """Passes requests on; reading an answer raises as soon as it breaks the limits, whoever reads it.

    Beneath the authentication, which reads the answers to refused requests whole.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises `EncodedAnswerError`; reading the answer raises `AnswerTooLargeError`."""
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            await response.aclose()
            raise EncodedAnswerError
        most = request.extensions.get(_EXTENSION, MOST_BYTES)
        response.stream = _LimitedStream(cast("httpx.AsyncByteStream", response.stream), most)
        return response

    async def aclose(self) -> None:
        """Close the other transport."""
        await self._inner.aclose()


class _LimitedStream(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, most: int) -> None:
        self._inner = inner
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if size > self._most:
                raise AnswerTooLargeError
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()
