"""`jwk-operator doctor` on the way to a manager: names, ports, certificates and proxies."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cli.doctoring import BEFORE, CLOCK, PROJECT, REACHED, SECRET, TOKEN, WRITING, Doctor, end, not_reached
from cli.tool import Tool
from faults.hostile_client import says, served, whole
from harness.fixtures import MakeSpace
from harness.hostile import hostile, tunnel
from harness.simulator import SimulatorProcess
from harness.space import Space
from harness.tls import Authority, make_authority, make_self_signed

ADDRESS = """\
ok       address                     https://MANAGER
ok       DNS                         127.0.0.1 is an address
"""
CONNECTED = """\
ok       connection                  the manager accepts connections on port PORT, in N ms
"""
WITH_CA = """\
ok       secrets                     Secret TEAM/default, key token; ConfigMap TEAM/ca, key ca.crt
"""
SHOWN = "CN=apinizer for 127.0.0.1, signed by CN=ours, valid until DATE"
SHORT = f"""\
warning  TLS                         {SHOWN}; the certificate ends in less than two days → have whoever runs the manager renew the certificate
"""  # noqa: E501 - as it is printed
CA = {"caRef": {"kind": "ConfigMap", "name": "ca"}}


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def encrypted(ours: Authority, tmp_path_factory: pytest.TempPathFactory) -> SimulatorProcess:
    """A manager with a certificate of our own authority."""
    folder = tmp_path_factory.mktemp("encrypted")
    return SimulatorProcess(folder, projects=("shop",), tls=(ours.certificate, ours.key), ca=ours.ca)


def test_a_port_where_nobody_listens(doctor: Doctor, make_space: MakeSpace) -> None:
    space = make_space(url="http://127.0.0.1:1")
    space.connect()
    done = doctor(space)
    assert done.out == (
        BEFORE
        + SECRET
        + REACHED[: REACHED.index("ok       connection")]
        + """\
failed   connection                  http://MANAGER refuses connections → check that it runs, and spec.baseUrl of the connection
"""  # noqa: E501
        + not_reached("connection")
        + end(ok=14, warning=2, failed=1, skipped=4)
    )
    assert done.status == 1


def test_a_host_that_nobody_knows(doctor: Doctor, make_space: MakeSpace) -> None:
    space = make_space(url="https://manager.invalid")
    space.connect()
    done = doctor(space)
    assert done.out == (
        BEFORE
        + SECRET
        + """\
ok       address                     https://MANAGER
failed   DNS                         manager.invalid has no address → check the host name in spec.baseUrl
"""
        + not_reached("DNS", "connection", "TLS")
        + end(ok=14, warning=1, failed=1, skipped=6)
    )
    assert done.status == 1


def test_a_certificate_of_an_authority_that_is_trusted(
    doctor: Doctor, make_space: MakeSpace, encrypted: SimulatorProcess, ours: Authority
) -> None:
    with encrypted:
        space = make_space("shop", encrypted.url)
        space.config_map("ca", ca_crt=ours.ca.read_text())
        space.connect(tls=CA)
        done = doctor(space)
        answers = CLOCK + TOKEN + PROJECT + WRITING
        assert done.out == (BEFORE + WITH_CA + ADDRESS + CONNECTED + SHORT + answers + end(ok=20, warning=2, skipped=1))
        assert done.status == 0

        space.connect(tls={"insecureSkipVerify": True})
        done = doctor(space)
        unchecked = """\
