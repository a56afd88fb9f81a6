"""Local checks of key material, before any call (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).

Messages name the member that is wrong and what would be right. They never contain a member's value.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from joserfc.errors import SecurityWarning
from joserfc.jwk import import_key

from jwk_operator.api.algorithms import KeyType

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_PUBLIC_OPERATIONS = frozenset({"verify", "encrypt", "wrapKey"})
_COORDINATE_BYTES = {"P-256": 32, "P-384": 48, "P-521": 66, "secp256k1": 32}
_OKP_BYTES = {"Ed25519": 32, "Ed448": 57, "X25519": 32, "X448": 56}
_RSA_CRT = ("p", "q", "dp", "dq", "qi")
_MOST_KEYS = 1000
_PEM = (
    "the key is PEM; give it as a JWK, or put it into Apinizer and name it there by spec.sourceType: PUBLIC_KEY, "
    "PRIVATE_KEY or CERTIFICATE"
)

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class InvalidKeyError(ValueError):
    """The key material cannot be used; the text names the member and holds no value of it."""


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What may be told of a key."""

    type: KeyType
    kid: str | None
    thumbprint: str | None
    digest: str | None = None
    """Tells one key from another and reveals nothing of it; only for a key from a Secret."""
    secret_version: str | None = None
    """The resourceVersion of that Secret."""


def inspect_key(text: str, kid: str | None, salt: str | None = None) -> KeyFacts:
    """Check a JWK or JWK Set and return the facts of the one key that it gives.

    `text` is the JSON; `kid` says which key of a set, and must be that of a single key where both name one. With a
    `salt` the key's digest is among the facts. Raises `InvalidKeyError`.
    """
    document = _parse(text)
    if "keys" in document:
        key = _select(document["keys"], kid)
    else:
        key = document
        if kid is not None and key.get("kid", kid) != kid:
            raise InvalidKeyError("member kid is not what spec.kid says; correct one of them or leave spec.kid out")
    facts = check_key(key)
    return facts if salt is None else replace(facts, digest=_key_digest(key, salt))


def keys_in(text: str) -> list[dict[str, Any]]:
    """Return the key of a JWK, or those of a JWK Set, as they stand there. Raises `InvalidKeyError` for neither."""
    document = _parse(text)
    return _keys_of_set(document["keys"]) if "keys" in document else [document]


def check_key(key: Mapping[str, Any]) -> KeyFacts:
    """Check the members of one key and return its facts. Raises `InvalidKeyError`."""
    key_type = _check_members(key)
    _check_whole(key)
    return KeyFacts(type=key_type, kid=_text(key, "kid"), thumbprint=_thumbprint(key))


