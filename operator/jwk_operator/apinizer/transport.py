"""The HTTP client under the Management API client: httpx on aiohttp, with nothing carried over between calls."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from jwk_operator.apinizer.limits import AnswerTooLargeError, EncodedAnswerError, LimitedTransport, limited
from jwk_operator.apinizer.read_only import ReadOnlyTransport
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.term import MayWrite, TermTransport, always, guarded_request

USER_AGENT = "jwk-operator"
_HEADERS = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
_NOT_UNRESERVED = re.compile(r"[^A-Za-z0-9._~/%-]")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy on the way to a manager. `url` is without user name and password.

    `place` says for messages where it is set.
    """

    url: str
    user: Secret | None = None
    password: Secret | None = None
    place: str = "spec.proxyUrl of the connection"
    auth_place: str = "spec.proxyAuthSecretRef of the connection"

    @property
    def is_usable(self) -> bool:
        """Whether a client can be made for it: the API server's idea of a URL knows of no largest port."""
        try:
            parts = urlsplit(self.url)
            port = parts.port
            httpx.Proxy(self.url)
        except (ValueError, httpx.InvalidURL):
            return False
        return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


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
    """Whether nothing but a GET, or a token call, may leave."""
    proxy: Proxy | None = None
    place: str = "spec.baseUrl of the connection"
    """Where the address is set, for messages; `trust_place` says it of the authorities."""
    trust_place: str = "spec.tls of the connection"

    @property
    def address(self) -> str:
        """The manager's address in one canonical spelling; two connections with the same one share remote names."""
        return _canonical(self.base_url)


@lru_cache
def _canonical(base_url: str) -> str:
    parts = urlsplit(base_url.strip())
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme.lower()}://{host}{port}"


def tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Return the TLS context of an endpoint. Raises ssl.SSLError (an OSError) when `ca_pem` holds no certificate."""
    if endpoint.ca_pem is None and not endpoint.insecure_skip_verify:
        return _trusting_the_system()
    context = ssl.create_default_context(cadata=endpoint.ca_pem)
    if endpoint.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@lru_cache
def _trusting_the_system() -> ssl.SSLContext:
    """The system's authorities take a megabyte: once is enough, however many connections there are."""
    return ssl.create_default_context()


Wrap = Callable[[Endpoint, httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]
"""Makes the transport for an endpoint of the one that would be used."""


def as_it_is(_endpoint: Endpoint, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    """Return the transport that would be used."""
    return transport


def open_client(endpoint: Endpoint, may_write: MayWrite = always, wrap: Wrap = as_it_is) -> httpx.AsyncClient:
    """Open a client for an endpoint: no redirects, no cookies, nothing from the process's environment.

    On a read-only endpoint any request but a GET and the token call raises `ReadOnlyError`; while `may_write` says no,
    `NotLeaderError`. `wrap` may answer requests in place of the manager; it sees none that the guard of a read-only
    endpoint stops.
    """
    context = tls_context(endpoint)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=context, limit=endpoint.max_concurrent_requests, keepalive_timeout=20)
        opened = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            middlewares=(_keep_encoded,),
            request_class=guarded_request(may_write),
        )
        # aiohttp silently sends a PUT or DELETE again when the connection breaks. There is no public switch for it.
        opened._retry_connection = False
        return opened

    # The proxy goes into the inner transport: one given to httpx would get a transport of its own, past the guards.
    transport: httpx.AsyncBaseTransport = LimitedTransport(
        AiohttpTransport(client=session, verify=context, trust_env=False, proxy=_proxy(endpoint))
    )
    transport = wrap(endpoint, TermTransport(transport, may_write))
    return httpx.AsyncClient(
        transport=ReadOnlyTransport(transport) if endpoint.read_only else transport,
        headers=_HEADERS,
        timeout=_timeout(endpoint),
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        trust_env=False,
    )


def new_request(endpoint: Endpoint, method: str, url: str, body: Mapping[str, Any] | None) -> httpx.Request:
    """Return a request with a JSON body as the endpoint's client would build it, for a third of the time."""
    timeout = _timeout(endpoint).as_dict()
    return httpx.Request(method, url, headers=_HEADERS, json=body, extensions={"timeout": timeout})


def _timeout(endpoint: Endpoint) -> httpx.Timeout:
    return httpx.Timeout(endpoint.read_timeout, connect=endpoint.connect_timeout, pool=None)


def _proxy(endpoint: Endpoint) -> httpx.Proxy | None:
    proxy = endpoint.proxy
    if proxy is None:
        return None
    auth = (_utf8(proxy.user), _utf8(proxy.password)) if proxy.user and proxy.password else None
    return httpx.Proxy(proxy.url, auth=auth)


def _utf8(secret: Secret) -> str:
    """Spell a name or password so that aiohttp, which encodes as Latin-1, sends UTF-8 (RFC 7617 section 2.1)."""
    return secret.reveal().encode("utf-8", "surrogateescape").decode("latin-1")


