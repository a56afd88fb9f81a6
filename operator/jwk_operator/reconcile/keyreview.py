"""What is weak or contradicts itself in a JWK that can be read: no rule refuses it, and a person wants to know.

An error says that the key cannot be used as it says of itself; a warning that it can, but had better not be. No message
contains a member's value, but for algorithms, curves and uses that are known as such, and what certificates tell.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from jwk_operator.api.algorithms import DEPRECATED
from jwk_operator.reconcile import keyuse
from jwk_operator.reconcile.keycertificates import belongs, certificates, digests, subject, untimely

OPERATIONS = {
    "sig": frozenset({"sign", "verify"}),
    "enc": frozenset({"encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"}),
}
_PRIVATE_OPERATIONS = frozenset({"sign", "decrypt", "unwrapKey"})
_LEAST_OCT_BITS = 112

Members = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is to be said of a key. `id` stays the same whatever the words."""

    level: Literal["error", "warning"]
    id: str
    message: str


def review(jwk_members: Members, now: datetime) -> list[Remark]:
    """Return what is to be said of one JWK, in a settled order; members of a wrong kind are left to `inspect_key`."""
    return [remark for check in _CHECKS for remark in check(jwk_members, now)]


def bits(members: Members) -> int | None:
    """Return the size of an RSA or symmetric key in bits; None for other keys and for what cannot be read."""
    name = {"RSA": "n", "oct": "k"}.get(_text(members, "kty") or "")
    value = _text(members, name) if name else None
    try:
        content = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)) if value else None
    except ValueError:
        return None
    if content is None:
        return None
    return int.from_bytes(content).bit_length() if name == "n" else 8 * len(content)


def _size(members: Members, _: datetime) -> Iterator[Remark]:
    size, alg = bits(members), _text(members, "alg")
    if size is None:
        return
    if members["kty"] == "RSA":
        if size < keyuse.RSA_SIZE:
            yield Remark(
                "warning",
                "weak-rsa",
                f"the RSA key has {size} bits, and fewer than {keyuse.RSA_SIZE} can be broken;"
                f" make a new one of {keyuse.RSA_SIZE} or more (RFC 7518 section 3.3)",
            )
        return
    yield from _oct_size(size, alg)


def _oct_size(size: int, alg: str | None) -> Iterator[Remark]:
    least, exact = keyuse.hmac_bits(alg or ""), keyuse.oct_bits(alg or "")
    if least is not None and size < least:
        yield Remark(
            "warning",
            "short-oct",
            f"the key has {size} bits, and {alg} needs {least} or more; make a new one (RFC 7518 section 3.2)",
        )
    elif exact is not None and size not in exact:
        wanted = " or ".join(map(str, exact))
        yield Remark(
            "error",
            "oct-size",
            f"the key has {size} bits, and {alg} takes {wanted} alone; make a new one, or correct member alg",
        )
    elif least is None and exact is None and size < _LEAST_OCT_BITS:
        yield Remark("warning", "short-oct", f"the key has {size} bits, which can be guessed; make one of 256 bits")


def _algorithm(members: Members, _: datetime) -> Iterator[Remark]:
    alg, kty, curve = _text(members, "alg"), _text(members, "kty"), _curve(members)
    if alg is None or kty not in keyuse.KTY.values():
        return
    wanted = keyuse.key_types_of(alg)
    if not wanted:
        yield _unknown_algorithm(alg)
    elif kty not in wanted:
        yield Remark(
            "error",
            "alg-kty",
            f"member alg says {alg}, which needs a key of type {' or '.join(wanted)}, and this one is {kty};"
            f" correct member alg or leave it out (RFC 7518)",
        )
    elif curve is not None and alg not in keyuse.fitting(kty, curve):
        yield Remark(
            "error",
            "alg-crv",
            f"member alg says {alg}, which needs the curve {' or '.join(keyuse.curves_of(alg, kty))}, and this key's is"
            f" {curve}; a key on {curve} can have alg {', '.join(keyuse.fitting(kty, curve))}",
        )
    if alg in DEPRECATED:
        yield Remark("warning", "deprecated-alg", f"member alg says {alg}, which is deprecated; use RSA-OAEP-256")


