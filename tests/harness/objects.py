"""Objects of the API server as values, and a JWK with what tests ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

API_VERSION = "apiops.apinizer.com/v1alpha1"
FINALIZER = "apiops.apinizer.com/jwk"
IN_USE = "apiops.apinizer.com/in-use"
REMOTE = "apiops.apinizer.com/remote"
CLAIM = "apiops.apinizer.com/claim"
ASIDE = "apiops.apinizer.com/aside"
REQUESTED = "apiops.apinizer.com/reconcile-requested-at"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition without its times."""

    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Event:
    """One Event without its times."""

    type: str
    reason: str
    message: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Jwk:
    """A JWK resource as the API server has it."""

    raw: Object

    @property
    def metadata(self) -> Object:
        """Return the metadata."""
        return dict(self.raw["metadata"])

    @property
    def name(self) -> str:
        """Return the resource's name."""
        return str(self.raw["metadata"]["name"])

    @property
    def spec(self) -> Object:
        """Return the spec."""
        return dict(self.raw["spec"])

    @property
    def status(self) -> Object:
        """Return the status; empty before the first one."""
        return dict(self.raw.get("status") or {})

    @property
    def annotations(self) -> dict[str, str]:
        """Return the annotations."""
        return dict(self.raw["metadata"].get("annotations") or {})

    @property
    def finalizers(self) -> list[str]:
        """Return the finalizers."""
        return list(self.raw["metadata"].get("finalizers") or ())

    @property
    def claimed(self) -> bool:
        """Whether finalizer and both records stand on the resource; fails when only a part of them does."""
        parts = {FINALIZER in self.finalizers, REMOTE in self.annotations, CLAIM in self.annotations}
        assert len(parts) == 1, f"half a claim on {self.name}: {self.finalizers} {self.annotations}"
        return parts == {True}

    @property
    def observed(self) -> bool:
        """Whether the status speaks of the newest generation."""
        return bool(self.status.get("observedGeneration") == self.raw["metadata"]["generation"])

    @property
    def handled(self) -> str | None:
        """Return the last request for a look that was acted on."""
        return self.status.get("lastHandledReconcileAt")

    @property
    def conditions(self) -> dict[str, Condition]:
        """Return the conditions by type."""
        found = self.status.get("conditions") or ()
        return {item["type"]: Condition(item["status"], item["reason"], item["message"]) for item in found}

    @property
    def ready(self) -> Condition:
        """Return the Ready condition; an empty one when there is none yet."""
        return self.conditions.get("Ready", Condition("", "", ""))

    @property
    def reason(self) -> str:
        """Return the reason of Ready."""
        return self.ready.reason

    @property
    def message(self) -> str:
        """Return the message of Ready."""
        return self.ready.message

    @property
    def environments(self) -> dict[str, tuple[bool, str]]:
        """Return success and message by environment, as the status reports them."""
        results = (self.status.get("deploymentResult") or {}).get("environmentResults") or ()
        return {item["environmentName"]: (item["success"], item.get("message", "")) for item in results}


def deployed(count: int) -> Condition:
    """Return the Ready condition of a JWK that every one of `count` environments has."""
    return Condition("True", "Deployed", f"Deployed to {count} environment{'s' if count != 1 else ''}.")
