"""The HTTP client under the Management API client: httpx on aiohttp, with nothing carried over between calls."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from jwk_operator.apinizer.read_only import ReadOnlyTransport

MOST_BYTES = 64 * 1024 * 1024
USER_AGENT = "jwk-operator"
_NOT_UNRESERVED = re.compile(r"[^A-Za-z0-9._~/%-]")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to reach a manager. Times are in seconds; `ca_pem` of None means the system's authorities."""

    base_url: str
    connect_timeout: float = 5
    read_timeout: float = 30
    ca_pem: str | None = None
    insecure_skip_verify: bool = False
    max_concurrent_requests: int = 8
    read_only: bool = False
    """Whether nothing but a GET may leave."""

    @property
    def address(self) -> str:
        """The manager's address in one canonical spelling; two connections with the same one share remote names."""
        parts = urlsplit(self.base_url.strip())
        host = (parts.hostname or "").lower()
        host = f"[{host}]" if ":" in host else host
        default = {"http": 80, "https": 443}.get(parts.scheme.lower())
        port = "" if parts.port in (None, default) else f":{parts.port}"
        return f"{parts.scheme.lower()}://{host}{port}"


def tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Make the TLS context of an endpoint. Raises ssl.SSLError (an OSError) when `ca_pem` holds no certificate."""
    context = ssl.create_default_context(cadata=endpoint.ca_pem)
    if endpoint.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def open_client(endpoint: Endpoint) -> httpx.AsyncClient:
    """Open a client for an endpoint: no redirects, no cookies, nothing from the process's environment.

    On a read-only endpoint any request but a GET raises `ReadOnlyError`.
    """
    context = tls_context(endpoint)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=context, limit=endpoint.max_concurrent_requests, keepalive_timeout=20)
        opened = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, middlewares=(_keep_encoded,)
        )
        # aiohttp silently sends a PUT or DELETE again when the connection breaks. There is no public switch for it.
        opened._retry_connection = False
        return opened

    transport: httpx.AsyncBaseTransport = AiohttpTransport(client=session, verify=context, trust_env=False)
    return httpx.AsyncClient(
        transport=ReadOnlyTransport(transport) if endpoint.read_only else transport,
        headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"},
        timeout=httpx.Timeout(endpoint.read_timeout, connect=endpoint.connect_timeout, pool=None),
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        trust_env=False,
    )


async def _keep_encoded(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Encode again what aiohttp decodes in a path: to many servers `a;b` is `a`, which would be another JWK."""
    path = _NOT_UNRESERVED.sub(lambda found: f"%{ord(found[0]):02X}", request.url.raw_path)
    request.url = URL.build(scheme=request.url.scheme, authority=request.url.raw_authority, path=path, encoded=True)
    return await send(request)


class AnswerTooLargeError(Exception):
    """An answer is larger than any that the API can mean."""


async def exchange(
    client: httpx.AsyncClient, request: httpx.Request, endpoint: Endpoint
) -> tuple[httpx.Response, bytes]:
    """Send a request and read the answer whole.

    Raises one of `TRANSPORT_ERRORS` when there is no complete answer within the endpoint's time-outs and size limit.
    """
    async with asyncio.timeout(endpoint.connect_timeout + 2 * endpoint.read_timeout):
        response = await client.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise AnswerTooLargeError
            return response, bytes(body)
        finally:
            await response.aclose()


TRANSPORT_ERRORS = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, AnswerTooLargeError, OSError, TimeoutError)


def explain(error: BaseException, endpoint: Endpoint) -> str:
    """Say in a stable sentence why there was no answer; nothing of the exception's own text gets through."""
    causes = list(_chain(error))
    for cause in causes:
        # aiohttp's own error is of this class, too, without the code; the one with it comes next in the chain
        if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_code"):
            why = {10: "it has expired", 62: "it is for another host name", 18: "it is self-signed"}.get(
                cause.verify_code, "no trusted authority signed it"
            )
            return f"the TLS certificate of {endpoint.address} is not accepted: {why}; check spec.tls of the connection"
        if isinstance(cause, AnswerTooLargeError):
            return f"{endpoint.address} sent an answer that is larger than any the API can mean"
        if isinstance(cause, socket.gaierror):
            return f"the host name of {endpoint.address} cannot be resolved; check spec.baseUrl of the connection"
        if isinstance(cause, ConnectionRefusedError):
            return f"{endpoint.address} refuses connections"
    if any(isinstance(cause, (ssl.SSLError, aiohttp.ClientSSLError)) for cause in causes):
        return f"no TLS connection to {endpoint.address}; check the scheme and port of spec.baseUrl"
    closed = f"{endpoint.address} closed the connection before its answer was complete"
    # httpx-aiohttp makes a ConnectTimeout of these, which they are not
    if any(isinstance(cause, (aiohttp.ServerDisconnectedError, ConnectionError)) for cause in causes):
        return closed
    if any(isinstance(cause, (TimeoutError, httpx.TimeoutException)) for cause in causes):
        return f"{endpoint.address} did not answer in time"
    return closed


def _chain(error: BaseException | None) -> list[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None)
        if isinstance(inner, BaseException):
            seen.append(inner)
        error = error.__cause__ or error.__context__
    return seen
