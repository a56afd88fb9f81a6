"""What a case of the tables is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Spec = dict[str, Any]

JWK = "JWK"


@dataclass(frozen=True, slots=True)
class Case:
    """An object; `refusals` are the server's words, one line each, and none when it is accepted."""

    id: str
    kind: str
    spec: Spec
    refusals: tuple[str, ...] = ()


def without(spec: Spec, *names: str) -> Spec:
    """Return a spec without some fields."""
    return {name: value for name, value in spec.items() if name not in names}


def jwk(identity: str, spec: Spec, *refusals: str) -> Case:
    """Return a case of a JWK."""
    return Case(f"jwk-{identity}", JWK, spec, refusals)
