"""Access to the API server: where it is, and sessions that stay logged in when tokens change."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import kopf

from jwk_operator.apinizer.term import MayWrite, always, guarded_request
from jwk_operator.kube.unusable import UnusableError, errors_of_plugin, in_one_line, why_unusable
from jwk_operator.kube.watches import Watches

T = TypeVar("T")
Headers = dict[str, str]

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TOKEN_LIFE = 60.0

log = logging.getLogger(__name__)


class AccessError(Exception):
    """There is no usable access to a cluster; the text says what was tried."""


@dataclass(slots=True)
class Access:
    """An API server, and how to log in to it. `login` returns the headers of a fresh login and may block."""

    server: str
    tls: ssl.SSLContext
    login: Callable[[], Headers]
    token_life: float = float("inf")
    """Seconds after which `login` is asked again, since the kubelet renews the token's file."""
    proxy: str | None = None
    """The HTTP proxy that leads to it, with its user and password if need be."""


def find_access() -> Access:
    """Find the cluster: KUBECONFIG when it is set, else the pod's service account, else the default kubeconfig.

    Raises `AccessError`.
    """
    if not os.environ.get("KUBECONFIG") and runs_in_pod():
        return _from_service_account()
    return _from_kubeconfig()


def access_of_context(context: str) -> Access:
    """Find the cluster of a context in the kubeconfig. Raises `AccessError`."""
    what, remedy = f"no access to the cluster of context {context}", "correct --context or the kubeconfig"
    return _explained(what, remedy, lambda: _by_official_client(context, what, remedy))


def _by_official_client(context: str | None, what: str, remedy: str) -> Access:
    """Read a context of the kubeconfig, the current one for None, with all that the official client makes of it.

    That runs the plug-ins that clouds put there, too. `what` and `remedy` are for errors of later logins.
    """
    from kubernetes.client import Configuration  # its import takes 14 MB
    from kubernetes.config import load_kube_config

    def load() -> Configuration:
        settings = Configuration(proxy="")  # else that of the environment
        load_kube_config(context=context, client_configuration=settings)
        return settings

    def headers(settings: Configuration) -> Headers:
        # the client's releases differ in where the token is
        token = settings.get_api_key_with_prefix("BearerToken") or settings.get_api_key_with_prefix("authorization")
        if not token and settings.username:
            token = settings.get_basic_auth_token()
        return {"Authorization": token} if token else {}

    settings = load()
    tls = ssl.create_default_context(cafile=settings.ssl_ca_cert)
    if not settings.verify_ssl:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    if settings.cert_file:
        tls.load_cert_chain(settings.cert_file, settings.key_file)
    login = lambda: _explained(what, remedy, lambda: headers(load()))  # noqa: E731
    return _whole(settings.host, tls, headers(settings), login, settings.proxy)


def _explained(what: str, remedy: str, load: Callable[[], T]) -> T:
    """Return what is loaded. Whatever goes wrong becomes an `AccessError` of one line."""
    with errors_of_plugin() as told:
        try:
            found = load()
        except Exception as error:  # the client checks little: a kubeconfig that is none ends it anywhere
            raise AccessError(f"{what}: {why_unusable(error)}; {remedy}") from error
    if told:
        raise AccessError(
            f"{what}: the login's plug-in failed, {in_one_line(told[-1])}; run it by hand, or log in anew"
        )
    return found


def _whole(
    server: str | None, tls: ssl.SSLContext, headers: Headers, login: Callable[[], Headers], proxy: str | None
) -> Access:
    if not server:
        raise UnusableError("the cluster of the context names no server")
    if not all(value.isprintable() for value in headers.values()):
        raise UnusableError("the token of the user is of several lines, or has signs that no token has")
    if proxy and not proxy.startswith(("http://", "https://")):
        raise UnusableError("the proxy-url of the cluster is none of http:// or https://, which alone are known here")
    return Access(server, tls, login, proxy=proxy or None)


