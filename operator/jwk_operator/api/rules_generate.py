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


# Which curve an algorithm needs by its definition: RFC 7518 section 3.4 and RFC 8812 section 3.2 for ECDSA, RFC 8037
# sections 3.1 and 3.2 for OKP. What else goes together, and what a key is for without an algorithm, Apinizer decides.
_AGREEMENT = GENERATE_ALGORITHMS[UseType.ENCRYPTION][KeyType.OKP]
_CURVES: dict[KeyType, dict[str, tuple[str, ...]]] = {
    KeyType.EC: {"P256": ("ES256",), "P384": ("ES384",), "P521": ("ES512",), "SECP256K1": ("ES256K",)},
    KeyType.OKP: {"ED25519": ("EdDSA",), "X25519": _AGREEMENT},
}


def _curve_rules() -> Iterator[Rule]:
    for key_type, needs in _CURVES.items():
        option = _OPTIONS[key_type][0]
        for curve, names in needs.items():
            yield Rule(
                _AT,
                f"!has(self.algorithm) || self.type != {cel_string(key_type)} || !has(self.{option})"
                f" || !(self.algorithm in {cel_list(names)}) || self.{option}.curveType == {cel_string(curve)}",
                f"spec.generate.algorithm: {_several(names)} needs spec.generate.{option}.curveType {curve}: set that, "
                "or another algorithm",
                ".algorithm",
            )


def _several(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else "key agreement"


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
    *_curve_rules(),
    *_time_rules(),
)
