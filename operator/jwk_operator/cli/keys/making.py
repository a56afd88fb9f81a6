"""Keys made by the generators of joserfc and cryptography, which take the operating system's randomness."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from jwk_operator.cli.keys.recipes import Recipe
from jwk_operator.reconcile.keymaterial import PRIVATE_MEMBERS, check_key

Members = dict[str, Any]

_KID_BYTES = 16


def make(recipe: Recipe, kid: str | None = None) -> Members:
    """Return a new private or symmetric key. Without a kid it gets its thumbprint, or one at random if symmetric."""
    return dress(recipe, _generate(recipe), kid)


def dress(recipe: Recipe, key: Mapping[str, Any], kid: str | None) -> Members:
    """Return a key with what is said of it in front: type, key ID, use and algorithm."""
    known = kid or check_key(key).thumbprint or secrets.token_urlsafe(_KID_BYTES)
    said = {"kty": recipe.kty, "kid": known, "use": recipe.use, **({"alg": recipe.alg} if recipe.alg else {})}
    return {**said, **{name: value for name, value in key.items() if name not in said}}


def _generate(recipe: Recipe) -> Members:
    if recipe.kty == "RSA":
        return dict(RSAKey.generate_key(recipe.size).as_dict(private=True))
    if recipe.kty == "oct":
        return dict(OctKey.generate_key(recipe.size).as_dict(private=True))
    if recipe.kty == "EC":
        return dict(ECKey.generate_key(recipe.curve).as_dict(private=True))
    return dict(OKPKey.generate_key(recipe.curve).as_dict(private=True))  # type: ignore[arg-type]  # checked before


def public_part(key: Mapping[str, Any]) -> Members:
    """Return what may be given away of a key that is not symmetric: nothing private, and no private operations."""
    private = PRIVATE_MEMBERS & key.keys()
    hidden = private | {"key_ops"} if private else private
    return {name: value for name, value in key.items() if name not in hidden}


def as_text(keys: list[Members], as_set: bool) -> str:
    """Return a JWK, or a JWK Set, as JSON on one line."""
    return json.dumps({"keys": keys} if as_set else keys[0], ensure_ascii=False)


def kids(keys: Iterable[Mapping[str, Any]]) -> list[str | None]:
    """Return the key IDs, None for a key that has none."""
    return [key.get("kid") for key in keys]