async def _keep_encoded(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Encode again what aiohttp decodes in a path: to many servers `a;b` is `a`, which would be another JWK."""
    url = request.url
    if _NOT_UNRESERVED.search(url.raw_path):
        path = _NOT_UNRESERVED.sub(lambda found: f"%{ord(found[0]):02X}", url.raw_path)
        request.url = URL.build(scheme=url.scheme, authority=url.raw_authority, path=path, encoded=True)
    return await send(request)


async def exchange(
    client: httpx.AsyncClient, request: httpx.Request, endpoint: Endpoint, auth: httpx.Auth | None, most_bytes: int
) -> tuple[httpx.Response, bytes]:
    """Send a request and read the answer whole; `auth` authorizes it.

    Raises one of `TRANSPORT_ERRORS` when there is no complete answer within the endpoint's time-outs and `most_bytes`,
    and what `auth` raises.
    """
    async with asyncio.timeout(endpoint.connect_timeout + 2 * endpoint.read_timeout):
        response = await client.send(limited(request, most_bytes), auth=auth, stream=True)
        try:
            return response, await response.aread()
        finally:
            await response.aclose()


TRANSPORT_ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    aiohttp.ClientError,
    AnswerTooLargeError,
    EncodedAnswerError,
    OSError,
    TimeoutError,
)


def explain(error: BaseException, endpoint: Endpoint) -> str:
    """Say in a stable sentence why there was no answer; nothing of the exception's own text gets through."""
    causes = list(_chain(error))
    peer = _peer(causes, endpoint)
    for cause in causes:
        why = _explained(cause, endpoint, peer)
        if why is not None:
            return why
    if any(isinstance(cause, (ssl.SSLError, aiohttp.ClientSSLError)) for cause in causes):
        return f"no TLS connection to {peer.name}; check the scheme and port of {peer.place}"
    by_way_of = f" (by way of the proxy {endpoint.proxy.url})" if endpoint.proxy else ""
    closed = f"{endpoint.address} closed the connection before its answer was complete{by_way_of}"
    # httpx-aiohttp makes a ConnectTimeout of these, which they are not
    if any(isinstance(cause, (aiohttp.ServerDisconnectedError, ConnectionError)) for cause in causes):
        return closed
    if any(isinstance(cause, (TimeoutError, httpx.TimeoutException)) for cause in causes):
        return f"{endpoint.address} did not answer in time{by_way_of}"
    return closed


_NOT_ACCEPTED = {
    10: "it has expired",
    18: "it is self-signed",
    62: "it is for another host name",
    64: "it is for another host name",  # said of an address in numbers
}
"""Why a certificate is not accepted, by the code that OpenSSL gives (X509_V_ERR_)."""


@dataclass(frozen=True, slots=True)
class _Peer:
    """Who a connection failed to: what messages call it, and where it is set."""

    name: str
    place: str


def _peer(causes: list[BaseException], endpoint: Endpoint) -> _Peer:
    """Say whether a connection to the manager failed, be it through a tunnel, or the one to the proxy."""
    proxy = endpoint.proxy
    failed = next((cause for cause in causes if isinstance(cause, aiohttp.ClientConnectorError)), None)
    if proxy is not None and failed is not None:
        url = URL(str(httpx.Proxy(proxy.url).url))
        if (failed.host, failed.port) == (url.raw_host, url.port):
            return _Peer(f"the proxy {proxy.url}", proxy.place)
    return _Peer(endpoint.address, endpoint.place)


def _explained(cause: BaseException, endpoint: Endpoint, peer: _Peer) -> str | None:
    """Say what one exception of a chain means; None for what others in the chain may tell better."""
    match cause:
        # aiohttp's own error is of this class, too, without the code; the one with it comes next in the chain
        case ssl.SSLCertVerificationError() if hasattr(cause, "verify_code"):
            why = _NOT_ACCEPTED.get(cause.verify_code, "no trusted authority signed it")
            return f"the TLS certificate of {peer.name} is not accepted: {why}; check {endpoint.trust_place}"
        case AnswerTooLargeError():
            return f"{endpoint.address} sent an answer that is larger than any the API can mean"
        case EncodedAnswerError():
            return f"{endpoint.address} sent a compressed answer, which was not asked for"
        case aiohttp.ClientHttpProxyError():
            return _refused_by_proxy(cause, endpoint)
        case aiohttp.ClientProxyConnectionError() if endpoint.proxy is not None:
            return f"the proxy {endpoint.proxy.url} cannot be reached; check {endpoint.proxy.place}"
        case socket.gaierror():
            return f"the host name of {peer.name} cannot be resolved; check {peer.place}"
        case ConnectionRefusedError():
            return f"{peer.name} refuses connections; check that it runs, and {peer.place}"
    return None


def _refused_by_proxy(error: aiohttp.ClientHttpProxyError, endpoint: Endpoint) -> str:
    proxy = endpoint.proxy or Proxy("")
    if error.status == 407:
        return f"the proxy {proxy.url} wants other credentials; check {proxy.auth_place}"
    return f"the proxy {proxy.url} does not connect to {endpoint.address} ({error.status}); check {proxy.place}"


def _chain(error: BaseException | None) -> list[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None)
        if isinstance(inner, BaseException):
            seen.append(inner)
        error = error.__cause__ or error.__context__
    return seen