def _unknown_algorithm(alg: str) -> Remark:
    meant = next((name for name in keyuse.EVERY_ALGORITHM if name.lower() == alg.lower()), None)
    remedy = f"did you mean {meant}?" if meant else "correct it or leave it out"
    return Remark("warning", "unknown-alg", f"member alg is no algorithm that Apinizer has for keys; {remedy}")


def _use(members: Members, _: datetime) -> Iterator[Remark]:
    use, alg = _text(members, "use"), _text(members, "alg")
    if use is None:
        return
    if use not in keyuse.USES:
        yield Remark("warning", "unknown-use", "member use is neither sig nor enc (RFC 7517 section 4.2); correct it")
        return
    possible = keyuse.uses_of(_curve(members))
    meant = keyuse.use_of(alg) if alg else None
    if use not in possible:
        yield Remark(
            "error",
            "use-crv",
            f"member use says {use}, and a key on {_curve(members)} can only be for {possible[0]}; correct member use",
        )
    elif meant not in (None, use):
        yield Remark(
            "error",
            "use-alg",
            f"member use says {use}, and member alg says {alg}, which is for {meant}; correct one of them",
        )


def _operations(members: Members, _: datetime) -> Iterator[Remark]:
    given = members.get("key_ops")
    if not isinstance(given, list):
        return
    asked = {name for name in given if isinstance(name, str)}
    unknown = asked.difference(*OPERATIONS.values())
    if unknown:
        yield Remark(
            "warning",
            "unknown-key-ops",
            "member key_ops names an operation that RFC 7517 section 4.3 does not have; correct it or take it out",
        )
    purposes = [use for use, operations in OPERATIONS.items() if asked & operations]
    if len(purposes) > 1:
        yield Remark(
            "warning",
            "mixed-key-ops",
            "member key_ops asks for signatures and for encryption; use a key for one of them (RFC 7517 section 4.3)",
        )
    yield from _operations_against(members, asked, purposes)


def _operations_against(members: Members, asked: set[str], purposes: list[str]) -> Iterator[Remark]:
    use, alg = _text(members, "use"), _text(members, "alg")
    meant = keyuse.use_of(alg) if alg else None
    for name, purpose, said in (("use", use, f"{use}"), ("alg", meant, f"{alg}, which is for {meant}")):
        others = [item for item in purposes if purpose in keyuse.USES and item != purpose]
        if others:
            named = ", ".join(sorted(asked & OPERATIONS[others[0]]))
            yield Remark(
                "error",
                f"key-ops-{name}",
                f"member key_ops asks for {named}, and member {name} says {said}; correct one of them"
                " (RFC 7517 section 4.3)",
            )
    needing = sorted(asked & _PRIVATE_OPERATIONS)
    if needing and members.get("kty") != "oct" and "d" not in members:
        yield Remark(
            "error",
            "key-ops-public",
            f"member key_ops asks for {', '.join(needing)}, which needs a private key, and this one is public;"
            " take it out of key_ops",
        )


def _certificates(members: Members, now: datetime) -> Iterator[Remark]:
    try:
        chain = certificates(members)
    except ValueError as error:
        yield Remark("error", "x5c-unreadable", f"member x5c {error} (RFC 7517 section 4.7)")
        return
    for certificate in chain:
        problem = untimely(certificate, now)
        if problem:
            yield Remark(
                "warning",
                "x5c-expired" if problem.startswith("expired") else "x5c-not-yet",
                f"the certificate {subject(certificate)} in x5c {problem}; give one that is valid",
            )
    if not chain:
        return
    if not belongs(chain[0], members):
        yield Remark(
            "error",
            "x5c-other-key",
            "the first certificate in x5c is of another key; put that of this key first (RFC 7517 section 4.7)",
        )
    for name, digest in digests(chain[0]).items():
        if members.get(name, digest) != digest:
            yield Remark("error", f"{name}-other", f"member {name} is not the digest of the first certificate in x5c")


_CHECKS: tuple[Callable[[Members, datetime], Iterator[Remark]], ...] = (
    _size,
    _algorithm,
    _use,
    _operations,
    _certificates,
)


def _text(members: Members, name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def _curve(members: Members) -> str | None:
    curve = _text(members, "crv")
    return curve if curve in keyuse.CURVES.get(_text(members, "kty") or "", ()) else None
