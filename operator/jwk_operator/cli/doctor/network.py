"""The way to a manager, step by step: names, connections, a proxy's tunnel, TLS."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from jwk_operator.apinizer.transport import Endpoint, Proxy, explain, tls_context
from jwk_operator.cli.doctor.certificates import Certificate, Handshake, judge_certificate, read_certificate
from jwk_operator.cli.doctor.findings import Finding, Level, advice, failed, not_reached, ok, some, warning

_PORTS = {"http": 80, "https": 443}
_MOST_HEAD = 16_384

_FAILURES = (OSError, UnicodeError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
"""What a step raises; a time-out is an OSError, and a UnicodeError is of a host name that no DNS can have."""

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class _Server:
    """One server on the way. `place` is where it is set, and `url` its address without a password."""

    name: str
    url: str
    place: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme.lower()]

    @property
    def tls(self) -> bool:
        return urlsplit(self.url).scheme.lower() == "https"


class _RefusedByProxyError(Exception):
    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


async def examine_way(endpoint: Endpoint) -> list[Finding]:
    """Go the way to the manager as the operator would, and say how far it leads. Each step has a time-out."""
    way = _Way(endpoint)
    found, steps = [way.address()], way.steps()
    names = list(steps)
    for number, (name, step) in enumerate(steps.items(), 1):
        try:
            async with asyncio.timeout(2 * endpoint.connect_timeout):
                made = await step()
        except (*_FAILURES, _RefusedByProxyError) as error:
            made = [way.failure(name, error)]
        found += made
        if any(finding.level is Level.FAILED for finding in made):
            return [*found, *not_reached(names[number:], name)]
    return found


class _Way:
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._manager = _Server("the manager", endpoint.address, "spec.baseUrl")
        self._first = self._manager
        if endpoint.proxy is not None:
            self._first = _Server("the proxy", endpoint.proxy.url, endpoint.proxy.place)

    def address(self) -> Finding:
        """Say whether what is sent to the manager can be read on the way."""
        if self._manager.tls:
            return ok("address", self._endpoint.address)
        told = "use https in spec.baseUrl, so that nobody on the way can read the token"
        return warning("address", f"{self._endpoint.address} is without encryption", told)

    def steps(self) -> dict[str, Callable[[], Awaitable[list[Finding]]]]:
        """Return the steps by their names."""
        steps: dict[str, Callable[[], Awaitable[list[Finding]]]] = {"DNS": self._resolve, "connection": self._connect}
        if self._manager.tls:
            steps |= {"proxy": self._tunnel} if self._endpoint.proxy else {}
            steps |= {"TLS": self._shake_hands}
        return steps

    def failure(self, step: str, error: Exception) -> Finding:
        """Say why a step failed."""
        server = self._manager if step == "TLS" else self._first
        told = f"check {server.place}, and network and firewall between here and {server.name}"
        if isinstance(error, _RefusedByProxyError):
            return self._refused(error.status)
        if isinstance(error, TimeoutError):
            return failed(step, f"{server.name} does not answer in time", told)
        if step == "DNS":
            return failed(step, f"{server.host} has no address", f"check the host name in {server.place}")
        said, advised = advice(explain(error, replace(self._endpoint, base_url=server.url, proxy=None)))
        return failed(step, said, advised or told)

    async def _resolve(self) -> list[Finding]:
        loop, first = asyncio.get_running_loop(), self._first
        found = await loop.getaddrinfo(first.host, first.port, type=socket.SOCK_STREAM)
        addresses = sorted({str(item[4][0]) for item in found})
        shown = f"{first.host} is {some(addresses)}" if addresses != [first.host] else f"{first.host} is an address"
        if first is not self._manager:
            shown += f"; the proxy resolves {self._manager.host}"
        return [ok("DNS", shown)]

    async def _connect(self) -> list[Finding]:
        started = time.monotonic()
        async with self._open_first():
            took = round((time.monotonic() - started) * 1000)
        return [ok("connection", f"{self._first.name} accepts connections on port {self._first.port}, in {took} ms")]

    def _refused(self, status: str) -> Finding:
        proxy = self._endpoint.proxy or Proxy("")
        if status == "407":
            return failed("proxy", f"{proxy.url} wants other credentials (407)", f"check {proxy.auth_place}")
        said = f"{proxy.url} does not connect to {self._manager.host}:{self._manager.port} ({status})"
        return failed("proxy", said, f"check {proxy.place}, or have the proxy let this address through")

    async def _tunnel(self) -> list[Finding]:
        async with self._open_manager():
            return [ok("proxy", f"{self._first.url} connects to {self._manager.host}:{self._manager.port}")]

    async def _shake_hands(self) -> list[Finding]:
        try:
            handshake = Handshake(self._manager.host, await self._chain(tls_context(self._endpoint)))
        except ssl.SSLCertVerificationError as error:
            why, _ = advice(explain(error, self._endpoint))
            handshake = Handshake(self._manager.host, await self._chain(_unchecked()), error.verify_code, why)
        return judge_certificate(
            handshake,
            datetime.now(UTC),
            own_ca=self._endpoint.ca_pem is not None,
            unchecked=self._endpoint.insecure_skip_verify,
        )

    async def _chain(self, context: ssl.SSLContext) -> tuple[Certificate, ...]:
        async with self._open_manager() as (_, writer):
            await writer.start_tls(context, server_hostname=self._manager.host)
            connection = writer.get_extra_info("ssl_object")
            # Python 3.13 and newer show the whole chain
            chain = getattr(connection, "get_unverified_chain", None)
            sent = chain() if chain else [connection.getpeercert(binary_form=True)]
            return tuple(filter(None, map(read_certificate, sent)))

    @asynccontextmanager
    async def _open_first(self) -> AsyncIterator[_Streams]:
        async with asyncio.timeout(self._endpoint.connect_timeout):
            reader, writer = await asyncio.open_connection(self._first.host, self._first.port, limit=_MOST_HEAD)
        try:
            if self._first is not self._manager and self._first.tls:
                await writer.start_tls(tls_context(self._endpoint), server_hostname=self._first.host)
            yield reader, writer
        finally:
            writer.transport.abort()

    @asynccontextmanager
    async def _open_manager(self) -> AsyncIterator[_Streams]:
        """Connect to the manager, through the proxy's tunnel where there is one."""
        async with self._open_first() as (reader, writer):
            if self._first is not self._manager:
                writer.write(self._connect_request())
                await writer.drain()
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                status = head.split()[1][:3] if len(head.split()) > 1 else "no HTTP"
                if not status.startswith("2"):
                    raise _RefusedByProxyError(status)
            yield reader, writer

    def _connect_request(self) -> bytes:
        host = f"[{self._manager.host}]" if ":" in self._manager.host else self._manager.host
        place, proxy = f"{host}:{self._manager.port}", self._endpoint.proxy
        login = ""
        if proxy is not None and proxy.user is not None and proxy.password is not None:
            pair = f"{proxy.user.reveal()}:{proxy.password.reveal()}".encode("utf-8", "surrogateescape")
            login = f"Proxy-Authorization: Basic {base64.b64encode(pair).decode()}\r\n"
        return f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{login}\r\n".encode()


def _unchecked() -> ssl.SSLContext:
    """A context that accepts any certificate, to look at one that is refused; nothing is sent over it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
