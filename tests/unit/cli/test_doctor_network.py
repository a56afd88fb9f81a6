"""The way to a manager, walked to servers and proxies that the test holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from faults.hostile_client import served
from harness.hostile import hostile, tunnel
from harness.tls import make_authority
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.transport import Endpoint, Proxy
from jwk_operator.cli.doctor.findings import Finding, Level
from jwk_operator.cli.doctor.network import examine_way


async def walked(endpoint: Endpoint) -> dict[str, Finding]:
    return {finding.check: finding for finding in await examine_way(endpoint)}


@pytest.mark.parametrize("host", ["a" * 64, "no..name", "name.invalid"])
async def test_host_names_that_cannot_be(host: str) -> None:
    found = await walked(Endpoint(f"https://{host}"))
    assert found["DNS"] == Finding("DNS", Level.FAILED, f"{host} has no address", "check the host name in spec.baseUrl")
    assert found["connection"].text == found["TLS"].text == "not checked, because DNS failed"


async def test_a_proxy_on_a_way_without_encryption_is_only_connected_to() -> None:
    async with tunnel() as proxy:
        found = await walked(Endpoint("http://manager.example.com", proxy=Proxy(proxy.url)))
    assert list(found) == ["address", "DNS", "connection"]
    assert proxy.asked == []


async def test_a_tunnel_through_a_proxy_with_encryption(tmp_path: Path) -> None:
    certified = served(make_authority(tmp_path, "ours"))
    async with hostile(certified.tls) as manager, tunnel(certified.tls) as proxy:
        found = await walked(Endpoint(manager.url, ca_pem=certified.ca_pem, proxy=Proxy(proxy.url)))
        assert manager.requests == []
    assert found["proxy"].level is Level.OK
    assert found["TLS"].text.startswith("CN=apinizer for 127.0.0.1, signed by CN=ours")


async def test_a_proxy_with_a_certificate_of_an_unknown_authority(tmp_path: Path) -> None:
    certified = served(make_authority(tmp_path, "ours"))
    async with tunnel(certified.tls) as proxy:
        found = await walked(Endpoint("https://manager.example.com", proxy=Proxy(proxy.url)))
    assert found["connection"] == Finding(
        "connection",
        Level.FAILED,
        f"the TLS certificate of {proxy.url} is not accepted: no trusted authority signed it",
        "check spec.tls of the connection",
    )
    assert proxy.asked == []


async def test_a_proxy_that_changes_its_mind() -> None:
    answers = iter([b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 403 No\r\n\r\n"])

    async with hostile() as proxy:

        async def reply(writer: asyncio.StreamWriter) -> bool:
            await proxy.send(writer, next(answers))
            return False

        proxy.reply = reply
        found = await walked(Endpoint("https://manager.example.com", proxy=Proxy(proxy.url)))
    assert (found["proxy"].level, found["proxy"].text) == (
        Level.FAILED,
        f"{proxy.url} does not connect to manager.example.com:443 (403)",
    )


async def test_a_proxy_that_says_nothing_of_use() -> None:
    async with hostile() as proxy:

        async def reply(writer: asyncio.StreamWriter) -> bool:
            await proxy.send(writer, b"?\r\n\r\n")
            return False

        proxy.reply = reply
        endpoint = Endpoint(
            "https://manager.example.com", proxy=Proxy(proxy.url, Secret("planted-user"), Secret("planted-word"))
        )
        found = await walked(endpoint)
    assert found["proxy"].text.endswith("(no HTTP)")
    assert "planted" not in str(found)


async def test_a_proxy_that_hangs_up() -> None:
    async with hostile() as proxy:  # which replies nothing and closes the connection
        found = await walked(Endpoint("https://manager.example.com", proxy=Proxy(proxy.url)))
    assert (found["proxy"].level, found["TLS"].text) == (Level.FAILED, "not checked, because proxy failed")


async def test_a_proxy_that_never_answers_is_given_up() -> None:
    async with hostile() as proxy:
        ended = asyncio.Event()

        async def reply(_: asyncio.StreamWriter) -> bool:
            await ended.wait()
            return False

        proxy.reply = reply
        found = await walked(Endpoint("https://manager.example.com", connect_timeout=0.1, proxy=Proxy(proxy.url)))
        ended.set()
    assert found["proxy"].text == "the proxy does not answer in time"
