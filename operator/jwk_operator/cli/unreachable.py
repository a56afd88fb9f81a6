"""Why an API server gives no answer, as a person wants it told."""

from __future__ import annotations

import socket
import ssl

import aiohttp

from jwk_operator.kube.session import AccessError


def why_unreachable(error: BaseException, server: str) -> tuple[str, str]:
    """Say why there was no answer, and what to do; the exception's own text stays out of it."""
    causes = [error, getattr(error, "os_error", None), getattr(error, "certificate_error", None), error.__cause__]
    for cause in causes:
        match cause:
            case AccessError():
                return str(cause), "log in anew, or correct the user of the context"
            case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
                return _why_by_proxy(cause)
            case socket.gaierror():
                return "its host name cannot be resolved", f"check the server {server} in the kubeconfig"
            # aiohttp's own error is of this class, too, and says nothing; the one that does comes next
            case ssl.SSLCertVerificationError() if hasattr(cause, "verify_message"):
                reason = cause.verify_message or "it cannot be verified"
                return (
                    f"its TLS certificate is not accepted: {reason}",
                    "correct certificate-authority-data in the kubeconfig",
                )
            case aiohttp.InvalidURL():
                return "its address is none", f"check the server {server} in the kubeconfig"
            case ConnectionRefusedError():
                return "it refuses connections", "check that it runs, and the port in the kubeconfig"
            case TimeoutError():
                return "it does not answer in time", "check network, VPN and firewall on the way to it"
            case ssl.SSLError() if not isinstance(cause, ssl.SSLCertVerificationError):
                return "there is no TLS connection to it", "check scheme and port of the server in the kubeconfig"
    return "it closes the connection without an answer", "check that it runs, and what is on the way to it"


def _why_by_proxy(error: aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError) -> tuple[str, str]:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        remedy = "check proxy-url in the kubeconfig, with user and password if it wants some"
        return f"the proxy on the way to it answers {error.status}", remedy
    return "the proxy on the way to it cannot be reached", "check proxy-url in the kubeconfig"
