"""What others must make of a state: one rule for all of them, which the tests hold them to."""

from __future__ import annotations

from dataclasses import dataclass

from health.states import State
from jwk_operator.api.reasons import Reason


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Argo CD's health, kstatus (which Flux, kpt and `cli-utils` use), and whether `kubectl wait` for Ready ends."""

    argo: str
    kstatus: str
    ready: bool


def expected(state: State) -> Verdicts:
    """Return what everybody must make of a state whose status is up to date."""
    conditions = state.conditions
    ready = conditions["Ready"]["status"] == "True"
    if "deletionTimestamp" in state.object["metadata"]:
        return Verdicts("Progressing", "Terminating", ready)
    if state.reason == Reason.SUSPENDED:
        return Verdicts("Suspended", "Current" if ready else "InProgress", ready)
    if "Stalled" in conditions:
        return Verdicts("Degraded", "Failed", ready)
    if state.kind != "JWK" and conditions["Ready"]["status"] == "False":
        return Verdicts("Degraded", "InProgress", ready)
    if "Reconciling" in conditions or not ready:
        return Verdicts("Progressing", "InProgress", ready)
    return Verdicts("Healthy", "Current", ready)
