"""The bodies of the create and generate requests, from the spec and the key."""

from __future__ import annotations

from typing import Any

from jwk_operator.api.jwk import JWKSpec
from jwk_operator.api.names import SOURCE_FIELDS, RemoteName

_SENT = SOURCE_FIELDS - {"jwk_str", "jwk_str_from", "generate"} | {"description"}
_COMMON_OPTIONS = ("keyUseType", "algorithm", "keyIdType", "notBeforeTime", "expirationTime")


def create_body(spec: JWKSpec, target: RemoteName, jwk_str: str | None) -> dict[str, Any]:
    """Return the body of the create call (Apinizer Management API, JWK create page); `jwk_str` is for COPY_PASTE."""
    fields = spec.model_dump(mode="json", by_alias=True, exclude_none=True, include=_SENT)
    body = {"name": target.name, **fields}
    return body if jwk_str is None else {**body, "jwkStr": jwk_str}


def generate_body(spec: JWKSpec, target: RemoteName) -> dict[str, Any]:
    """Return the body of the generate call (Apinizer Management API, JWK generate page) for a spec with `generate`.

    The options that every type of key has are flat in the spec, while the call has them inside the object that is named
    after the type.
    """
    if spec.generate is None:
        raise AssertionError("only a spec that says what to generate is sent")
    given = spec.generate.model_dump(mode="json", by_alias=True, exclude_none=True)
    common = {field: given[field] for field in _COMMON_OPTIONS if field in given}
    option = spec.generate.type.lower()
    body = {"name": target.name, "type": given["type"], option: {**given.get(option, {}), **common}}
    if spec.description is not None:
        body["description"] = spec.description
    if spec.generate.kid is not None:
        body["kid"] = spec.generate.kid
    return body
