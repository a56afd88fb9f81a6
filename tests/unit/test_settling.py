"""When a JWK counts as settled, and what is said while it does not."""

from __future__ import annotations

from typing import Any

import pytest

from jwk_operator.api.base import RECONCILE_ANNOTATION
from jwk_operator.cli.settling import Outcome, Wish

ASKED, LATER = "2027-01-01T12:00:00.000001Z", "2027-01-01T13:00:00.000001Z"
LOOK = Wish("look", ASKED)
UNSEEN = "nothing has looked at it: does an operator run that serves namespace team?"


def jwk(reason: str, ready: str = "True", *more: str, handled: str = ASKED, seen: int = 3, **status: Any) -> Any:
    conditions = [
        {"type": kind, "status": holds, "reason": reason, "message": "Words.", "lastTransitionTime": ASKED}
        for kind, holds in (("Ready", ready), *((kind, "True") for kind in more))
    ]
    return {
        "metadata": {
            "namespace": "team",
            "name": "key",
            "uid": "1",
            "generation": 3,
            "annotations": {RECONCILE_ANNOTATION: LATER},
        },
        "spec": {"sourceType": "URL", "url": "https://idp.example"},
        "status": {
            "conditions": conditions,
            "observedGeneration": seen,
            "lastHandledReconcileAt": handled,
            **status,
        },
    }


NEW = {**jwk("Deployed"), "status": {}}
READY = Outcome(True, "ready, Deployed: Words.")


@pytest.mark.parametrize(
    ("wish", "raw", "outcome"),
    [
        (LOOK, jwk("Deployed"), READY),
        (LOOK, jwk("Deployed", handled=LATER), READY),
        (LOOK, jwk("Deployed", handled="another"), None),
        (LOOK, jwk("Deployed", seen=2), None),
        (LOOK, NEW, None),
        (LOOK, jwk("Updating", "True", "Reconciling"), None),
        (LOOK, jwk("Unreachable", "False", "Reconciling"), None),
        (LOOK, jwk("Suspended"), Outcome(True, "ready, Suspended: Words.")),
        (Wish("suspended"), jwk("Suspended", "Unknown"), Outcome(True, "Suspended: Words.")),
        (Wish("suspended"), jwk("Suspended", seen=2), None),
        (Wish("suspended"), jwk("Deployed"), None),
        (Wish("resumed"), jwk("Deployed", handled="another"), READY),
        (Wish("resumed"), jwk("Suspended", seen=2), None),
    ],
)
def test_outcome(wish: Wish, raw: Any, outcome: Outcome | None) -> None:
    assert wish.outcome(raw) == outcome


def test_what_is_not_ready_comes_with_its_remedy() -> None:
    found = LOOK.outcome(jwk("InvalidSpec", "False", "Stalled"))
    assert found == Outcome(False, "not ready, InvalidSpec: Words. Remedy: Correct the field that the message names.")


@pytest.mark.parametrize(
    ("raw", "missing"),
    [
        (NEW, UNSEEN),
        (jwk("Deployed", handled="another"), UNSEEN),
        (jwk("Deployed", seen=2), UNSEEN),
        (jwk("Updating", "True", "Reconciling"), "still Updating: Words."),
        (
            jwk("Unreachable", "False", "Reconciling", nextAttemptAt=LATER),
            "still Unreachable: Words. The next attempt is due at 2027-01-01T13:00:00Z.",
        ),
    ],
)
def test_what_is_missing(raw: Any, missing: str) -> None:
    assert LOOK.missing(raw) == missing
