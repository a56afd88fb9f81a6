"""The certificates that a JWK carries in `x5c` (RFC 7517 section 4.7)."""

from __future__ import annotations

import base64
import hashlib
import warnings
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from joserfc.errors import SecurityWarning
from joserfc.jwk import import_key

_MOST = 100
_PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "n", "e")


def certificates(members: Mapping[str, Any]) -> list[x509.Certificate]:
    """Return the chain in `x5c`, that of the key first; empty without one. Raises ValueError, with no value in it."""
    chain = members.get("x5c", [])
    if not isinstance(chain, list) or len(chain) > _MOST:
        raise ValueError("must be an array of certificates")
    return [_certificate(item) for item in chain]


def _certificate(text: Any) -> x509.Certificate:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)  # an odd certificate is still to be shown
            found = x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
            _ = found.subject, found.not_valid_before_utc, found.not_valid_after_utc  # parsed only when asked for
            return found
    except (TypeError, ValueError):
        raise ValueError("must hold certificates as base64 of DER, not base64url and not PEM") from None


def subject(certificate: x509.Certificate) -> str:
    """Return a certificate's subject (RFC 4514), or its serial number where it has none; fit for a terminal."""
    named = certificate.subject.rfc4514_string() or f"serial number {certificate.serial_number:x}"
    return "".join(letter if letter.isprintable() else "?" for letter in named)


def belongs(certificate: x509.Certificate, members: Mapping[str, Any]) -> bool:
    """Whether a certificate is of this key."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            key = import_key({name: members[name] for name in _PUBLIC_MEMBERS if name in members})
        return bool(key.raw_value == certificate.public_key())
    except Exception:  # errors of several libraries come through
        return False


def digests(certificate: x509.Certificate) -> dict[str, str]:
    """Return what `x5t` and `x5t#S256` of a key with this certificate have to be (RFC 7517 sections 4.8 and 4.9)."""
    der = certificate.public_bytes(Encoding.DER)
    made = {"x5t": hashlib.sha1(der, usedforsecurity=False), "x5t#S256": hashlib.sha256(der)}
    return {name: base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode() for name, digest in made.items()}


def untimely(certificate: x509.Certificate, now: datetime) -> str | None:
    """Return what is wrong with a certificate's time, in words that go behind its name; None while it is valid."""
    if now > certificate.not_valid_after_utc:
        return f"expired at {certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    if now < certificate.not_valid_before_utc:
        return f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"
    return None
