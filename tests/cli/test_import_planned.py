"""`import`, `validate` and `plan` agree: what is written is valid, would be adopted, and is settled once it was."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from cli.test_import import JWKS
from cli.tool import Tool
from harness.fixtures import MakeSpace
from harness.operator import OperatorProcess
from harness.simulator import READER, SimulatorProcess
from install.support import kubectl


def planned(tool: Tool, status: int) -> tuple[str, Counter[str], list[Any]]:
    """Return the summary of a plan, its actions, and the calls that it announces."""
    done = tool("plan", "imported", "-o", "json")
    assert (done.status, done.err) == (status, "")
    plan = json.loads(done.out)
    calls = [call for row in plan["rows"] for call in row["calls"]]
    return plan["summary"], Counter(row["action"] for row in plan["rows"]), calls


def test_an_imported_project(
    tool: Tool, simulator: SimulatorProcess, make_space: MakeSpace, operator: OperatorProcess
) -> None:
    space = make_space()
    for name, fields in JWKS.items():
        simulator.control.tamper("create", space.project, name, **fields)
    before = simulator.remote(space.project)
    arguments = ("import", "--into", "imported", "--url", space.url, "--project", space.project, "-n", space.name)
    assert tool(*arguments, JWK_OPERATOR_TOKEN=READER).status == 0
    checked = tool("validate", "imported", "--strict", "--quiet")
    assert (checked.status, checked.out, checked.err) == (0, "", "")
    space.secret("apinizer", token=space.token)
    assert planned(tool, 0) == ("Plan: 7 to adopt. Nothing to do in Apinizer.", Counter({"adopt": 7}), [])
    kubectl("apply", "-k", str(tool.folder / "imported"), kubeconfig=space.cluster.plane.kubeconfig)
    adopted = space.wait_all(list(space.jwks()), "Adopted")
    assert len(adopted) == len(JWKS)
    assert planned(tool, 0) == ("Plan: 7 unchanged. Nothing to do in Apinizer.", Counter({"nothing": 7}), [])
    assert simulator.remote(space.project) == before
    assert simulator.writes(space.project) == []
