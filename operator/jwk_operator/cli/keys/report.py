"""What is told of a key: never a private value, and of the public ones only what identifies it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from jwk_operator.cli.wording import printable
from jwk_operator.reconcile import keyuse
from jwk_operator.reconcile.keycertificates import certificates, subject
from jwk_operator.reconcile.keymaterial import PRIVATE_MEMBERS, InvalidKeyError, check_key
from jwk_operator.reconcile.keyreview import OPERATIONS, Remark, bits, review

Members = Mapping[str, Any]

_OPERATIONS = tuple(name for operations in OPERATIONS.values() for name in operations)


@dataclass(frozen=True, slots=True)
class KeyReport:
    """One key. What it says of itself is None where it says nothing, or nothing that is known as such."""

    where: str
    type: str | None
    size: int | None
    curve: str | None
    kid: str | None
    use: str | None
    alg: str | None
    key_ops: tuple[str, ...] | None
    thumbprint: str | None
    private_members: tuple[str, ...]
    certificates: tuple[tuple[str, datetime], ...]
    chosen: bool
    remarks: tuple[Remark, ...]

    @property
    def valid(self) -> bool:
        """Whether the operator takes it, and it can be used as it says."""
        return not any(remark.level == "error" for remark in self.remarks)

    def as_json(self) -> dict[str, Any]:
        """Return it for `--output json`."""
        return {
            "where": self.where,
            "type": self.type,
            "size": self.size,
            "curve": self.curve,
            "kid": self.kid,
            "use": self.use,
            "alg": self.alg,
            "keyOps": self.key_ops,
            "thumbprint": self.thumbprint,
            "private": bool(self.private_members),
            "privateMembers": self.private_members,
            "certificates": [{"subject": name, "notAfter": _time(end)} for name, end in self.certificates],
            "chosen": self.chosen,
            "valid": self.valid,
            "remarks": [{"level": item.level, "id": item.id, "message": item.message} for item in self.remarks],
        }

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield what stands in the text, by the name of each line."""
        form = self.curve or (f"{self.size} bits" if self.size else None)
        yield "type", ", ".join(filter(None, (self.type or "unknown", form)))
        yield "kid", printable(self.kid) if self.kid else "none"
        for name, value in (("use", self.use), ("alg", self.alg), ("key_ops", " ".join(self.key_ops or ()))):
            if value:
                yield name, value
        if self.thumbprint:
            yield "thumbprint", f"{self.thumbprint} (SHA-256)"
        elif self.type == "oct":
            yield "thumbprint", "none: whoever saw that of a secret key could test guesses of it"
        yield "holds", _holds(self.type, self.private_members)
        for name, end in self.certificates:
            yield "certificate", f"{name}, until {_time(end)}"
        if self.chosen:
            yield "chosen", "by spec.kid"
        for remark in self.remarks:
            yield remark.level, remark.message


def report_all(
    where: str, keys: Sequence[Members], now: datetime, kid: str | None = None, *, named: bool = True
) -> list[KeyReport]:
    """Return a report of each key. `kid` is what chooses one of them; `named` is whether they should have one."""
    several = len(keys) > 1
    same = Counter(key["kid"] for key in keys if isinstance(key.get("kid"), str))
    return [
        _report(
            f"{where}, {number} of {len(keys)}" if several else where,
            key,
            now,
            several and kid is not None and key.get("kid") == kid,
            [*_within_set(key, same)] if several and named else [],
        )
        for number, key in enumerate(keys, start=1)
    ]


def _within_set(key: Members, same: Mapping[str, int]) -> Iterator[Remark]:
    kid = key.get("kid")
    if kid is None:
        yield Remark("warning", "no-kid", "the key has no kid, so that spec.kid cannot choose it; give it one")
    elif isinstance(kid, str) and same[kid] > 1:
        yield Remark("error", "same-kid", "another key of the set has the same kid; make it unique")


def _report(where: str, key: Members, now: datetime, chosen: bool, within: list[Remark]) -> KeyReport:
    thumbprint, problems = None, list[Remark]()
    try:
        thumbprint = check_key(key).thumbprint
    except InvalidKeyError as error:
        problems = [Remark("error", "invalid-key", str(error))]
    kty = _known(key, "kty", tuple(keyuse.KTY.values()))
    return KeyReport(
        where=where,
        type=kty,
        size=bits(key),
        curve=_known(key, "crv", keyuse.CURVES.get(kty or "", ())),
        kid=key["kid"] if isinstance(key.get("kid"), str) else None,
        use=_known(key, "use", tuple(keyuse.USES)),
        alg=_known(key, "alg", keyuse.EVERY_ALGORITHM),
        key_ops=_key_ops(key.get("key_ops")),
        thumbprint=thumbprint,
        private_members=tuple(name for name in key if name in PRIVATE_MEMBERS),
        certificates=tuple((subject(item), item.not_valid_after_utc) for item in _chain(key)),
        chosen=chosen,
        remarks=(*problems, *within, *review(key, now)),
    )


def _known(key: Members, name: str, values: Sequence[str]) -> str | None:
    """A value is told only when it is known as such: a broken document may have a secret in its place."""
    value = key.get(name)
    return value if isinstance(value, str) and value in values else None


def _key_ops(given: Any) -> tuple[str, ...] | None:
    return tuple(name for name in given if name in _OPERATIONS) if isinstance(given, list) else None


def _chain(key: Members) -> list[x509.Certificate]:
    try:
        return certificates(key)
    except ValueError:
        return []


def _holds(kty: str | None, private: Sequence[str]) -> str:
    named = ", ".join(private)
    if kty == "oct":
        return f"a secret key ({named})" if private else "no key"
    return f"a private key ({named})" if private else "a public key"


def _time(value: datetime) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}"
