"""The proxy of the environment, for those who ask for it."""

from __future__ import annotations

import pytest

from jwk_operator.apinizer.environment_proxy import environment_proxy, unusable_variable
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.transport import Proxy


def named(variable: str, url: str, user: str | None = None, password: str = "") -> Proxy:
    place = f"{variable} in the operator's environment"
    if user is None:
        return Proxy(url, place=place, auth_place=place)
    return Proxy(url, Secret(user), Secret(password), place, place)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("environment", "address", "proxy"),
    [
        ({}, "https://m", None),
        ({"HTTPS_PROXY": "http://p:3128"}, "https://m:8443", named("HTTPS_PROXY", "http://p:3128")),
        ({"https_proxy": " p:3128 "}, "https://m", named("HTTPS_PROXY", "http://p:3128")),
        ({"HTTPS_PROXY": "http://p:3128"}, "http://m", None),
        ({"ALL_PROXY": "http://p"}, "http://m", named("ALL_PROXY", "http://p")),
        (
            {"HTTPS_PROXY": "http://me:p%40ss@p:3128"},
            "https://m",
            named("HTTPS_PROXY", "http://p:3128", "me", "p@ss"),
        ),
        ({"HTTP_PROXY": "http://me@p:3128"}, "http://m", named("HTTP_PROXY", "http://p:3128", "me")),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "m.example,other"}, "https://m.example:8443", None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "example"}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, "https://m", None),
    ],
)
def test_the_proxy_to_an_address(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], address: str, proxy: Proxy | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy(address) == proxy
    assert unusable_variable() is None


@pytest.mark.parametrize(
    "value",
    [
        "socks5://p:1080",
        "http://p:abc",
        "http://p:99999",
        "http://p:0",
        "http://",
        "://p",
        "http://[::1",
        "http://a%3Ab:c@p:1",
    ],
)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
def test_a_variable_without_an_address_is_found(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable.lower(), value)
    assert unusable_variable() == variable
