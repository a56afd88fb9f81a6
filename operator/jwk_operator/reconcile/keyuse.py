"""Which key an algorithm takes, and what it may be used for (RFC 7518, RFC 8037, RFC 8812).

The names are those that stand in a JWK. They are Apinizer's, but for `dir`, which Apinizer calls DIR.
"""

from __future__ import annotations

from jwk_operator.api.algorithms import ALGORITHMS, KeyType, UseType

USES = {"sig": UseType.SIGNATURE, "enc": UseType.ENCRYPTION}
KTY = {KeyType.RSA: "RSA", KeyType.EC: "EC", KeyType.OCT: "oct", KeyType.OKP: "OKP"}
"""Values of `kty` by Apinizer's names for them."""

CURVES = {"EC": ("P-256", "P-384", "P-521", "secp256k1"), "OKP": ("Ed25519", "Ed448", "X25519", "X448")}
"""Curves by `kty`."""

_SIGNING_CURVES = {
    "ES256": ("P-256",),
    "ES384": ("P-384",),
    "ES512": ("P-521",),
    "ES256K": ("secp256k1",),
    "EdDSA": ("Ed25519", "Ed448"),
}
_AGREEMENT_CURVES = {"EC": ("P-256", "P-384", "P-521"), "OKP": ("X25519", "X448")}
_SIGNING_ONLY = frozenset({"secp256k1", "Ed25519", "Ed448"})
_AGREEMENT_ONLY = frozenset({"X25519", "X448"})

RSA_SIZE = 2048
"""Least size of an RSA key in bits (RFC 7518 sections 3.3 and 4.2)."""


def algorithms(kty: str, use: str | None = None) -> tuple[str, ...]:
    """Return the algorithms of a key type, all of them or those of one use."""
    names = (
        ALGORITHMS[wanted][apinizer_name]
        for apinizer_name, found in KTY.items()
        for name, wanted in USES.items()
        if found == kty and use in (None, name)
    )
    return tuple("dir" if name == "DIR" else name for group in names for name in group)


EVERY_ALGORITHM = tuple(dict.fromkeys(name for kty in KTY.values() for name in algorithms(kty)))


def fitting(kty: str, curve: str | None, use: str | None = None) -> tuple[str, ...]:
    """Return the algorithms of one use, or of both, that a key of this type and curve can have."""
    return tuple(name for name in algorithms(kty, use) if curve is None or curve in curves_of(name, kty))


def use_of(algorithm: str) -> str | None:
    """Return the `use` of an algorithm; None for an unknown one."""
    return next((use for use in USES if any(algorithm in algorithms(kty, use) for kty in KTY.values())), None)


def key_types_of(algorithm: str) -> tuple[str, ...]:
    """Return the values of `kty` that an algorithm takes; empty for an unknown one."""
    return tuple(kty for kty in KTY.values() if algorithm in algorithms(kty))


def curves_of(algorithm: str, kty: str) -> tuple[str, ...]:
    """Return the curves that an algorithm takes with a key type that has curves."""
    return _SIGNING_CURVES.get(algorithm) or _AGREEMENT_CURVES.get(kty, ())


def uses_of(curve: str | None) -> tuple[str, ...]:
    """Return the uses that a key on this curve can have; None is a key without a curve."""
    if curve in _SIGNING_ONLY:
        return ("sig",)
    return ("enc",) if curve in _AGREEMENT_ONLY else tuple(USES)


def oct_bits(algorithm: str) -> tuple[int, ...] | None:
    """Return the sizes in bits that a symmetric key must have for an algorithm; None where any will do.

    HMAC takes longer keys as well (RFC 7518 section 3.2), and PBES2 takes a password.
    """
    if algorithm == "dir":
        return (128, 192, 256, 384, 512)
    if algorithm in ("A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW"):
        return (int(algorithm[1:4]),)
    return None


def hmac_bits(algorithm: str) -> int | None:
    """Return the least size in bits of a key for HMAC (RFC 7518 section 3.2); None for what is no HMAC."""
    return int(algorithm[2:]) if algorithm in ("HS256", "HS384", "HS512") else None
