"""Specs of `spec.generate` that the API server accepts and refuses, with the refusals word for word."""

from __future__ import annotations

from typing import Any

from crd.case import Case, Spec, jwk

RSA: Spec = {"type": "RSA", "rsa": {"keySize": 2048}}
GENERATE: Spec = {"sourceType": "GENERATE", "generate": RSA}
ECDH = (
    "ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A192KW, ECDH-ES+A256KW, ECDH-1PU, ECDH-1PU+A128KW, ECDH-1PU+A192KW, "
    "ECDH-1PU+A256KW"
)
OCT_WRAP = (
    "A128KW, A192KW, A256KW, A128GCMKW, A192GCMKW, A256GCMKW, DIR, PBES2-HS256+A128KW, PBES2-HS384+A192KW, "
    "PBES2-HS512+A256KW"
)

EC_OPTION = {"curveType": "P256"}
OCT_OPTION = {"keySize": 256}
OKP_OPTION = {"curveType": "ED25519"}


def generate(key_type: str, option: str, options: Spec, **more: Any) -> Spec:
    """Return a spec that lets Apinizer make a key."""
    return {"sourceType": "GENERATE", "generate": {"type": key_type, option: options, **more}}


GENERATE_GOOD: tuple[Case, ...] = (
    jwk("generate-rsa", GENERATE),
    jwk("generate-ec", generate("EC", "ec", EC_OPTION, algorithm="ES256", keyUseType="SIGNATURE")),
    jwk("generate-oct", generate("OCT", "oct", OCT_OPTION, algorithm="A256KW", keyUseType="ENCRYPTION")),
    jwk("generate-okp", generate("OKP", "okp", OKP_OPTION, algorithm="EdDSA", keyIdType="NONE")),
    jwk("generate-ec-curve", generate("EC", "ec", {"curveType": "SECP256K1"}, algorithm="ES256K")),
    jwk(
        "generate-ec-agreement",
        generate("EC", "ec", {"curveType": "P384"}, algorithm="ECDH_ES", keyUseType="ENCRYPTION"),
    ),
    jwk("generate-oct-signature", generate("OCT", "oct", {"keySize": 128}, algorithm="HS512")),
    jwk(
        "generate-oct-password",
        generate("OCT", "oct", {"keySize": 128}, algorithm="PBES2_HS512_A256KW", keyUseType="ENCRYPTION"),
    ),
    jwk("generate-okp-agreement", generate("OKP", "okp", {"curveType": "X25519"}, keyUseType="ENCRYPTION")),
    jwk("generate-okp-without-algorithm", generate("OKP", "okp", {"curveType": "X25519"})),
    jwk(
        "generate-oct-wrap",
        generate("OCT", "oct", {"keySize": 256}, keyUseType="ENCRYPTION", algorithm="A128KW"),
    ),
    jwk("generate-times", generate("RSA", "rsa", {"keySize": 4096}, notBeforeTime="2028-02-29T00:00:00Z")),
    jwk(
        "generate-times-ordered",
        generate(
            "RSA",
            "rsa",
            {"keySize": 2048},
            notBeforeTime="2027-01-31T00:30:00+01:00",
            expirationTime="2027-01-31T00:00:00.5",
        ),
    ),
)

_OPTIONS: dict[str, tuple[str, Spec, str]] = {
    "RSA": ("rsa", {"keySize": 2048}, "keySize: 2048"),
    "EC": ("ec", EC_OPTION, "curveType: P256"),
    "OCT": ("oct", OCT_OPTION, "keySize: 256"),
    "OKP": ("okp", OKP_OPTION, "curveType: ED25519"),
}
ECDH_GENERATE = ECDH.replace("-", "_").replace("+", "_")
_FITTING = {
    ("RSA", "SIGNATURE"): "one of RSA256, RSA384, RSA512, PS256, PS384, PS512",
    ("EC", "SIGNATURE"): "one of ES256, ES384, ES512, ES256K",
    ("OCT", "SIGNATURE"): "one of HS256, HS384, HS512",
    ("OKP", "SIGNATURE"): "EdDSA",
    ("RSA", "ENCRYPTION"): "one of RSA1_5, RSA_OAEP, RSA_OAEP_256, RSA_OAEP_384, RSA_OAEP_512",
    ("EC", "ENCRYPTION"): f"one of {ECDH_GENERATE}",
    ("OCT", "ENCRYPTION"): f"one of {OCT_WRAP.replace('-', '_').replace('+', '_')}",
    ("OKP", "ENCRYPTION"): f"one of {ECDH_GENERATE}",
}