warning  verification                spec.tls.insecureSkipVerify accepts any certificate → take insecureSkipVerify out, and name the authority in spec.tls.caRef
"""  # noqa: E501
        assert done.out == (
            BEFORE + SECRET + ADDRESS + CONNECTED + SHORT + unchecked + answers + end(ok=20, warning=3, skipped=1)
        )


EXPIRED = """\
it has expired (CN=apinizer for 127.0.0.1, signed by CN=ours, valid until DATE) → have whoever runs the manager renew the certificate; until then no JWK of this connection changes
"""  # noqa: E501
UNKNOWN = f"""\
no trusted authority signed it ({SHOWN}) → put the certificate of the authority into a ConfigMap or Secret and name that in spec.tls.caRef
"""  # noqa: E501
OTHER = f"""\
no trusted authority signed it ({SHOWN}) → put the certificate of the authority that signed it into what spec.tls.caRef names
"""  # noqa: E501
ANOTHER_HOST = f"""\
it is for another host name ({SHOWN}) → set spec.baseUrl to a name that is in the certificate (127.0.0.1), or have one issued for localhost
"""  # noqa: E501
SELF_SIGNED = """\
it is self-signed (CN=apinizer for 127.0.0.1, signed by itself, valid until DATE) → put the certificate itself into a ConfigMap or Secret and name that in spec.tls.caRef
"""  # noqa: E501


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("expired", EXPIRED),
        ("no authority", UNKNOWN),
        ("another authority", OTHER),
        ("another host", ANOTHER_HOST),
        ("self-signed", SELF_SIGNED),
    ],
)
async def test_a_certificate_that_is_not_accepted(
    doctor: Doctor, make_space: MakeSpace, ours: Authority, tmp_path: Path, case: str, why: str
) -> None:
    files = {
        "expired": lambda: make_authority(tmp_path, "ours", expired=True),
        "self-signed": lambda: make_self_signed(tmp_path),
    }.get(case, lambda: ours)()
    trusted = make_authority(tmp_path, "other").ca if case == "another authority" else files.ca
    async with hostile(served(files).tls) as server:
        host = "localhost" if case == "another host" else "127.0.0.1"
        space = make_space(url=server.url.replace("127.0.0.1", host))
        space.config_map("ca", ca_crt=trusted.read_text())
        with_ca = case not in ("no authority", "self-signed")
        space.connect(tls=CA if with_ca else None)
        done = await asyncio.to_thread(doctor, space, masks=[("localhost is 127.0.0.1, ::1", "localhost is 127.0.0.1")])
        assert server.requests == []
    resolved = ADDRESS.replace("127.0.0.1 is an address", "localhost is 127.0.0.1") if host == "localhost" else ADDRESS
    assert done.out == (
        BEFORE
        + (WITH_CA if with_ca else SECRET)
        + resolved
        + CONNECTED
        + f"failed   TLS                         the TLS certificate of https://MANAGER is not accepted: {why}"
        + not_reached("TLS")
        + end(ok=16, warning=1, failed=1, skipped=4)
    )
    assert done.status == 1


async def test_a_manager_without_tls_behind_https(doctor: Doctor, make_space: MakeSpace) -> None:
    async with hostile() as server:
        says(server, whole(b"{}"), stays=False)
        space = make_space(url=server.url.replace("http:", "https:"))
        space.connect(connectTimeoutSeconds=1)
        done = await asyncio.to_thread(doctor, space)
        assert server.requests == []
    assert done.out == (
        BEFORE
        + SECRET
        + ADDRESS
        + CONNECTED
        + """\
failed   TLS                         the manager does not answer in time → check spec.baseUrl, and network and firewall between here and the manager
"""  # noqa: E501
        + not_reached("TLS")
        + end(ok=16, warning=1, failed=1, skipped=4)
    )


async def test_the_way_through_a_proxy(
    doctor: Doctor, make_space: MakeSpace, encrypted: SimulatorProcess, ours: Authority
) -> None:
    async with tunnel() as proxy:
        with encrypted:
            space = make_space("shop", encrypted.url)
            space.config_map("ca", ca_crt=ours.ca.read_text())
            space.secret("proxy", username="planted-user", password="planted-password-7d")
            doctor.secrets.extend(["planted-user", "planted-password-7d"])
            space.connect(tls=CA, proxyUrl=proxy.url, proxyAuthSecretRef={"name": "proxy"})
            done = await asyncio.to_thread(doctor, space, masks=masks(space, proxy.url))
    assert done.out == (
        BEFORE
        + WITH_CA.rstrip()
        + """; Secret TEAM/proxy, key username; Secret TEAM/proxy, key password
