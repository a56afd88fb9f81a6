"""What tests of a hostile manager or proxy share: a client with a token, answers as bytes, and certificates."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness.hostile import Hostile
from harness.tls import Authority
from jwk_operator.apinizer.answers import Answer
from jwk_operator.apinizer.client import ManagementClient
from jwk_operator.apinizer.credentials import Credential, StaticToken
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.transport import Endpoint, Proxy

TOKEN = "token-that-nobody-else-may-see"
STATIC = StaticToken(Secret(TOKEN))
LIST = b'{"success": true, "resultList": []}'
_PATIENCE = 60.0


@asynccontextmanager
async def client_for(
    server: Hostile,
    credential: Credential = STATIC,
    ca_pem: str | None = None,
    proxy: Proxy | None = None,
    url: str = "",
) -> AsyncIterator[ManagementClient]:
    client = ManagementClient(Endpoint(url or server.url, 0.5, 0.5, ca_pem, proxy=proxy), credential)
    try:
        async with asyncio.timeout(_PATIENCE):
            yield client
    finally:
        await client.aclose()


def head(status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def whole(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    return head(status, Content_Length=str(len(body)), **headers) + body


def says(server: Hostile, answer: bytes, *, stays: bool = True) -> None:
    async def reply(writer: asyncio.StreamWriter) -> bool:
        await server.send(writer, answer)
        return stays

    server.reply = reply


async def refused(client: ManagementClient) -> Answer:
    """Return what a list call came to, which is no list, and shows no token."""
    answer = await client.list_jwks("shop")
    assert isinstance(answer, Answer)
    assert TOKEN not in repr(answer)
    return answer


@dataclass(frozen=True, slots=True)
class Certified:
    """A server's TLS, and the authority that signed its certificate."""

    tls: ssl.SSLContext
    ca_pem: str


def served(files: Authority) -> Certified:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    return Certified(context, files.ca.read_text())
