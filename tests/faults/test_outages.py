"""Outages of a manager: many resources, few calls, one status each, and everybody back once it is there again."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from harness.audit import AuditLog
from harness.cluster import Cluster
from harness.fixtures import audit, operator
from harness.keys import pasted
from harness.objects import Condition
from harness.operator import OperatorProcess
from harness.simulator import TOKEN, SimulatorProcess
from harness.space import Space
from harness.waiting import until

__all__ = ["audit", "operator"]

COUNT = int(os.environ.get("OUTAGE_JWKS", "150"))
PROBES = int(os.environ.get("OUTAGE_PROBES", "4"))
"""Probes that fail before the manager comes back: 4 take some 15 s, 14 five minutes."""
AT_ONCE = 8
"""Calls of a connection that may be under way when the circuit opens."""
IN_A_ROW = 5
OPEN = "Apinizer failed several times in a row, so calls wait until a probe succeeds; the last failure: "


@pytest.fixture
def manager(tmp_path: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """A manager of one's own, to be killed."""
    with SimulatorProcess(tmp_path_factory.mktemp("manager"), projects=("outage", "other")) as process:
        yield process


@pytest.fixture
def space(cluster: Cluster, manager: SimulatorProcess) -> Iterator[Space]:
    """A namespace with a connection to that manager, which works."""
    space = Space(cluster, cluster.new_namespace("outage"), "outage", manager.url, TOKEN)
    space.connect()
    space.wait_connection("Connected")
    yield space
    cluster.discard_namespace(space.name)


def unanswered(operator: OperatorProcess, before: Counter[str] | None = None) -> Counter[str]:
    """Calls that had no answer, by their name, since then."""
    calls = ("list", "create", "update", "delete", "environments")
    found = Counter(
        {call: int(operator.metric("jwk_operator_apinizer_requests_total", call=call, status="0")) for call in calls}
    )
    return found - (before or Counter())


@pytest.mark.timeout(900)
def test_a_dead_manager_costs_one_probe_at_a_time_and_one_status_each(
    operator: OperatorProcess, space: Space, manager: SimulatorProcess, audit: AuditLog
) -> None:
    names = [f"jwk-{number:04}" for number in range(COUNT)]
    manager.kill()
    before = unanswered(operator)
    for name in names:
        space.jwk(name, pasted())
    refusal = f"{space.url} refuses connections; check that it runs, and spec.baseUrl of the connection"
    opened = space.wait_connection("CircuitOpen")
    assert opened == Condition(
        "False",
        "CircuitOpen",
        f"Apinizer failed several times in a row, so only probes are sent until one succeeds: {refusal}.",
    )
    found = space.wait_all(names, "CircuitOpen", seconds=120)
    assert {jwk.ready for jwk in found.values()} == {Condition("False", "CircuitOpen", f"{OPEN}{refusal}.")}
    assert {jwk.conditions["Reconciling"].status for jwk in found.values()} == {"True"}
    failed = unanswered(operator, before)
    assert failed["create"] == 0
    assert failed["list"] <= IN_A_ROW + AT_ONCE, "nobody else calls"

    # While it lasts there are probes, and whatever users do adds neither a call nor a second status.
    space.patch(names[0], description="Edited meanwhile")
    space.delete(names[1])
    until(lambda: unanswered(operator, before)["environments"] >= PROBES, "the probes go on", 600)
    later = unanswered(operator, before)
    assert later - Counter(environments=later["environments"]) == failed - Counter(environments=failed["environments"])
    statuses = Counter(request.name for request in audit.writes() if request.resource == "jwks/status")
    untouched = [statuses[name] for name in names[2:]]
    assert min(untouched) == 1
    # a call is shared by all who want the same list at the same time
    assert sum(count > 1 for count in untouched) <= COUNT // 2, "only of those whose call failed is more to tell"
    assert space.connection_status()["circuit"]["state"] == "Open"
    assert space.events(names[2]) == [], "that is the connection's to tell"

    manager.start()
    space.wait_gone(names[1], seconds=120)
    del names[1]
    space.wait_all(names, seconds=120)
    assert space.wait_connection("Connected").status == "True"
    assert space.connection_status()["circuit"]["state"] == "Closed"
    assert set(manager.remote("outage")) == set(names)
    assert Counter(manager.writes("outage")) == Counter(("create", name) for name in names)


def test_a_manager_that_answers_every_call_with_a_server_error(
    operator: OperatorProcess, space: Space, manager: SimulatorProcess
) -> None:
    names = [f"jwk-{number:02}" for number in range(30)]
    fault = manager.control.fault("status", times=None, status=503, project="outage")
    assert fault
    for name in names:
        space.jwk(name, pasted())
    space.wait_all(names, "CircuitOpen")
    asked = Counter(record["call"] for record in manager.control.requests() if record["status"] == 503)
    assert asked["list"] <= IN_A_ROW + AT_ONCE
    assert asked["create"] == 0
    manager.control.clear_faults()
    space.wait_all(names)
    assert Counter(manager.writes("outage")) == Counter(("create", name) for name in names)


def test_an_error_about_one_jwk_does_not_stop_the_others(
    operator: OperatorProcess, space: Space, manager: SimulatorProcess
) -> None:
    manager.control.fault("status", times=None, status=500, project="outage", name="poison", call="create")
    space.jwk("poison", pasted())
    until(lambda: len(manager.requests("outage", "create")) >= IN_A_ROW + 1, "it is tried again and again", 120)
    space.jwk("sound", pasted())
    space.wait("sound")
    assert space.connection_status()["circuit"]["state"] == "Closed"
    assert space.get("poison").ready.reason == "ServerError"


def test_refusals_of_many_requests_do_not_open_the_circuit(
    operator: OperatorProcess, space: Space, manager: SimulatorProcess
) -> None:
    names = [f"jwk-{number:02}" for number in range(20)]
    unknown = {"sourceType": "URL", "url": "http://127.0.0.1:9/keys"}
    manager.control.fault("status", times=None, status=400, project="outage", call="create")
    for name in names:
        space.jwk(name, unknown)
    space.wait_all(names, "Rejected")
    manager.control.clear_faults()
    space.jwk("sound", pasted())
    space.wait("sound")
    assert space.connection_status()["circuit"]["state"] == "Closed"


def test_the_outage_of_one_manager_does_not_hold_up_another(
    operator: OperatorProcess, space: Space, manager: SimulatorProcess, simulator: SimulatorProcess
) -> None:
    """Calls that hang take every place of their connection, and none of the others'."""
    space.connect("hanging", projectName="other", readTimeoutSeconds=30, maxConcurrentRequests=64)
    space.wait_connection("Connected", "hanging")
    manager.control.fault("delay", times=None, seconds=20, project="other")
    slow = [f"slow-{number:03}" for number in range(100)]
    for name in slow:
        space.jwk(name, pasted(), connectionRef={"name": "hanging"})
    until(lambda: len(manager.requests("other", "list")) >= 1, "the slow ones are asked for")
    space.jwk("quick", pasted())
    space.wait("quick")
    assert not [name for name, jwk in space.jwks().items() if name in slow and jwk.ready.status == "True"]
    manager.control.clear_faults()
    space.wait_all(slow, seconds=120)
