"""What a connection takes from Secrets and ConfigMaps: credential, certificate authorities, the proxy's password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jwk_operator.api.connection import ApinizerConnectionSpec
from jwk_operator.api.reasons import Reason
from jwk_operator.apinizer.credentials import ClientCredentials, Credential, StaticToken
from jwk_operator.apinizer.transport import Proxy
from jwk_operator.kube.client import ApiError
from jwk_operator.kube.secrets import (
    SourceKeyNotFoundError,
    SourceNotFoundError,
    SourceRef,
    Sources,
    text_of,
    token_of,
)
from jwk_operator.reconcile.state import Problem

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class ConnectionSecrets:
    """What was read for a connection. `source` names the Secret with the credential, for messages."""

    credential: Credential
    source: str
    ca_pem: str | None
    proxy: Proxy | None


def sources_of(spec: ApinizerConnectionSpec, own_namespace: str) -> Iterator[SourceRef]:
    """Yield all that a connection refers to; `own_namespace` is that of what names none."""
    yield from _credential_sources(spec, own_namespace)
    ca = _ca_source(spec, own_namespace)
    if ca is not None:
        yield ca
    yield from _proxy_sources(spec, own_namespace)


async def read_secrets(
    sources: Sources, spec: ApinizerConnectionSpec, own_namespace: str, who: str
) -> ConnectionSecrets | Problem:
    """Read all that a connection refers to, or say what is missing. `who` is the connection, for messages.

    Raises `ApiUnavailableError`.
    """
    source = next(_credential_sources(spec, own_namespace), None)
    if source is None:
        return _problem(Reason.INVALID_SPEC, f"{who}: spec.auth names no Secret; set spec.auth.tokenSecretRef.")
    field = "spec.auth"
    try:
        credential = await _credential(sources, spec, own_namespace)
        field = "spec.tls.caRef"
        ca_pem = await _ca(sources, spec, own_namespace)
        field = "spec.proxyAuthSecretRef"
        proxy = await _proxy(sources, spec, own_namespace)
    except SourceNotFoundError as error:
        return _problem(Reason.SECRET_NOT_FOUND, f"{who}: {error}; create it or correct {field}.")
    except SourceKeyNotFoundError as error:
        remedy = "" if ";" in str(error) else f"; correct it or {field}"  # some say themselves what is needed
        return _problem(Reason.SECRET_KEY_NOT_FOUND, f"{who}: {error}{remedy}.")
    except _UnusableProxyError:
        return _problem(Reason.INVALID_SPEC, f"{who}: spec.proxyUrl is no usable address; check its host and port.")
    except _UnreadableError as error:
        message = f"{who}: the operator may not read {error.source} ({error.reason}); check its RBAC."
        return _problem(Reason.SECRET_NOT_FOUND, message)
    issued = isinstance(credential, ClientCredentials)
    # client credentials are two keys of one Secret
    named = f"{source.kind} {source.namespace}/{source.name}" if issued else str(source)
    return ConnectionSecrets(credential, named, ca_pem, proxy)


def _problem(reason: Reason, message: str) -> Problem:
    return Problem(reason, message, of_connection=True)


class _UnusableProxyError(Exception):
    """No client can be made for `spec.proxyUrl`."""


class _UnreadableError(Exception):
    def __init__(self, source: SourceRef, reason: str) -> None:
        super().__init__(str(source))
        self.source = source
        self.reason = reason


async def _read(sources: Sources, source: SourceRef) -> str:
    try:
        return (await sources.read(source)).text.reveal()
    except ApiError as error:
        raise _UnreadableError(source, error.reason) from None


def _credential_sources(spec: ApinizerConnectionSpec, own: str) -> Iterator[SourceRef]:
    token, client = spec.auth.token_secret_ref, spec.auth.client_credentials_secret_ref
    if token is not None:
        yield SourceRef("Secret", token.namespace or own, token.name, token.key)
    if client is not None:
        for key in (client.client_id_key, client.client_secret_key):
            yield SourceRef("Secret", client.namespace or own, client.name, key)


async def _credential(sources: Sources, spec: ApinizerConnectionSpec, own: str) -> Credential:
    if spec.auth.token_secret_ref is not None:
        (source,) = _credential_sources(spec, own)
        return StaticToken(token_of(await _read(sources, source), source))
    identity, secret = [text_of(await _read(sources, source), source) for source in _credential_sources(spec, own)]
    return ClientCredentials(identity, secret)


def _ca_source(spec: ApinizerConnectionSpec, own: str) -> SourceRef | None:
    reference = spec.tls.ca_ref if spec.tls else None
    if reference is None:
        return None
    return SourceRef(reference.kind, reference.namespace or own, reference.name, reference.key)


async def _ca(sources: Sources, spec: ApinizerConnectionSpec, own: str) -> str | None:
    source = _ca_source(spec, own)
    if source is None:
        return None
    certificates = _CERTIFICATE.findall(await _read(sources, source))
    if not certificates:
        raise SourceKeyNotFoundError(f"{source} holds no certificate in PEM form")
    return "\n".join(certificates)


def _proxy_sources(spec: ApinizerConnectionSpec, own: str) -> Iterator[SourceRef]:
    reference = spec.proxy_auth_secret_ref
    if reference is not None:
        for key in (reference.username_key, reference.password_key):
            yield SourceRef("Secret", reference.namespace or own, reference.name, key)


async def _proxy(sources: Sources, spec: ApinizerConnectionSpec, own: str) -> Proxy | None:
    if spec.proxy_url is None:
        return None
    if not Proxy(spec.proxy_url).is_usable:
        raise _UnusableProxyError
    places = tuple(_proxy_sources(spec, own))
    if not places:
        return Proxy(spec.proxy_url)
    user, password = [text_of(await _read(sources, source), source) for source in places]
    if ":" in user.reveal():  # RFC 7617 section 2
        raise SourceKeyNotFoundError(f"{places[0]} holds a colon, which no user name for a proxy can have")
    return Proxy(spec.proxy_url, user, password)
