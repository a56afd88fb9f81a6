"""Which algorithm fits which key type and use (contract: "Algorithms by key type and use" and "Generate")."""

from collections.abc import Mapping

KEY_TYPES = ("RSA", "EC", "OCT", "OKP")
USE_TYPES = ("SIGNATURE", "ENCRYPTION")

_WRAPS = ("A128KW", "A192KW", "A256KW")
_AGREEMENT = tuple(base + wrap for base in ("ECDH-ES", "ECDH-1PU") for wrap in ("", *(f"+{w}" for w in _WRAPS)))

#: Algorithm names of the create call.
ALGORITHMS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("RSA", "SIGNATURE"): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("RSA", "ENCRYPTION"): ("RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"),
    ("EC", "SIGNATURE"): ("ES256", "ES384", "ES512", "ES256K"),
    ("EC", "ENCRYPTION"): _AGREEMENT,
    ("OCT", "SIGNATURE"): ("HS256", "HS384", "HS512"),
    ("OCT", "ENCRYPTION"): (
        *_WRAPS,
        *("A128GCMKW", "A192GCMKW", "A256GCMKW", "DIR"),
        *("PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW"),
    ),
    ("OKP", "SIGNATURE"): ("EdDSA",),
    ("OKP", "ENCRYPTION"): _AGREEMENT,
}

#: Every algorithm name of the create call.
KNOWN = frozenset(name for names in ALGORITHMS.values() for name in names)

_CURVE_OF_SIGNATURE = {"ES256": "P256", "ES384": "P384", "ES512": "P521", "ES256K": "SECP256K1", "EdDSA": "ED25519"}


def _generate_name(name: str) -> str:
    if name.startswith("RS") and name[2:].isdigit():
        return f"RSA{name[2:]}"
    return name.replace("-", "_").replace("+", "_")


#: The generate call's own names, by key type and use, each with the name that the create call has for it.
GENERATE_ALGORITHMS: Mapping[tuple[str, str], Mapping[str, str]] = {
    key: {_generate_name(name): name for name in names} for key, names in ALGORITHMS.items()
}


def curve_fits(algorithm: str, curve: str) -> bool:
    """Whether a curve can carry an algorithm (RFC 7518 section 3.4, RFC 8812 section 3.2, RFC 8037 section 3)."""
    needed = _CURVE_OF_SIGNATURE.get(algorithm)
    return curve == needed if needed else curve != "ED25519"


def jose_name(algorithm: str) -> str:
    """The registered ``alg`` value (RFC 7518 section 4.1 writes ``dir`` in lower case)."""
    return "dir" if algorithm == "DIR" else algorithm
