"""The create request's body, from the spec and the key."""

from __future__ import annotations

from typing import Any

from jwk_operator.api.jwk import JWKSpec
from jwk_operator.api.names import RemoteName

_SENT = (
    "source_type",
    "description",
    "url",
    "url_option_connect_timeout",
    "url_option_read_timeout",
    "url_option_size_limit",
    "kid",
    "certificate_name",
    "key_name",
    "key_store_name",
    "alias_name",
    "environment_name",
    "use_type",
    "algorithm",
)


def create_body(spec: JWKSpec, target: RemoteName, jwk_str: str | None) -> dict[str, Any]:
    """Return the body of the create call (Apinizer Management API, JWK create page); `jwk_str` is for COPY_PASTE."""
    fields = spec.model_dump(mode="json", by_alias=True, exclude_none=True, include=set(_SENT))
    body = {"name": target.name, **fields}
    return body if jwk_str is None else {**body, "jwkStr": jwk_str}
