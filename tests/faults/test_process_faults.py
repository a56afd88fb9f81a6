"""SIGTERM in the middle of a call, and a bug: what is under way ends or is settled, and nobody else is concerned."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from harness.keys import ec, pasted
from harness.objects import deployed
from harness.operator import OperatorProcess
from harness.rbac import Account
from harness.simulator import SimulatorProcess
from harness.space import Space
from harness.waiting import until

TESTS = Path(__file__).parents[1]


def test_a_call_under_way_ends_and_nothing_new_begins(
    space: Space, simulator: SimulatorProcess, account: Account, tmp_path: Path
) -> None:
    with OperatorProcess(account.kubeconfig, tmp_path, ("--namespace", space.name)) as operator:
        simulator.control.fault("delay", project=space.project, call="create", seconds=2)
        space.jwk("one", pasted())
        simulator.wait_sent(space.project, "create")
        os.kill(operator.process.pid, signal.SIGTERM)
        until(lambda: operator.probe("/readyz") == (503, "stopping"), "the signal has come through")
        space.jwk("two", pasted())
        operator.stop()
        assert space.get("one").ready == deployed(2), "the call was given its time, and its outcome told"
        assert space.get("two").conditions == {}
        assert not space.get("two").claimed
        assert simulator.writes(space.project) == [("create", "one")]
        operator.start()
        space.wait("two")
        operator.stop()
    assert simulator.writes(space.project) == [("create", "one"), ("create", "two")]


def test_a_call_that_does_not_end_in_time_is_settled_by_the_list(
    space: Space, simulator: SimulatorProcess, account: Account, tmp_path: Path
) -> None:
    space.connect(readTimeoutSeconds=60)
    arguments = ("--namespace", space.name, "--grace-period", "1")
    with OperatorProcess(account.kubeconfig, tmp_path, arguments) as operator:
        simulator.control.fault("delay", project=space.project, call="create", seconds=50, act_first=True)
        space.jwk("one", pasted())
        simulator.wait_sent(space.project, "create")
        operator.stop()
        assert space.get("one").claimed, "by which the next start knows that the call may have been carried out"
        assert space.get("one").reason != "Deployed"
        operator.start()
        space.wait("one")
    calls = [record["call"] for record in simulator.requests(space.project)]
    assert calls.count("create") == 1
    assert calls.index("create") < len(calls) - 1 - calls[::-1].index("list"), f"the list came first: {calls}"


def test_a_bug_is_retried_and_counted_and_the_others_go_on(
    space: Space, simulator: SimulatorProcess, account: Account, tmp_path: Path
) -> None:
    key = ec(private=True)
    arguments = ("--namespace", space.name)
    program = (sys.executable, "-m", "faults.buggy", "odd", "4")
    with OperatorProcess(account.kubeconfig, tmp_path, arguments, program=program, PYTHONPATH=str(TESTS)) as operator:
        space.jwk("odd", pasted(key))
        until(lambda: operator.metric("jwk_operator_reconcile_errors_total", kind="RuntimeError") >= 1, "the bug shows")
        names = [f"jwk-{number}" for number in range(20)]
        for name in names:
            space.jwk(name, pasted())
        space.wait_all(names)
        space.wait("odd")
        assert operator.metric("jwk_operator_reconcile_errors_total", kind="RuntimeError") == 4
        assert operator.probe("/healthz")[0] == 200
        log = operator.text()
    told = [line for line in log.splitlines() if "pass failed, repeating: RuntimeError" in line]
    assert [line.split()[-1] for line in told] == [f"failures={number}" for number in range(1, 5)]
    assert all(f"namespace={space.name} name=odd" in line for line in told)
    assert "faults/buggy.py" in log, "the place of the bug is told"
    assert key["d"] not in log
    assert json.dumps(key) not in log
    assert sorted(simulator.writes(space.project)) == sorted(("create", name) for name in (*names, "odd"))