def namespace_of_context(context: str | None) -> str | None:
    """Return the namespace of a context in the kubeconfig, of the current one for None; None where none is named."""
    contexts, current = _contexts()
    chosen = current if context is None else next((item for item in contexts if item["name"] == context), None)
    return ((chosen or {}).get("context") or {}).get("namespace")


def current_context() -> str | None:
    """Return the name of the current context of the kubeconfig; None where there is none."""
    _, current = _contexts()
    return str(current["name"]) if current else None


def _contexts() -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    from kubernetes.config import list_kube_config_contexts

    try:
        contexts, current = list_kube_config_contexts()
    except Exception:
        return [], None  # finding access says what is wrong with the file
    return contexts, current


def runs_in_pod() -> bool:
    """Whether this process has the service account of a pod to log in with."""
    return (_SERVICE_ACCOUNT / "token").is_file()


def own_namespace() -> str | None:
    """Return the namespace of the pod that this process runs in; None outside of a pod."""
    named = os.environ.get("POD_NAMESPACE")
    if named:
        return named
    try:
        return (_SERVICE_ACCOUNT / "namespace").read_text().strip() or None
    except OSError:
        return None


def _from_service_account() -> Access:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise AccessError("there is a service account, but KUBERNETES_SERVICE_HOST is not set")
    host = f"[{host}]" if ":" in host else host

    def login() -> dict[str, str]:
        return {"Authorization": f"Bearer {(_SERVICE_ACCOUNT / 'token').read_text().strip()}"}

    tls = ssl.create_default_context(cafile=_SERVICE_ACCOUNT / "ca.crt")
    return Access(f"https://{host}:{port}", tls, login, _TOKEN_LIFE)


def _from_kubeconfig() -> Access:
    what, remedy = "no access to a cluster", "set KUBECONFIG to a file that works"

    def first() -> Access:
        info = _whole_login()
        if info is None:
            return _by_official_client(None, what, remedy)
        headers = dict(info.as_http_headers())
        login = lambda: _explained(what, remedy, lambda: dict((_whole_login() or info).as_http_headers()))  # noqa: E731
        return _whole(info.server, info.as_ssl_context(), headers, login, info.proxy_url)

    return _explained(what, remedy, first)


def _whole_login() -> kopf.ConnectionInfo | None:
    """Return what the kubeconfig says when all of a login is in it, with nothing to run and no other files to read."""
    try:
        info = kopf.login_with_kubeconfig(settings=kopf.OperatorSettings())
    except Exception:
        return None  # the official client makes more of it, or says what is wrong
    if info is None or any((info.ca_path, info.certificate_path, info.private_key_path)):
        return None
    return info if info.token or info.password or (info.certificate_data and info.private_key_data) else None


class _Login:
    """An aiohttp middleware that adds the login, renews it in time, and once more when the server says 401."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._headers: dict[str, str] = {}
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def __call__(self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        used = await self._renew(self._headers if time.monotonic() >= self._until else None)
        request.headers.update(used)
        response = await send(request)
        if response.status == 401:
            renewed = await self._renew(used)
            if renewed != used:
                response.close()
                request.headers.update(renewed)
                response = await send(request)
        return response

    async def _renew(self, stale: dict[str, str] | None) -> dict[str, str]:
        """Log in again, unless `stale` is None or somebody else has done it meanwhile."""
        if stale is None:
            return self._headers
        async with self._lock:
            if self._headers == stale:
                self._headers = await asyncio.get_running_loop().run_in_executor(None, self._access.login)
                self._until = time.monotonic() + self._access.token_life
            return self._headers


def open_session(access: Access, may_write: MayWrite = always, watches: Watches | None = None) -> aiohttp.ClientSession:
    """Open a keep-alive session with the API server.

    While `may_write` says no, only reads leave. Its watches are noted in `watches`.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=access.tls, limit=0, keepalive_timeout=60),
        middlewares=(_Login(access),),
        request_class=guarded_request(may_write),
        headers={"User-Agent": "jwk-operator", "Accept": "application/json"},
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=access.proxy,
        trace_configs=[watches.trace()] if watches else [],
    )
