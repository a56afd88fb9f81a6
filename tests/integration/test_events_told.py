"""Events of a running operator: told at transitions, so that a restart is none, however many JWKs wait for somebody."""

from __future__ import annotations

from typing import Any

from harness.keys import pasted
from harness.objects import Object
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import Space
from harness.waiting import until

EACH = 20
KEY = {"name": "nowhere", "key": "jwk"}
CERTIFICATE = {"sourceType": "CERTIFICATE", "certificateName": "nowhere", "environmentName": "production"}
STALLED: dict[str, dict[str, Any]] = {
    "InvalidKey": pasted({"kty": "RSA"}),
    "Rejected": {**CERTIFICATE, "useType": "SIGNATURE", "algorithm": "ES256"},
    "ConnectionNotFound": {**pasted(), "connectionRef": {"name": "nowhere"}},
    "SecretNotFound": {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": KEY}},
    "NameConflict": {**pasted(), "name": "theirs"},
}


def raw_events(space: Space) -> list[Object]:
    """Every Event of the namespace, with whatever would change when it is posted or counted once more."""
    found: list[Object] = space.cluster.request("GET", f"/api/v1/namespaces/{space.name}/events")["items"]
    return sorted(found, key=lambda event: str(event["metadata"]["name"]))


def test_a_restart_over_a_hundred_that_wait_is_no_news(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess
) -> None:
    simulator.control.tamper("create", space.project, "theirs", type="EC", kid="theirs")
    names = {reason: [f"{reason.lower()}-{number}" for number in range(EACH)] for reason in STALLED}
    for reason, spec in STALLED.items():
        for name in names[reason]:
            space.jwk(name, spec)
    for reason in STALLED:
        space.wait_all(names[reason], reason)
    operator.stop()
    before, writes = raw_events(space), simulator.writes(space.project)
    assert len(before) == EACH * len(STALLED), "one for each, at its transition"
    operator.start()
    operator.wait_passes(EACH * len(STALLED))
    for names_of_reason in names.values():
        space.handled(names_of_reason[0], "looked at again")
    assert raw_events(space) == before
    assert [name for _, name in simulator.writes(space.project)[len(writes) :]] == ["rejected-0"], "as it was asked for"


def test_what_is_wrong_with_a_connection_is_told_once_however_many_use_it(
    operator: OperatorProcess, space: Space
) -> None:
    names = [f"jwk-{number}" for number in range(EACH)]
    for name in names:
        space.jwk(name, pasted())
    space.wait_all(names)
    space.wait_connection("Connected")

    def told(reason: str) -> list[tuple[str, int]]:
        for name in names:
            space.patch(name, description=reason)
        space.wait_all(names, reason)
        space.wait_connection(reason)
        until(lambda: any(event.reason == reason for event in space.events("default")), f"an Event about {reason}")
        return [(event.reason, event.count) for event in space.events()]

    space.secret("default", token="not-a-token-of-anybody")
    assert told("Unauthorized") == [("Unauthorized", 1)]
    space.delete("default", "Secret")
    assert told("SecretNotFound") == [("Unauthorized", 1), ("SecretNotFound", 1)]
