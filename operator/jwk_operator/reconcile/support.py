"""Fields whose behaviour is not there yet: refused with a clear message, never silently ignored."""

from __future__ import annotations

from jwk_operator.api.connection import ApinizerConnectionSpec
from jwk_operator.api.jwk import AdoptionPolicy, JWKSpec, SourceType, UpdatePolicy


def unsupported_by_jwk(spec: JWKSpec) -> str | None:
    """Return why this operator cannot serve a spec yet; None when it can."""
    if spec.source_type is SourceType.GENERATE or spec.generate is not None:
        return "spec.sourceType: GENERATE is not supported yet; use another sourceType"
    if spec.update_policy is UpdatePolicy.REPLACE:
        return "spec.updatePolicy: Replace is not supported yet; use Immutable"
    if spec.replacement is not None:
        return "spec.replacement is not supported yet; remove it"
    if spec.adoption_policy is AdoptionPolicy.IF_MATCHING:
        return "spec.adoptionPolicy: IfMatching is not supported yet; use Never"
    return None


def unsupported_by_connection(spec: ApinizerConnectionSpec) -> str | None:
    """Return why this operator cannot use a connection yet; None when it can."""
    if spec.auth.client_credentials_secret_ref is not None:
        return "spec.auth.clientCredentialsSecretRef is not supported yet; use tokenSecretRef"
    if spec.proxy_url is not None:
        return "spec.proxyUrl is not supported yet; remove it"
    if spec.requests_per_second is not None or spec.burst is not None:
        return "spec.requestsPerSecond and burst are not supported yet; use maxConcurrentRequests"
    if spec.read_only:
        return "spec.readOnly is not supported yet; use suspend on each JWK"
    return None