def private_values(text: str) -> list[str]:
    """Return the values of all private members in a JWK or JWK Set, for scrubbing; empty for what is no JSON."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return list(_private_values(document))


def _private_values(node: Any) -> list[str]:
    if isinstance(node, list):
        return [value for item in node for value in _private_values(item)]
    if not isinstance(node, dict):
        return []
    own = [value for name, value in node.items() if name in PRIVATE_MEMBERS and isinstance(value, str)]
    return own + [value for item in node.values() for value in _private_values(item)]


def _parse(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except InvalidKeyError:
        raise
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith("-----BEGIN"):
            raise InvalidKeyError(_PEM) from None
        where = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidKeyError(f"the key is not valid JSON{where}; give a JWK or JWK Set as a JSON object") from None
    if not isinstance(document, dict):
        raise InvalidKeyError("the key must be a JSON object: a JWK or a JWK Set")
    return document


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise InvalidKeyError(f"member {_shown(name)} is given twice; keep one (RFC 7517 section 4)")
        members[name] = value
    return members


def _no_constant(_: str) -> Any:
    raise InvalidKeyError("the key is not valid JSON: NaN and Infinity do not exist in it")


def _keys_of_set(keys: Any) -> list[dict[str, Any]]:
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise InvalidKeyError("member keys must be an array of JWKs (RFC 7517 section 5.1)")
    if len(keys) > _MOST_KEYS:
        raise InvalidKeyError(f"member keys holds more than {_MOST_KEYS} keys; give only those that are needed")
    return keys


def _select(document: Any, kid: str | None) -> dict[str, Any]:
    keys = _keys_of_set(document)
    if kid is None:
        raise InvalidKeyError("the key is a JWK Set; set spec.kid to say which key of it")
    chosen = [key for key in keys if key.get("kid") == kid]
    if not chosen:
        raise InvalidKeyError("no key of the JWK Set has the kid that spec.kid names")
    if len(chosen) > 1:
        raise InvalidKeyError(f"{len(chosen)} keys of the JWK Set have the kid that spec.kid names; make it unique")
    return dict(chosen[0])


def _check_members(key: Mapping[str, Any]) -> KeyType:
    kty = _needed(key, "kty")
    checks = {"RSA": _check_rsa, "EC": _check_ec, "oct": _check_oct, "OKP": _check_okp}
    if kty not in checks:
        raise InvalidKeyError("member kty must be RSA, EC, oct or OKP, in exactly this spelling (RFC 7518 section 6.1)")
    for name in ("kid", "use", "alg"):
        _text(key, name)
    checks[kty](key)
    _check_operations(key)
    return KeyType(kty.upper())


def _check_rsa(key: Mapping[str, Any]) -> None:
    _bytes(key, "n")
    _bytes(key, "e")
    given = [name for name in _RSA_CRT if name in key]
    if "d" in key:
        _bytes(key, "d")
    elif given:
        raise InvalidKeyError(f"member d is missing, though {given[0]} is given (RFC 7518 section 6.3.2)")
    for name in _RSA_CRT if given else ():
        _bytes(key, name)
    if "oth" in key:
        raise InvalidKeyError("member oth is not supported: give an RSA key with two primes")


def _check_ec(key: Mapping[str, Any]) -> None:
    size = _COORDINATE_BYTES.get(_needed(key, "crv"))
    if size is None:
        raise InvalidKeyError(f"member crv must be one of {', '.join(_COORDINATE_BYTES)}")
    for name in ("x", "y", "d") if "d" in key else ("x", "y"):
        if len(_bytes(key, name)) != size:
            raise InvalidKeyError(f"member {name} must be {size} bytes for this curve (RFC 7518 section 6.2)")


def _check_okp(key: Mapping[str, Any]) -> None:
    size = _OKP_BYTES.get(_needed(key, "crv"))
    if size is None:
        raise InvalidKeyError(f"member crv must be one of {', '.join(_OKP_BYTES)}")
    for name in ("x", "d") if "d" in key else ("x",):
        if len(_bytes(key, name)) != size:
            raise InvalidKeyError(f"member {name} must be {size} bytes for this curve (RFC 8037 section 2)")


def _check_oct(key: Mapping[str, Any]) -> None:
    _bytes(key, "k")


def _check_operations(key: Mapping[str, Any]) -> None:
    operations = key.get("key_ops")
    if operations is None:
        return
    if not isinstance(operations, list) or not all(isinstance(item, str) for item in operations):
        raise InvalidKeyError("member key_ops must be an array of strings (RFC 7517 section 4.3)")
    if len(set(operations)) != len(operations):
        raise InvalidKeyError("member key_ops names an operation twice (RFC 7517 section 4.3)")
    if "d" in key and operations and _PUBLIC_OPERATIONS.issuperset(operations):
        raise InvalidKeyError("member key_ops asks for a public key, yet the private member d is given; remove d")


def _check_whole(key: Mapping[str, Any]) -> None:
    """Let the library build the key, which checks what no single member shows: a point off its curve, say."""
    bare = {name: value for name, value in key.items() if name not in ("use", "alg", "key_ops")}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # whether a short key is wanted is not ours to say
            _ = import_key(bare).raw_value
    except Exception:  # errors of several libraries come through, some with values in them
        raise InvalidKeyError(f"the members do not form a valid {key['kty']} key; export it again") from None


def _thumbprint(key: Mapping[str, Any]) -> str | None:
    """RFC 7638 section 3: SHA-256 over the required members in lexical order, as base64url.

    None for a symmetric key: there the digest would let anybody test guesses of the secret (section 7).
    """
    if key["kty"] == "oct":
        return None
    required = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
    members = {name: key[name] for name in required[key["kty"]]}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()


def _key_digest(key: Mapping[str, Any], salt: str) -> str:
    """Digest over every member of the key, whatever their order.

    Slow for a symmetric key, whose value may be short enough to be guessed by whoever can read the status.
    """
    canonical = json.dumps(key, separators=(",", ":"), sort_keys=True).encode()
    if key["kty"] == "oct":
        return hashlib.scrypt(canonical, salt=salt.encode(), n=2**13, r=8, p=1, dklen=8).hex()
    return hashlib.sha256(salt.encode() + b"\0" + canonical).hexdigest()[:16]


def _needed(key: Mapping[str, Any], name: str) -> str:
    value = _text(key, name)
    if not value:
        raise InvalidKeyError(f"member {name} is missing")
    return value


def _text(key: Mapping[str, Any], name: str) -> str | None:
    value = key.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidKeyError(f"member {name} must be a string")
    return value


def _bytes(key: Mapping[str, Any], name: str) -> bytes:
    value = _needed(key, name)
    if not _BASE64URL.fullmatch(value) or len(value) % 4 == 1:
        raise InvalidKeyError(f"member {name} must be base64url without padding (RFC 7515 section 2)")
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def _shown(name: str) -> str:
    """A member's name is shown only when it looks like one: a broken document may have a secret in its place."""
    return name if re.fullmatch(r"[A-Za-z0-9_#-]{1,16}", name) else "in the key"
