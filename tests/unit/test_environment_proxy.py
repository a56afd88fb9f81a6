"""The proxy of the environment, for those who ask for it."""

from __future__ import annotations

import pytest

from jwk_operator.apinizer.environment_proxy import environment_proxy
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.transport import Proxy


@pytest.mark.parametrize(
    ("environment", "address", "proxy"),
    [
        ({}, "https://m", None),
        ({"HTTPS_PROXY": "http://p:3128"}, "https://m:8443", Proxy("http://p:3128")),
        ({"https_proxy": "p:3128"}, "https://m", Proxy("http://p:3128")),
        ({"HTTPS_PROXY": "http://p:3128"}, "http://m", None),
        ({"ALL_PROXY": "http://p"}, "http://m", Proxy("http://p")),
        (
            {"HTTPS_PROXY": "http://me:p%40ss@p:3128"},
            "https://m",
            Proxy("http://p:3128", Secret("me"), Secret("p@ss")),
        ),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "m.example,other"}, "https://m.example:8443", None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "example"}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, "https://m", None),
    ],
)
def test_the_proxy_to_an_address(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], address: str, proxy: Proxy | None
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy(address) == proxy
