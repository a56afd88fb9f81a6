"""When the operator has done what was asked of it for a JWK, and what came of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jwk_operator.api.base import RECONCILE_ANNOTATION
from jwk_operator.api.reasons import EXPLANATIONS, Reason
from jwk_operator.api.status import Condition, JWKStatus
from jwk_operator.kube.client import Raw
from jwk_operator.kube.jwks import read, trim


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it; `fine` is whether it is what was wished for."""

    fine: bool
    text: str


GONE = Outcome(False, "is gone: it was deleted meanwhile")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is waited for. `request` is the value of the annotation that asks for a look."""

    what: Literal["look", "suspended", "resumed"]
    request: str = ""

    def outcome(self, raw: Raw) -> Outcome | None:
        """Return what came of it; None as long as it is under way."""
        status = read(trim(raw)).status
        ready = _condition(status, "Ready")
        if ready is None or not self._seen(raw, status):
            return None
        if self.what == "suspended":
            return Outcome(True, _told(ready)) if ready.reason is Reason.SUSPENDED else None
        if _condition(status, "Reconciling") is not None:
            return None
        if ready.status == "True":
            return Outcome(True, f"ready, {_told(ready)}")
        return Outcome(False, f"not ready, {_told(ready)} Remedy: {EXPLANATIONS[ready.reason].remedy}")

    def missing(self, raw: Raw) -> str:
        """Say what is still waited for."""
        status = read(trim(raw)).status
        ready = _condition(status, "Ready")
        if ready is None or not self._seen(raw, status):
            namespace = raw["metadata"]["namespace"]
            return f"nothing has looked at it: does an operator run that serves namespace {namespace}?"
        due = status.next_attempt_at
        return f"still {_told(ready)}" + (f" The next attempt is due at {due:%Y-%m-%dT%H:%M:%SZ}." if due else "")

    def _seen(self, raw: Raw, status: JWKStatus) -> bool:
        """Whether the status speaks of the newest spec and, where a look was asked for, of that look or a later one."""
        if status.observed_generation != raw["metadata"]["generation"]:
            return False
        newest = (raw["metadata"].get("annotations") or {}).get(RECONCILE_ANNOTATION, self.request)
        return not self.request or status.last_handled_reconcile_at in (self.request, newest)


def _condition(status: JWKStatus, kind: str) -> Condition | None:
    return next((item for item in status.conditions or () if item.type == kind), None)


def _told(condition: Condition) -> str:
    return f"{condition.reason}: {condition.message}"
