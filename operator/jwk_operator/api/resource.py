"""A JWK resource read into values: what every decision starts from."""

from __future__ import annotations

from dataclasses import dataclass

from jwk_operator.api.jwk import JWKSpec
from jwk_operator.api.names import Claim
from jwk_operator.api.reasons import Reason
from jwk_operator.api.status import JWKStatus


@dataclass(frozen=True, slots=True)
class Resource:
    """A JWK resource: the wish, the records on it, and the last report. `spec` is None when it cannot be read."""

    namespace: str
    name: str
    uid: str
    generation: int
    deleting: bool
    finalizer: bool
    claim: Claim | None
    spec: JWKSpec | None
    spec_problem: str
    retain: bool
    suspended: bool
    status: JWKStatus
    reconcile_requested: str | None

    @property
    def owns(self) -> bool:
        """Whether the remote JWK is known to be this resource's, not only claimed."""
        return self.claim is not None and self.status.remote is not None

    @property
    def reason(self) -> Reason | None:
        """Reason of the Ready condition in the last report."""
        return next((item.reason for item in self.status.conditions or () if item.type == "Ready"), None)
