"""Values that only the controller of Sealed Secrets can read, sealed as `kubeseal` does it.

A value is a random key under RSA-OAEP (SHA-256) with its length in two bytes before it, and then the value under that
key by AES-256-GCM with a nonce of zeros, since the key is used once. The label of RSA-OAEP binds it to a place: to
namespace and name, to the namespace, or to nothing.
"""

from __future__ import annotations

import base64
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

STRICT, NAMESPACE_WIDE, CLUSTER_WIDE = "strict", "namespace-wide", "cluster-wide"
SCOPES = (STRICT, NAMESPACE_WIDE, CLUSTER_WIDE)

_KEY_BITS = 256
_NONCE = bytes(12)
_FETCH = "fetch it anew: kubeseal --fetch-cert"


class CertificateError(ValueError):
    """Nothing can be sealed with this certificate; the text says why, and what helps."""


def public_key(pem: bytes, now: datetime) -> rsa.RSAPublicKey:
    """Return the key of a controller's certificate, the first one of several. Raises `CertificateError`."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise CertificateError(f"is no certificate as PEM; {_FETCH}") from None
    if certificate.not_valid_after_utc < now:
        raise CertificateError(f"expired at {certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}; {_FETCH}")
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise CertificateError(f"has no RSA key, so it is not the controller's; {_FETCH}")
    return key


def seal(key: rsa.RSAPublicKey, value: str, scope: str, namespace: str | None, name: str) -> str:
    """Return a value for `spec.encryptedData`."""
    label = {STRICT: f"{namespace}/{name}", NAMESPACE_WIDE: namespace or "", CLUSTER_WIDE: ""}[scope]
    once = AESGCM.generate_key(_KEY_BITS)
    wrapped = key.encrypt(once, padding.OAEP(padding.MGF1(SHA256()), SHA256(), label.encode()))
    sealed = AESGCM(once).encrypt(_NONCE, value.encode(), None)
    return base64.b64encode(len(wrapped).to_bytes(2) + wrapped + sealed).decode()
