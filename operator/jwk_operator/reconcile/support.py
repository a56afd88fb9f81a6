"""Fields whose behaviour is not there yet: refused with a clear message, never silently ignored."""

from __future__ import annotations

from jwk_operator.api.connection import ApinizerConnectionSpec


def unsupported_by_connection(spec: ApinizerConnectionSpec) -> str | None:
    """Return why this operator cannot use a connection yet; None when it can."""
    if spec.auth.client_credentials_secret_ref is not None:
        return "spec.auth.clientCredentialsSecretRef is not supported yet; use tokenSecretRef"
    if spec.proxy_url is not None:
        return "spec.proxyUrl is not supported yet; remove it"
    if spec.requests_per_second is not None or spec.burst is not None:
        return "spec.requestsPerSecond and burst are not supported yet; use maxConcurrentRequests"
    return None
