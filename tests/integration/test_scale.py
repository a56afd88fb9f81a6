"""What many JWKs cost the API server and Apinizer, read from the audit log and the simulator's records."""

from __future__ import annotations

from collections import Counter

from harness.audit import AuditLog
from harness.keys import ec, pasted
from harness.objects import deployed
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import Space

COUNT = 200
TOLD_OF_THE_CONNECTION = 5
"""Writes of its status: what the first probe found, and now and then how many JWKs there are."""


def test_two_hundred_while_stopped_then_a_restart(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess, audit: AuditLog
) -> None:
    operator.stop()
    key = ec()
    names = [f"jwk-{number:03}" for number in range(COUNT)]
    for name in names:
        space.jwk(name, pasted(key))
    audit.mark()
    operator.start()
    found = space.wait_all(names)
    operator.wait_passes(COUNT)
    operator.stop()

    assert {jwk.ready for jwk in found.values()} == {deployed(2)}
    assert Counter(simulator.writes(space.project)) == Counter(("create", name) for name in names)
    assert len(simulator.requests(space.project, "list")) == 1
    writes = Counter((request.verb, request.resource, request.name) for request in audit.writes(space.name))
    told = writes.pop(("patch", "apinizerconnections/status", "default"))
    assert told <= TOLD_OF_THE_CONNECTION
    assert writes == Counter(
        [
            ("patch", "apinizerconnections", "default"),
            *(("patch", resource, name) for name in names for resource in ("jwks", "jwks/status")),
        ]
    )
    assert audit.requests(verb="get", resource="jwks") == []
    assert audit.forbidden() == []

    audit.mark()
    asked = simulator.control.requests()[-1]["sequence"]
    operator.start()
    operator.wait_passes(COUNT)
    assert operator.passes() == operator.passes(action="rest")
    operator.stop()
    assert audit.writes() == []
    assert audit.requests(verb="get", resource="jwks") == []
    assert simulator.control.requests(since=asked) == []
    assert {name: jwk.raw for name, jwk in space.jwks().items()} == {name: jwk.raw for name, jwk in found.items()}
    operator.start()
