"""Algorithms by key type and use, as the create call names them (Apinizer Management API, JWK create page)."""

from __future__ import annotations

from enum import StrEnum


class KeyType(StrEnum):
    """Apinizer's name of a key type; RFC 7517 section 4.1 calls the same thing `kty`."""

    RSA = "RSA"
    EC = "EC"
    OCT = "OCT"
    OKP = "OKP"


class UseType(StrEnum):
    """What a key is for."""

    SIGNATURE = "SIGNATURE"
    ENCRYPTION = "ENCRYPTION"


_ECDH = (
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "ECDH-1PU",
    "ECDH-1PU+A128KW",
    "ECDH-1PU+A192KW",
    "ECDH-1PU+A256KW",
)

ALGORITHMS: dict[UseType, dict[KeyType, tuple[str, ...]]] = {
    UseType.SIGNATURE: {
        KeyType.RSA: ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        KeyType.EC: ("ES256", "ES384", "ES512", "ES256K"),
        KeyType.OCT: ("HS256", "HS384", "HS512"),
        KeyType.OKP: ("EdDSA",),
    },
    UseType.ENCRYPTION: {
        KeyType.RSA: ("RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"),
        KeyType.EC: _ECDH,
        KeyType.OCT: (
            "A128KW",
            "A192KW",
            "A256KW",
            "A128GCMKW",
            "A192GCMKW",
            "A256GCMKW",
            "DIR",
            "PBES2-HS256+A128KW",
            "PBES2-HS384+A192KW",
            "PBES2-HS512+A256KW",
        ),
        KeyType.OKP: _ECDH,
    },
}

DEPRECATED = frozenset({"RSA1_5", "RSA-OAEP"})


def algorithms_for(use: UseType) -> tuple[str, ...]:
    """Return every algorithm of a use once, in the order of the reference."""
    return tuple(dict.fromkeys(name for names in ALGORITHMS[use].values() for name in names))


def key_types_of(algorithm: str) -> frozenset[KeyType]:
    """Return the key types that an algorithm can have; empty for an unknown one."""
    return frozenset(
        key_type for by_type in ALGORITHMS.values() for key_type, names in by_type.items() if algorithm in names
    )


def generate_spelling(algorithm: str) -> str:
    """Return the generate call's name of an algorithm that the create call names so: RS256 is RSA256 there."""
    if algorithm in ("RS256", "RS384", "RS512"):
        return "RSA" + algorithm.removeprefix("RS")
    return algorithm.replace("-", "_").replace("+", "_")


def create_spelling(algorithm: str) -> str | None:
    """Return the create call's name of an algorithm that the generate call names so; None for an unknown one."""
    return _CREATE_SPELLING.get(algorithm)


GENERATE_ALGORITHMS: dict[UseType, dict[KeyType, tuple[str, ...]]] = {
    use: {key_type: tuple(generate_spelling(name) for name in names) for key_type, names in by_type.items()}
    for use, by_type in ALGORITHMS.items()
}

_CREATE_SPELLING = {
    generate_spelling(name): name for by_type in ALGORITHMS.values() for names in by_type.values() for name in names
}
