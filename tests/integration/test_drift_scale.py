"""What it costs to watch a thousand JWKs of one project for drift."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.audit import AuditLog
from harness.keys import ec, pasted
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import Space
from harness.waiting import until

COUNT = 1000
ROUNDS = 2
SECONDS_OF_A_ROUND = 15


def _wait_rounds(operator: OperatorProcess, rounds: int) -> None:
    """Wait for the pass that follows the start, and then for so many check-ups, of every JWK."""
    count = COUNT * (1 + rounds)
    until(
        lambda: operator.passes() >= count,
        lambda: f"{count} passes, there are {operator.passes()}",
        rounds * 2 * SECONDS_OF_A_ROUND + 60,
    )


@pytest.mark.timeout(600)
def test_drift_of_a_thousand_costs_one_list_for_each_round(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess, audit: AuditLog
) -> None:
    names = [f"jwk-{number:04}" for number in range(COUNT)]
    drifted = names[COUNT // 2]
    space.connect(resyncInterval="0s")
    spec = pasted(ec("one"), description="One of many")
    for name in names:
        space.jwk(name, spec)
    before = space.wait_all(names, seconds=120)
    operator.stop()
    space.connect(resyncInterval=f"{SECONDS_OF_A_ROUND}s")
    audit.mark()
    created = len(simulator.requests(space.project))
    operator.start()

    # The second round is as cheap as the first one, though the jitter has drawn the check-ups further apart.
    _wait_rounds(operator, ROUNDS)
    asked = Counter(record["call"] for record in simulator.requests(space.project)[created:])
    assert asked == Counter(list=ROUNDS)
    assert operator.passes() == operator.passes(action="rest")
    written = audit.writes(namespace=space.name)
    assert {request.resource for request in written} == {"apinizerconnections/status"}, "its resync interval changed"
    assert audit.requests(verb="get", resource="jwks") == []
    assert {name: jwk.raw for name, jwk in space.jwks().items()} == {name: jwk.raw for name, jwk in before.items()}

    # Such a list does find the one that somebody has changed, and nothing is written about the others.
    simulator.control.tamper("change", space.project, drifted, description="Theirs")
    until(lambda: simulator.remote(space.project)[drifted]["description"] == "One of many", "the drift is mended", 90)
    space.wait(drifted)
    assert simulator.bodies(space.project, "update") == [{"description": "One of many"}]
    until(lambda: _written_about(space, audit), "the outcome is reported")
    assert _written_about(space, audit) == {drifted}


def _written_about(space: Space, audit: AuditLog) -> set[str]:
    return {request.name for request in audit.writes(namespace=space.name) if request.resource.startswith("jwks")}
