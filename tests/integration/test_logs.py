"""The log of a running operator: one line for each decision, and none at level info for what has no news."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.fixtures import MakeSpace
from harness.keys import ec, pasted
from harness.operator import OperatorProcess
from harness.rbac import Account
from harness.simulator import SimulatorProcess
from harness.waiting import until

FIELDS = {"namespace", "name", "connection", "action", "reason", "duration"}


def test_a_line_for_each_decision(
    account: Account, make_space: MakeSpace, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    space = make_space()
    mine, shown = f"token-of-{space.name}", f"ApinizerConnection/{space.name}/default"
    simulator.control.add_token(mine)
    with OperatorProcess(account.kubeconfig, tmp_path, ("--log-format", "json", "-n", space.name)) as operator:

        def told(level: str) -> list[tuple[str, str]]:
            lines: list[dict[str, Any]] = [json.loads(line) for line in operator.text().splitlines()]
            decisions = [line for line in lines if "action" in line]
            assert all(line.keys() >= FIELDS and line["connection"] == shown for line in decisions)
            return [(line["name"], line["reason"]) for line in decisions if line["level"] == level]

        space.connect(token=mine, resyncInterval="1s")
        space.jwk("one", pasted(ec("kid")))
        space.wait("one")
        idle = {("one", "Deployed"), ("default", "Connected")}
        until(lambda: set(told("debug")) >= idle, lambda: f"check-ups and probes without news: {told('debug')}")
        simulator.control.revoke_token(mine)
        space.patch("one", description="New")
        space.wait("one", "Unauthorized")
        news = [("default", "Connected"), ("default", "Unauthorized"), ("one", "Deployed"), ("one", "Unauthorized")]
        until(lambda: len(told("info")) >= len(news), lambda: f"each is told: {told('info')}")
        assert sorted(told("info")) == news
        assert mine not in operator.text()
