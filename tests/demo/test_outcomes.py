"""What counts as a difference."""

from __future__ import annotations

import pytest

from demo.outcomes import Expected, Outcome, differences, outcome_of

EXPECTED = Expected("n", "a", "True", "Deployed")
FOUND = Outcome("True", "Deployed", "Deployed to 3 environments.", current=True)


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        ({("n", "a"): FOUND}, []),
        ({}, ["n/a: expected Ready=True Deployed, but its status says nothing yet"]),
        (
            {("n", "a"): Outcome("False", "Rejected", "No.", current=True)},
            ["n/a: expected Ready=True Deployed, found Ready=False Rejected (No.)"],
        ),
        (
            {("n", "a"): Outcome("True", "Deployed", "", current=False)},
            ["n/a: expected Ready=True Deployed, but its status is about an earlier spec"],
        ),
        ({("n", "a"): FOUND, ("n", "b"): FOUND}, ["n/b: not expected at all"]),
    ],
)
def test_differences(found: dict[tuple[str, str], Outcome], lines: list[str]) -> None:
    assert differences([EXPECTED], found) == lines


def test_outcome_is_read_from_the_status() -> None:
    ready = {"type": "Ready", "status": "True", "reason": "Deployed", "message": "m", "observedGeneration": 1}
    jwk = {"metadata": {"generation": 2}, "status": {"conditions": [{"type": "Synced"}, ready]}}
    assert outcome_of(jwk) == Outcome("True", "Deployed", "m", current=False)
    assert outcome_of({"metadata": {"generation": 1}}) is None
