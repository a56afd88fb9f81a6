"""The proxy that the process's environment names; asked only where the operator was started so."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.transport import Proxy

_SCHEMES = ("http", "https", "all")


def no_proxy(_: str) -> Proxy | None:
    """Return None, whatever the address."""
    return None


def environment_proxy(address: str) -> Proxy | None:
    """Return the proxy on the way to an address (`https://HOST:PORT`); None where the environment names none for it.

    Raises ValueError where what it names is no address; `unusable_variable` tells beforehand.
    """
    parts = urlsplit(address)
    proxies = getproxies_environment()
    scheme = parts.scheme if proxies.get(parts.scheme) else "all"
    url = proxies.get(scheme)
    if not url or proxy_bypass(parts.netloc):
        return None
    return _read(url, _variable(scheme))


def unusable_variable() -> str | None:
    """Return the name of a variable that holds no address of an HTTP proxy; None when there is no such variable.

    The value is not told: it may hold a password.
    """
    proxies = getproxies_environment()
    for scheme in _SCHEMES:
        try:
            usable = not proxies.get(scheme) or _read(proxies[scheme], "").is_usable
        except ValueError:
            usable = False
        if not usable:
            return _variable(scheme)
    return None


def _variable(scheme: str) -> str:
    return f"{scheme.upper()}_PROXY"


def _read(url: str, variable: str) -> Proxy:
    url = url.strip()
    proxy = urlsplit(url if "://" in url else f"http://{url}")
    address = f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}"
    place = f"{variable} in the operator's environment"
    if proxy.username is None:
        return Proxy(address, place=place, auth_place=place)
    user, password = unquote(proxy.username), unquote(proxy.password or "")
    if ":" in user:
        raise ValueError("no user name for a proxy can have a colon")
    return Proxy(address, Secret(user), Secret(password), place, place)
