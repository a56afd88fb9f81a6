"""Reading and making JWKs (RFC 7517, RFC 7518, RFC 7638, RFC 8037, RFC 8812)."""

import hashlib
import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc.errors import InvalidKeyTypeError, KeyParameterError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey, import_key

from .errors import bad_request

JwkDict = dict[str, Any]

_CURVES = {"P256": "P-256", "P384": "P-384", "P521": "P-521", "SECP256K1": "secp256k1"}


class DuplicateMemberError(ValueError):
    """A JSON object names a member twice (RFC 7517 section 4 lets a parser refuse that)."""


@dataclass(frozen=True)
class ParsedKey:
    """A key that was understood, in the API's terms."""

    type: str
    kid: str
    jwk: JwkDict


def strict_json(text: str | bytes) -> Any:
    """JSON without duplicate members, NaN or Infinity (RFC 8259); raises ValueError."""
    found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    # A lone surrogate is no Unicode text (RFC 8259 section 8.2): UnicodeEncodeError is a ValueError.
    json.dumps(found, ensure_ascii=False).encode()
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateMemberError("duplicate member")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def parse(text: str | bytes, kid: str | None) -> ParsedKey:
    """The key that `kid` chooses from a JWK or JWK Set (RFC 7517 sections 4 and 5).

    Texts never quote the document: it may hold a private key.
    """
    try:
        document = strict_json(text)
    except DuplicateMemberError as error:
        raise bad_request("JWK is not valid: a JSON member is duplicated!") from error
    except (ValueError, RecursionError) as error:
        raise bad_request("JWK is not valid: it is not JSON!") from error
    if not isinstance(document, dict):
        raise bad_request("JWK is not valid: it is not a JSON object!")
    if "keys" in document:
        return understand(_choose(document["keys"], kid))
    if kid is not None and document.get("kid", kid) != kid:
        raise bad_request(f"JWK (kid: {kid}) is not found!")
    return understand(document if kid is None else {**document, "kid": kid})


def _choose(keys: Any, kid: str | None) -> JwkDict:
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise bad_request("JWK Set is not valid: keys must be an array of objects!")
    if kid is None:
        raise bad_request("Kid is required when the source is a JWK Set!")
    found: list[JwkDict] = [key for key in keys if key.get("kid") == kid]
    if not found:
        raise bad_request(f"JWK (kid: {kid}) is not found in the JWK Set!")
    if len(found) > 1:
        raise bad_request(f"JWK (kid: {kid}) is found more than once in the JWK Set!")
    return found[0]


def understand(jwk: Mapping[str, Any]) -> ParsedKey:
    """Check one JWK as a real key; its kid is the RFC 7638 thumbprint when it has none."""
    try:
        with warnings.catch_warnings():
            # joserfc warns about short keys; the API takes them, so standard error stays quiet.
            warnings.simplefilter("ignore")
            key = import_key(dict(jwk))
            kid = key.kid or key.thumbprint()
    except InvalidKeyTypeError as error:
        raise bad_request("JWK is not valid: kty is unknown!") from error
    except KeyParameterError as error:
        raise bad_request(f"JWK is not valid: {error.description}!") from error
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise bad_request("JWK is not valid: its members do not make a key!") from error
    return ParsedKey(key.key_type.upper(), kid, dict(jwk))


def make(key_type: str, options: Mapping[str, Any]) -> Key:
    """A new private key, from the options of the generate call."""
    if key_type == "RSA":
        return RSAKey.generate_key(options.get("keySize", 2048))
    if key_type == "EC":
        return ECKey.generate_key(_CURVES[options.get("curveType", "P256")])
    if key_type == "OCT":
        return OctKey.generate_key(options.get("keySize", 256))
    return OKPKey.generate_key("X25519" if options.get("curveType") == "X25519" else "Ed25519")


def material(key_type: str) -> JwkDict:
    """A new private key for a certificate, key or alias that brought none."""
    return dict(make(key_type, {}).as_dict(private=True))


def public_part(jwk: Mapping[str, Any]) -> JwkDict:
    """The public half of a key; a symmetric key has none and stays as it is."""
    key = import_key(dict(jwk))
    return dict(key.as_dict() if isinstance(key, OctKey) else key.as_dict(private=False))


def derived_kid(key: Key, id_type: str, now: float) -> str | None:
    """The kid by ``keyIdType``; None for ``NONE``."""
    when = datetime.fromtimestamp(now, UTC)
    if id_type == "SHA256":
        return str(key.thumbprint())
    if id_type == "SHA1":
        return hashlib.sha1(key.thumbprint().encode(), usedforsecurity=False).hexdigest()
    if id_type == "ISO_DATE":
        return when.isoformat(timespec="milliseconds")
    return str(int(now * 1000)) if id_type == "TIMESTAMP" else None


def fingerprint(parts: Iterable[str]) -> str:
    """A stable id of the form that the API's ids have (24 hexadecimal digits)."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:24]
