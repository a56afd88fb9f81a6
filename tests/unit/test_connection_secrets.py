"""What a connection takes from Secrets: how it is trimmed, and what is said of what cannot be used."""

from __future__ import annotations

from typing import Any, cast

import pytest

from jwk_operator.api.connection import ApinizerConnectionSpec
from jwk_operator.api.reasons import Reason
from jwk_operator.apinizer.credentials import ClientCredentials, StaticToken
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.transport import Proxy
from jwk_operator.kube.secrets import Content, SourceKeyNotFoundError, SourceRef, Sources
from jwk_operator.reconcile.connection_secrets import ConnectionSecrets, read_secrets
from jwk_operator.reconcile.state import Problem

TOKEN = {"tokenSecretRef": {"name": "token"}}
CLIENT = {"clientCredentialsSecretRef": {"name": "client"}}
PROXY: dict[str, Any] = {"proxyUrl": "http://proxy.example:3128", "proxyAuthSecretRef": {"name": "proxy"}}
GOOD = {
    "token": {"token": "the-token\n"},
    "client": {"client_id": "the-client\n", "client_secret": " the secret of it\r\n"},
    "proxy": {"username": "me\n", "password": "p:ss wörd\n"},
}


class Given:
    """Secrets of the namespace `team`, by name and key."""

    def __init__(self, secrets: dict[str, dict[str, str]]) -> None:
        self._secrets = secrets

    async def read(self, source: SourceRef) -> Content:
        assert (source.kind, source.namespace) == ("Secret", "team")
        if source.key not in self._secrets[source.name]:
            raise SourceKeyNotFoundError(f"{source.kind} {source.namespace}/{source.name} has no key {source.key}")
        return Content(Secret(self._secrets[source.name][source.key]), "1")


async def read(secrets: dict[str, dict[str, str]], auth: Any = TOKEN, **spec: Any) -> ConnectionSecrets | Problem:
    model = ApinizerConnectionSpec.model_validate({"baseUrl": "https://m", "projectName": "shop", "auth": auth, **spec})
    return await read_secrets(cast("Sources", Given(secrets)), model, "team", "ApinizerConnection c")


async def test_white_space_around_values_is_left_out() -> None:
    token = StaticToken(Secret("the-token"))
    proxy = Proxy("http://proxy.example:3128", Secret("me"), Secret("p:ss wörd"))
    assert await read(GOOD, **PROXY) == ConnectionSecrets(token, "Secret team/token, key token", None, proxy)
    client = ClientCredentials(Secret("the-client"), Secret("the secret of it"))
    assert await read(GOOD, CLIENT) == ConnectionSecrets(client, "Secret team/client", None, None)


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("client", {"client_secret": "x"}, "Secret team/client has no key client_id"),
        ("client", {"client_id": "x"}, "Secret team/client has no key client_secret"),
        ("client", {"client_id": "x", "client_secret": "\n"}, "Secret team/client, key client_secret is empty"),
        (
            "client",
            {"client_id": "x\ny", "client_secret": "x"},
            "Secret team/client, key client_id holds line breaks or control characters",
        ),
        ("proxy", {"username": "x"}, "Secret team/proxy has no key password"),
        (
            "proxy",
            {"username": "x:y", "password": "x"},
            "Secret team/proxy, key username holds a colon, which no user name for a proxy can have",
        ),
    ],
)
async def test_a_value_that_cannot_be_used(name: str, values: dict[str, str], text: str) -> None:
    found = await read({**GOOD, name: values}, CLIENT, **PROXY)
    field = "spec.auth" if name == "client" else "spec.proxyAuthSecretRef"
    message = f"ApinizerConnection c: {text}; correct it or {field}."
    assert found == Problem(Reason.SECRET_KEY_NOT_FOUND, message, of_connection=True)


@pytest.mark.parametrize("url", ["http://proxy.example:99999", "http://proxy.example:0"])
async def test_a_proxy_without_a_usable_address(url: str) -> None:
    found = await read(GOOD, proxyUrl=url)
    text = "ApinizerConnection c: spec.proxyUrl is no usable address; check its host and port."
    assert found == Problem(Reason.INVALID_SPEC, text, of_connection=True)
