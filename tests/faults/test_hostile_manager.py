"""A manager, or something on the way to it, that answers anything: no token leaks, nothing hangs, nothing grows."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from pathlib import Path

import pytest

from faults.hostile_client import LIST, TOKEN, Certified, client_for, head, refused, says, served, whole
from harness.hostile import hostile
from harness.tls import make_authority, make_self_signed
from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.credentials import ClientCredentials
from jwk_operator.apinizer.scrub import Secret

MIB = 1024 * 1024


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent"])
async def test_a_redirect_to_another_host_is_not_followed(status: str) -> None:
    async with hostile() as server, hostile() as other, client_for(server) as client:
        says(server, whole(b"", status, Location=f"{other.url}/steal"))
        answer = await refused(client)
        created = await client.create("shop", {"name": "a"})
        assert other.connections == 0
    assert (answer.verdict, answer.http_status) == (Verdict.SERVER_ERROR, int(status[:3]))
    assert answer.text == f"Apinizer answered {status[:3]} elsewhere (a redirect)"
    assert created.verdict is Verdict.SERVER_ERROR
    assert len(server.requests) == 2


async def test_client_credentials_do_not_follow_a_redirect_either() -> None:
    credential = ClientCredentials(Secret("the-client"), Secret("the-client-secret"))
    async with hostile() as server, hostile() as other, client_for(server, credential) as client:
        says(server, whole(b"", "307 Temporary Redirect", Location=f"{other.url}/apiops/auth/token"))
        answer = await refused(client)
        assert other.connections == 0
    assert answer.verdict is Verdict.SERVER_ERROR
    assert [request.split()[1] for request in server.requests] == ["/apiops/auth/token"]
    assert "the-client" not in repr(answer)


async def test_byte_by_byte_ends_at_the_time_limit() -> None:
    async with hostile() as server, client_for(server) as client:

        async def drip(writer: asyncio.StreamWriter) -> bool:
            await server.send(writer, head(Content_Length="100000"))
            while True:  # each byte comes within the time-out for reading, all of them never do
                await server.send(writer, b" ")
                await asyncio.sleep(0.05)

        server.reply = drip
        answer = await refused(client)
    assert answer == Answer(Verdict.UNREACHABLE, f"{server.url} did not answer in time")


async def test_a_head_that_never_ends() -> None:
    async with hostile() as server, client_for(server) as client:

        async def drip(writer: asyncio.StreamWriter) -> bool:
            await server.send(writer, b"HTTP/1.1 200 OK\r\n")
            while True:
                await server.send(writer, b"X-More: " + b"x" * 4000 + b"\r\n")

        server.reply = drip
        before = resident()
        answer = await refused(client)
        assert resident() - before < 32 * MIB
    assert answer.verdict is Verdict.UNREACHABLE


async def test_a_gzip_bomb_is_not_unfolded() -> None:
    bomb = gzip.compress(bytes(256 * MIB), compresslevel=1)
    assert len(bomb) < 2 * MIB
    async with hostile() as server, client_for(server) as client:
        says(server, whole(bomb, Content_Encoding="gzip"))
        before = resident()
        answer = await refused(client)
        assert resident() - before < 32 * MIB
    assert answer == Answer(Verdict.UNREACHABLE, f"{server.url} sent a compressed answer, which was not asked for")
    assert "accept-encoding: identity" in server.requests[0].lower()


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "500 Internal Server Error"])
async def test_ten_gibibytes_are_not_taken(status: str) -> None:
    async with hostile() as server, client_for(server) as client:

        async def flood(writer: asyncio.StreamWriter) -> bool:
            await server.send(writer, head(status, Content_Length=str(10 * 1024 * MIB)))
            for _ in range(10 * 1024):
                await server.send(writer, bytes(MIB))
            return False

        server.reply = flood
        before = resident()
        written = await client.delete("shop", "a")
        assert resident() - before < 96 * MIB
    too_large = f"{server.url} sent an answer that is larger than any the API can mean"
    assert written == Answer(Verdict.UNREACHABLE, too_large)
    assert server.written < 64 * MIB, "what was not read was not taken either"


async def test_a_flood_instead_of_the_refusal_of_an_issued_token() -> None:
    credential = ClientCredentials(Secret("the-client"), Secret("the-client-secret"))
    async with hostile() as server, client_for(server, credential) as client:

        async def flood(writer: asyncio.StreamWriter) -> bool:
            if "/auth/token" in server.requests[-1]:
                await server.send(writer, whole(b'{"access_token": "issued", "expires_in": 3600}'))
                return True
            await server.send(writer, head("401 Unauthorized", Transfer_Encoding="chunked"))
            while True:
                await server.send(writer, b"100000\r\n" + bytes(MIB) + b"\r\n")

        server.reply = flood
        before = resident()
        answer = await client.delete("shop", "a")
        assert resident() - before < 96 * MIB
    assert answer.verdict is Verdict.UNREACHABLE
    assert server.written < 64 * MIB


async def test_a_cookie_is_not_kept() -> None:
    async with hostile() as server, client_for(server) as client:
        says(server, whole(LIST, Set_Cookie="session=abc; Path=/"))
        for _ in range(3):
            assert await client.list_jwks("shop") == {}
    assert not any("cookie" in request.lower() for request in server.requests)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (head(Content_Length="100") + b'{"success": true, "resu', Verdict.UNREACHABLE),
        (head(Transfer_Encoding="chunked") + b'5\r\n{"suc\r\n', Verdict.UNREACHABLE),
        (b"", Verdict.UNREACHABLE),
        (b"SSH-2.0-OpenSSH_9.6\r\n", Verdict.UNREACHABLE),
        (whole(b"<html>fine</html>"), Verdict.SERVER_ERROR),
        (whole(b"{" * 100_000), Verdict.SERVER_ERROR),
        (whole(b""), Verdict.SERVER_ERROR),
        (whole(b"[]"), Verdict.SERVER_ERROR),
        (whole(b'{"success": "true", "resultList": []}'), Verdict.SERVER_ERROR),
        (whole(b"\xff\xfe"), Verdict.SERVER_ERROR),
        (whole(b"no such page", "404 Not Found"), Verdict.SERVER_ERROR),
    ],
)
async def test_what_is_no_answer_of_apinizer_leaves_the_outcome_open(answer: bytes, verdict: Verdict) -> None:
    async with hostile() as server, client_for(server) as client:
        says(server, answer, stays=verdict is Verdict.SERVER_ERROR)  # whole answers leave the connection as it is
        assert (await client.create("shop", {"name": "a"})).verdict is verdict
        assert (await refused(client)).verdict is verdict
    assert len(server.requests) == 2, "neither was sent again"


async def test_a_texts_own_token_is_masked() -> None:
    async with hostile() as server, client_for(server) as client:
        body = json.dumps({"error": "bad_request", "error_description": f"Bearer {TOKEN} is odd"}).encode()
        says(server, whole(body, "400 Bad Request"))
        answer = await client.create("shop", {"name": "a"})
    assert answer.text == "Bearer *** is odd"


async def test_connections_are_used_again() -> None:
    async with hostile() as server, client_for(server) as client:
        says(server, whole(LIST))
        for _ in range(100):
            assert await client.list_jwks("shop") == {}
    assert (server.connections, len(server.requests)) == (1, 100)


async def test_a_certificate_of_another_authority_gets_no_request(certified: Certified, other_authority: str) -> None:
    async with hostile(certified.tls) as server, client_for(server, ca_pem=other_authority) as client:
        answer = await refused(client)
        assert server.requests == []
    assert answer.text == (
        f"the TLS certificate of {server.url} is not accepted: no trusted authority signed it; "
        "check spec.tls of the connection"
    )


async def test_a_certificate_for_another_host_gets_no_request(certified: Certified) -> None:
    async with hostile(certified.tls) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        async with client_for(server, ca_pem=certified.ca_pem, url=url) as client:
            answer = await refused(client)
        assert server.requests == []
    assert answer.text == (
        f"the TLS certificate of {url} is not accepted: it is for another host name; check spec.tls of the connection"
    )


async def test_a_certificate_that_is_over_gets_no_request(tmp_path: Path) -> None:
    certified = served(make_authority(tmp_path, "ours", expired=True))
    async with hostile(certified.tls) as server, client_for(server, ca_pem=certified.ca_pem) as client:
        answer = await refused(client)
        assert server.requests == []
    assert "is not accepted: it has expired; check spec.tls of the connection" in answer.text


async def test_a_self_signed_certificate_gets_no_request(tmp_path: Path, other_authority: str) -> None:
    certified = served(make_self_signed(tmp_path))
    async with hostile(certified.tls) as server, client_for(server, ca_pem=other_authority) as client:
        answer = await refused(client)
        assert server.requests == []
    assert "is not accepted: it is self-signed; check spec.tls of the connection" in answer.text


async def test_a_list_may_be_larger_than_other_answers_but_not_without_end() -> None:
    async with hostile() as server, client_for(server) as client:
        says(server, whole(LIST + b" " * 2 * MIB))
        assert await client.list_jwks("shop") == {}
        assert (await client.delete("shop", "a")).verdict is Verdict.UNREACHABLE
        says(server, whole(LIST + b" " * 33 * MIB))
        assert (await refused(client)).text.endswith("larger than any the API can mean")


async def test_a_token_call_byte_by_byte_is_told_as_such() -> None:
    credential = ClientCredentials(Secret("the-client"), Secret("the-client-secret"))
    async with hostile() as server, client_for(server, credential) as client:

        async def drip(writer: asyncio.StreamWriter) -> bool:
            await server.send(writer, head(Content_Length="100000"))
            while True:
                await server.send(writer, b" ")
                await asyncio.sleep(0.05)

        server.reply = drip
        answers = await asyncio.gather(*(client.delete("shop", "a") for _ in range(5)))
    assert {answer.text for answer in answers} == {f"the token call failed: {server.url} did not answer in time"}
    assert len(server.requests) == 1, "whoever waited for it takes its outcome"