ok       address                     https://MANAGER
ok       DNS                         127.0.0.1 is an address; the proxy resolves 127.0.0.1
ok       connection                  the proxy accepts connections on port PROXY, in N ms
ok       proxy                       http://PROXY connects to 127.0.0.1:PORT
"""
        + SHORT
        + CLOCK
        + TOKEN
        + PROJECT
        + WRITING
        + end(ok=21, warning=2, skipped=1)
    )
    assert all("\r\nProxy-Authorization: Basic " in head for head in proxy.asked)


def masks(space: Space, proxy: str) -> list[tuple[str, str]]:
    """Return what differs from run to run besides, where there is a proxy."""
    port = proxy.rpartition(":")[2]
    manager = space.url.rpartition(":")[2]
    return [(proxy, "http://PROXY"), (f"port {port}", "port PROXY"), (f"to 127.0.0.1:{manager}", "to 127.0.0.1:PORT")]


NOT_THROUGH = {
    "407 Proxy Authentication Required": """\
failed   proxy                       http://PROXY wants other credentials (407) → check spec.proxyAuthSecretRef of the connection
""",  # noqa: E501
    "403 Forbidden": """\
failed   proxy                       http://PROXY does not connect to 127.0.0.1:PORT (403) → check spec.proxyUrl of the connection, or have the proxy let this address through
""",  # noqa: E501
}


@pytest.mark.parametrize("status", NOT_THROUGH)
async def test_a_proxy_that_does_not_let_through(doctor: Doctor, make_space: MakeSpace, status: str) -> None:
    async with hostile() as proxy:
        says(proxy, whole(b"", status), stays=False)
        space = make_space(url="https://127.0.0.1:9")
        space.connect(proxyUrl=proxy.url)
        done = await asyncio.to_thread(doctor, space, masks=masks(space, proxy.url))
    assert done.out == (
        BEFORE
        + SECRET
        + """\
ok       address                     https://MANAGER
ok       DNS                         127.0.0.1 is an address; the proxy resolves 127.0.0.1
ok       connection                  the proxy accepts connections on port PROXY, in N ms
"""
        + NOT_THROUGH[status]
        + not_reached("proxy", "TLS")
        + end(ok=16, warning=1, failed=1, skipped=5)
    )
    assert done.status == 1


async def test_the_proxy_of_the_environment(
    doctor: Doctor, make_space: MakeSpace, encrypted: SimulatorProcess, ours: Authority
) -> None:
    async with tunnel() as proxy:
        with encrypted:
            space = make_space("shop", encrypted.url)
            space.config_map("ca", ca_crt=ours.ca.read_text())
            space.connect(tls=CA)
            flag = "--proxy-from-environment"
            done = await asyncio.to_thread(doctor, space, flag, masks=masks(space, proxy.url), HTTPS_PROXY=proxy.url)
    assert "\nok       proxy                       http://PROXY connects to 127.0.0.1:PORT\n" in done.out
    assert done.status == 0


def test_a_proxy_of_the_environment_that_is_none(offline: Tool) -> None:
    done = offline("doctor", "--proxy-from-environment", HTTPS_PROXY="ftp://planted-proxy")
    assert (done.status, done.out) == (64, "")
    assert "Error: HTTPS_PROXY holds no address of an HTTP proxy; write it as http://HOST:PORT" in done.err
    assert "planted" not in done.err


def test_a_service_account_that_is_none(offline: Tool) -> None:
    done = offline("doctor", "--service-account", "jwk-operator")
    assert (done.status, done.out) == (64, "")
    assert "'jwk-operator' is no NAMESPACE/NAME, such as jwk-operator-system/jwk-operator" in done.err
