"""A proxy that is not there, wants other credentials, is not who it says, or does its work: no token leaks to it."""

from __future__ import annotations

import asyncio

import pytest

from faults.hostile_client import LIST, TOKEN, Certified, client_for, refused, says, whole
from harness.hostile import hostile, tunnel
from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.transport import Proxy


@pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
async def test_a_tunnel_leaves_the_managers_certificate_checked(
    encrypted: bool, certified: Certified, other_authority: str
) -> None:
    async with hostile(certified.tls) as server, tunnel(certified.tls if encrypted else None) as proxy:
        says(server, whole(LIST))
        given, ca_pem = Proxy(proxy.url, Secret("user"), Secret("pass wörd")), certified.ca_pem + other_authority
        async with client_for(server, ca_pem=ca_pem, proxy=given) as client:
            assert await client.list_jwks("shop") == {}
        assert len(server.requests) == 1
        assert "proxy-authorization" not in server.requests[0].lower()
        url = server.url.replace("127.0.0.1", "localhost")
        async with client_for(server, ca_pem=ca_pem, proxy=given, url=url) as client:
            answer = await refused(client)
        assert len(server.requests) == 1
    assert answer.text == (
        f"the TLS certificate of {url} is not accepted: it is for another host name; check spec.tls of the connection"
    )
    for head_of_request in proxy.asked:
        assert "Proxy-Authorization: Basic dXNlcjpwYXNzIHfDtnJk" in head_of_request
        assert TOKEN not in head_of_request


@pytest.mark.parametrize("url", ["https://manager.invalid", "http://manager.invalid"])
async def test_a_proxys_own_certificate_is_checked_too(url: str, certified: Certified, other_authority: str) -> None:
    async with hostile(certified.tls) as proxy:
        given = Proxy(proxy.url)
        async with client_for(proxy, ca_pem=other_authority, proxy=given, url=url) as client:
            answer = await refused(client)
        assert proxy.requests == []
    assert answer.text == (
        f"the TLS certificate of the proxy {proxy.url} is not accepted: no trusted authority signed it; "
        "check spec.tls of the connection"
    )


@pytest.mark.parametrize("host", ["proxy.invalid", "pröxy.invalid"])
async def test_a_proxy_whose_name_cannot_be_resolved(host: str) -> None:
    given = Proxy(f"http://{host}:3128", place="HTTPS_PROXY in the operator's environment")
    async with hostile() as server, client_for(server, proxy=given) as client:
        answer = await refused(client)
        assert server.connections == 0
    assert answer.text == (
        f"the host name of the proxy {given.url} cannot be resolved; check HTTPS_PROXY in the operator's environment"
    )


async def test_a_proxy_that_does_not_connect() -> None:
    async with hostile() as proxy:
        says(proxy, whole(b"", "502 Bad Gateway"))
        async with client_for(proxy, proxy=Proxy(proxy.url), url="https://manager.invalid") as client:
            answer = await refused(client)
    assert answer.text == (
        f"the proxy {proxy.url} does not connect to https://manager.invalid (502); "
        "check spec.proxyUrl of the connection"
    )


async def test_a_proxy_that_says_nothing() -> None:
    async with hostile() as proxy:

        async def silence(writer: asyncio.StreamWriter) -> bool:
            await writer.wait_closed()
            return False

        proxy.reply = silence
        async with client_for(proxy, proxy=Proxy(proxy.url), url="https://manager.invalid") as client:
            answer = await refused(client)
    assert answer.text == f"https://manager.invalid did not answer in time (by way of the proxy {proxy.url})"


async def test_a_proxy_that_wants_other_credentials() -> None:
    async with hostile() as proxy:
        says(proxy, whole(b"", "407 Proxy Authentication Required", Proxy_Authenticate="Basic"))
        wanted = "check spec.proxyAuthSecretRef of the connection"
        given = Proxy(proxy.url, Secret("user"), Secret("wrong-password"))
        async with client_for(proxy, proxy=given, url="https://manager.invalid") as client:
            tunnelled = await refused(client)
        async with client_for(proxy, proxy=given, url="http://manager.invalid") as client:
            plain = await refused(client)
    assert tunnelled == Answer(Verdict.UNREACHABLE, f"the proxy {proxy.url} wants other credentials; {wanted}")
    assert plain == Answer(Verdict.SERVER_ERROR, f"the proxy wants other credentials; {wanted}", 407)
    tunnel, request = proxy.requests
    assert tunnel.startswith("CONNECT manager.invalid:443 ")
    assert TOKEN not in tunnel, "the proxy of a TLS connection sees no token"
    assert request.startswith("GET http://manager.invalid/apiops/projects/shop/jwks/ ")
    for sent in proxy.requests:
        assert "Proxy-Authorization: Basic dXNlcjp3cm9uZy1wYXNzd29yZA==" in sent


async def test_a_proxy_that_is_not_there() -> None:
    async with hostile() as gone:
        url = gone.url
    async with hostile() as server, client_for(server, proxy=Proxy(url)) as client:
        answer = await refused(client)
        assert server.connections == 0, "never past the proxy"
    assert answer == Answer(
        Verdict.UNREACHABLE, f"the proxy {url} cannot be reached; check spec.proxyUrl of the connection"
    )


async def test_a_proxy_passes_on_what_the_manager_answers() -> None:
    async with hostile() as proxy, client_for(proxy, proxy=Proxy(proxy.url), url="http://manager.invalid") as client:
        says(proxy, whole(LIST))
        assert await client.list_jwks("shop") == {}


async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hostile() as proxy, hostile() as server:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        async with client_for(server) as client:
            says(server, whole(LIST))
            assert await client.list_jwks("shop") == {}
        assert proxy.connections == 0
