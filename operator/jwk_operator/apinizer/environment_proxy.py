"""The proxy that the process's environment names; asked only where the operator was started so."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.transport import Proxy


def no_proxy(_: str) -> Proxy | None:
    """Return None, whatever the address."""
    return None


def environment_proxy(address: str) -> Proxy | None:
    """Return the proxy on the way to an address (`https://HOST:PORT`); None where the environment names none for it."""
    parts = urlsplit(address)
    proxies = getproxies_environment()
    url = proxies.get(parts.scheme) or proxies.get("all")
    if not url or proxy_bypass(parts.netloc):
        return None
    proxy = urlsplit(url if "://" in url else f"http://{url}")
    host = proxy.netloc.rpartition("@")[2]
    if proxy.username is None or proxy.password is None:
        return Proxy(f"{proxy.scheme}://{host}")
    return Proxy(f"{proxy.scheme}://{host}", Secret(unquote(proxy.username)), Secret(unquote(proxy.password)))