def _time(name: str, value: str) -> Case:
    return jwk(
        f"generate-{name}-{value}",
        {"sourceType": "GENERATE", "generate": {**RSA, name: value}},
        f'spec.generate.{name}: Invalid value: "{value}": spec.generate.{name} must be an ISO 8601 time: write it as '
        "2027-01-31T00:00:00Z",
    )


_CURVES = {"P256": "ES256", "P384": "ES384", "P521": "ES512", "SECP256K1": "ES256K"}
_AGREEMENT = ECDH_GENERATE.split(", ")


def _curve(key_type: str, chosen: str, algorithm: str, needed: str, what: str) -> Case:
    option = key_type.lower()
    use = "ENCRYPTION" if what == "key agreement" else "SIGNATURE"
    return jwk(
        f"generate-curve-{chosen}-{algorithm}",
        generate(key_type, option, {"curveType": chosen}, algorithm=algorithm, keyUseType=use),
        f"spec.generate.algorithm: Invalid value: spec.generate.algorithm: {what} needs "
        f"spec.generate.{option}.curveType {needed}: set that, or another algorithm",
    )


_IMPOSSIBLE = (
    *(
        _curve("EC", chosen, algorithm, needed, algorithm)
        for needed, algorithm in _CURVES.items()
        for chosen in _CURVES
        if chosen != needed
    ),
    *(_curve("OKP", "ED25519", algorithm, "X25519", "key agreement") for algorithm in _AGREEMENT),
    _curve("OKP", "X25519", "EdDSA", "ED25519", "EdDSA"),
)

GENERATE_BAD: tuple[Case, ...] = (
    *_IMPOSSIBLE,
    *(
        jwk(
            f"generate-needs-{option}",
            {"sourceType": "GENERATE", "generate": {"type": key_type}},
            f"spec.generate.{option}: Required value: spec.generate.{option} is needed for type {key_type}: set it "
            f"to the key's options, such as {example}",
        )
        for key_type, (option, _, example) in _OPTIONS.items()
    ),
    *(
        jwk(
            f"generate-foreign-{option}",
            {"sourceType": "GENERATE", "generate": {**base, option: options}},
            f"spec.generate.{option}: Forbidden: spec.generate.{option} belongs to type {key_type}; remove it "
            "or change spec.generate.type",
        )
        for key_type, (option, options, _) in _OPTIONS.items()
        for base in ({"type": "EC", "ec": EC_OPTION} if key_type == "RSA" else RSA,)
    ),
    *(
        jwk(
            f"generate-algorithm-{key_type}-{use}",
            generate(key_type, _OPTIONS[key_type][0], _OPTIONS[key_type][1], keyUseType=use, algorithm="RS256"),
            f"spec.generate.algorithm: Invalid value: spec.generate.algorithm must fit type {key_type} and "
            f"keyUseType {use}: use {fitting}",
        )
        for (key_type, use), fitting in _FITTING.items()
    ),
    *(
        _time("notBeforeTime", value)
        for value in ("tomorrow", "2027-01-31", "2027-02-29T00:00:00Z", "2027-04-31T00:00:00Z", "2027-01-31T24:00:00Z")
    ),
    _time("expirationTime", "2027-01-31 00:00:00"),
    jwk(
        "generate-times-reversed",
        {
            "sourceType": "GENERATE",
            "generate": {
                **RSA,
                "notBeforeTime": "2027-01-31T00:00:00",
                "expirationTime": "2027-01-31T01:00:00+02:00",
            },
        },
        "spec.generate.expirationTime: Invalid value: spec.generate.expirationTime must be after "
        "spec.generate.notBeforeTime: set a later expirationTime",
    ),
)
