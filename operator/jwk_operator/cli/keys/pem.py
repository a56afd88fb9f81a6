"""Keys and certificates as PEM, turned into the members of a JWK."""

from __future__ import annotations

import base64
import re
import warnings
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, load_pem_public_key
from joserfc.jwk import ECKey, OKPKey, RSAKey

from jwk_operator.reconcile.keymaterial import InvalidKeyError

Members = dict[str, Any]

START = "-----BEGIN "
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_RSA = (rsa.RSAPrivateKey, rsa.RSAPublicKey)
_EC = (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)
_OKP_PRIVATE = (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey, x25519.X25519PrivateKey, x448.X448PrivateKey)
_OKP_PUBLIC = (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey, x25519.X25519PublicKey, x448.X448PublicKey)


def keys_of(text: str) -> list[Members]:
    """Return each key, and last the key that a chain of certificates is of. Raises `InvalidKeyError`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is weak or odd is still to be looked at, and judged elsewhere
        return _keys_of(text)


def _keys_of(text: str) -> list[Members]:
    keys, chain = list[Members](), list[x509.Certificate]()
    for found in _BLOCK.finditer(text):
        kind, block = found[1], found[0].encode()
        if kind == "CERTIFICATE":
            chain.append(_loaded(x509.load_pem_x509_certificate, block, kind))
        elif kind.endswith("PRIVATE KEY"):
            keys.append(_members(_loaded(_private_key, block, kind)))
        elif kind.endswith("PUBLIC KEY"):
            keys.append(_members(_loaded(load_pem_public_key, block, kind)))
    if chain:
        key = _loaded(lambda _: chain[0].public_key(), b"", "CERTIFICATE")
        x5c = [base64.b64encode(item.public_bytes(Encoding.DER)).decode() for item in chain]
        keys.append({**_members(key), "x5c": x5c})
    if not keys:
        raise InvalidKeyError("the PEM holds neither a key nor a certificate that is whole")
    return keys


def _private_key(block: bytes) -> Any:
    return load_pem_private_key(block, password=None)


def _loaded(load: Callable[[bytes], Any], block: bytes, kind: str) -> Any:
    try:
        return load(block)
    except TypeError:
        raise InvalidKeyError("the PEM is encrypted; decrypt it first: openssl pkey -in FILE") from None
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidKeyError(f"the PEM's {kind} cannot be read; export it again") from None


def _members(key: Any) -> Members:
    if isinstance(key, _RSA):
        return dict(RSAKey.import_key(key).as_dict(private=isinstance(key, rsa.RSAPrivateKey)))
    if isinstance(key, _EC) and key.curve.name in ("secp256r1", "secp384r1", "secp521r1", "secp256k1"):
        return dict(ECKey.import_key(key).as_dict(private=isinstance(key, ec.EllipticCurvePrivateKey)))
    if isinstance(key, (*_OKP_PRIVATE, *_OKP_PUBLIC)):
        return dict(OKPKey.import_key(key).as_dict(private=isinstance(key, _OKP_PRIVATE)))
    raise InvalidKeyError("the PEM holds a key of a type that no JWK can have; RSA, EC and OKP can be in one")
