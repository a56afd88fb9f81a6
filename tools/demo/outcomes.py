"""What is expected of each JWK, what was found, and where the two differ. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the status of a JWK has to come to."""

    namespace: str
    name: str
    ready: str
    reason: str

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return self.namespace, self.name


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the status of a JWK says."""

    ready: str
    reason: str
    message: str
    current: bool
    """Whether that is about the spec as it is now."""


def outcome_of(jwk: Mapping[str, Any]) -> Outcome | None:
    """Return the outcome that an object's status shows; None as long as nothing is reported."""
    conditions = jwk.get("status", {}).get("conditions", [])
    ready = next((item for item in conditions if item["type"] == "Ready"), None)
    if ready is None:
        return None
    current = ready.get("observedGeneration") == jwk["metadata"]["generation"]
    return Outcome(ready["status"], ready["reason"], ready.get("message", ""), current)


def outcomes_of(jwks: Iterable[Mapping[str, Any]]) -> dict[Key, Outcome]:
    """Return the outcomes of all objects that have one."""
    found = {(jwk["metadata"]["namespace"], jwk["metadata"]["name"]): outcome_of(jwk) for jwk in jwks}
    return {key: outcome for key, outcome in found.items() if outcome is not None}


def difference(expected: Expected, outcome: Outcome | None) -> str | None:
    """Say in one line how an outcome differs from what is expected; None when it does not."""
    who = f"{expected.namespace}/{expected.name}"
    wanted = f"expected Ready={expected.ready} {expected.reason}"
    if outcome is None:
        return f"{who}: {wanted}, but its status says nothing yet"
    if not outcome.current:
        return f"{who}: {wanted}, but its status is about an earlier spec"
    if (outcome.ready, outcome.reason) != (expected.ready, expected.reason):
        return f"{who}: {wanted}, found Ready={outcome.ready} {outcome.reason} ({outcome.message})"
    return None


def differences(expected: Sequence[Expected], found: Mapping[Key, Outcome]) -> list[str]:
    """Return one line for each JWK that is not as expected, and for each that nobody expected."""
    lines = [difference(item, found.get(item.key)) for item in expected]
    known = {item.key for item in expected}
    strangers = [f"{namespace}/{name}: not expected at all" for namespace, name in sorted(found.keys() - known)]
    return [line for line in lines if line is not None] + strangers
