"""Validation rules of `spec.generate`: options that fit the type of the key."""

from __future__ import annotations

from collections.abc import Iterator

from jwk_operator.api.algorithms import GENERATE_ALGORITHMS, KeyType, UseType
from jwk_operator.api.rules import FORBIDDEN, REQUIRED, Rule, cel_list, cel_string

_AT = "spec.generate"
_OPTIONS = {
    KeyType.RSA: ("rsa", "keySize: 2048"),
    KeyType.EC: ("ec", "curveType: P256"),
    KeyType.OCT: ("oct", "keySize: 256"),
    KeyType.OKP: ("okp", "curveType: ED25519"),
}

_LEAP_YEAR = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
_DATE = (
    r"([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP_YEAR}-02-29)"
)
ISO_8601_PATTERN = (
    rf"^{_DATE}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{{1,9}})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$"
)


def _option_rules() -> Iterator[Rule]:
    for key_type, (option, example) in _OPTIONS.items():
        yield Rule(
            _AT,
            f"self.type != {cel_string(key_type)} || has(self.{option})",
            f"spec.generate.{option} is needed for type {key_type}: set it to the key's options, such as {example}",
            f".{option}",
            REQUIRED,
        )
        yield Rule(
            _AT,
            f"self.type == {cel_string(key_type)} || !has(self.{option})",
            f"spec.generate.{option} belongs to type {key_type}; remove it or change spec.generate.type",
            f".{option}",
            FORBIDDEN,
        )


def _algorithm_rules() -> Iterator[Rule]:
    for use, by_type in GENERATE_ALGORITHMS.items():
        other_use = (
            "has(self.keyUseType) && self.keyUseType == 'ENCRYPTION'"
            if use is UseType.SIGNATURE
            else "!has(self.keyUseType) || self.keyUseType != 'ENCRYPTION'"
        )
        for key_type, names in by_type.items():
            allowed = f"use one of {', '.join(names)}" if len(names) > 1 else f"use {names[0]}"
            yield Rule(
                _AT,
                f"!has(self.algorithm) || self.type != {cel_string(key_type)} || ({other_use})"
                f" || self.algorithm in {cel_list(names)}",
                f"spec.generate.algorithm must fit type {key_type} and keyUseType {use}: {allowed}",
                ".algorithm",
            )


# Which curve or size of key an algorithm needs by its definition: RFC 7518 section 3.4 and RFC 8812 section 3.2 for
# signatures, RFC 7518 sections 4.4 and 4.7 for key wrapping. Elsewhere Apinizer decides what goes together: it lists
# HS384 and HS512 for keys that RFC 7518 section 3.2 calls too short, and says nothing of ECDH on SECP256K1.
_CURVES = {"P256": ("ES256",), "P384": ("ES384",), "P521": ("ES512",), "SECP256K1": ("ES256K",)}
_SIZES = {str(size): (f"A{size}KW", f"A{size}GCMKW") for size in (128, 192, 256)}


def _fitting_rules() -> Iterator[Rule]:
    for key_type, option, needs in ((KeyType.EC, "curveType", _CURVES), (KeyType.OCT, "keySize", _SIZES)):
        place = f"{_OPTIONS[key_type][0]}.{option}"
        pairs = ", ".join(
            f"{cel_string(name)}: {cel_string(value)}" for value, names in needs.items() for name in names
        )
        remedy = ", ".join(f"{' or '.join(names)} with {value}" for value, names in needs.items())
        yield Rule(
            _AT,
            f"!has(self.algorithm) || self.type != {cel_string(key_type)} || !has(self.{_OPTIONS[key_type][0]})"
            f" || !(self.algorithm in {{{pairs}}}) || {{{pairs}}}[self.algorithm] == string(self.{place})",
            f"spec.generate.algorithm must fit spec.generate.{place}: use {remedy}",
            ".algorithm",
        )


# RFC 8037: Ed25519 can only sign (section 3.1), X25519 can only agree on keys (section 3.2).
_OKP_USES = (
    ("ED25519", UseType.SIGNATURE, "leave it out or choose curveType X25519"),
    ("X25519", UseType.ENCRYPTION, "set it to ENCRYPTION or choose curveType ED25519"),
)


def _use_rules() -> Iterator[Rule]:
    for curve, use, remedy in _OKP_USES:
        used = "(has(self.keyUseType) ? self.keyUseType : 'SIGNATURE')"
        yield Rule(
            _AT,
            f"self.type != 'OKP' || !has(self.okp) || self.okp.curveType != '{curve}' || {used} == {cel_string(use)}",
            f"spec.generate.keyUseType must be {use} for spec.generate.okp.curveType {curve}: {remedy}",
            ".keyUseType",
        )


def _time_rules() -> Iterator[Rule]:
    for field in ("notBeforeTime", "expirationTime"):
        yield Rule(
            f"{_AT}.{field}",
            f"self.matches({cel_string(ISO_8601_PATTERN)})",
            f"spec.generate.{field} must be an ISO 8601 time: write it as 2027-01-31T00:00:00Z",
        )
    pattern = cel_string(ISO_8601_PATTERN)
    # only times that their own rules accept are compared, and one without a zone counts as UTC
    yield Rule(
        _AT,
        "!has(self.notBeforeTime) || !has(self.expirationTime)"
        f" || !self.notBeforeTime.matches({pattern}) || !self.expirationTime.matches({pattern})"
        f" || {_as_timestamp('self.expirationTime')} > {_as_timestamp('self.notBeforeTime')}",
        "spec.generate.expirationTime must be after spec.generate.notBeforeTime: set a later expirationTime",
        ".expirationTime",
    )


def _as_timestamp(value: str) -> str:
    return f"timestamp({value}.matches('(Z|[+-][0-9]{{2}}:[0-9]{{2}})$') ? {value} : {value} + 'Z')"


GENERATE_RULES: tuple[Rule, ...] = (
    *_option_rules(),
    *_algorithm_rules(),
    *_fitting_rules(),
    *_use_rules(),
    *_time_rules(),
)
