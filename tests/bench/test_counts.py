"""A short benchmark that holds counts, which are the same on every machine; times are for `make bench`."""

from __future__ import annotations

import pytest

from benchmarks.contenders import Name
from benchmarks.scenarios import course, live

COUNT = 60
WRITES = {"backlog": 2, "live": 2, "description": 1, "deletion": 1}


@pytest.mark.parametrize("name", ["operator", "floor"])
def test_what_a_jwk_costs(name: Name) -> None:
    """The floor is held to the same, or it would be none."""
    found = course(name, COUNT) | live(name, COUNT)
    assert {scenario: figures["writes"] for scenario, figures in found.items()} == WRITES
    assert {figures["reads"] for figures in found.values()} == {0}
    assert {figures["calls"] for figures in found.values()} == {1}
