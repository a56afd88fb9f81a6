"""Environments that fail: told, and repaired where that cuts nothing."""

from __future__ import annotations

import pytest

from harness.keys import ec, pasted, served
from harness.objects import Condition, Event, deployed
from harness.simulator import SimulatorProcess
from harness.space import Space

pytestmark = pytest.mark.usefixtures("operator")

FAILED = "Not deployed to production (Gateway is down)."
RESULTS = {"development": (True, "Deployed successfully"), "production": (False, "Gateway is down")}


def _break(simulator: SimulatorProcess, space: Space) -> None:
    simulator.control.fail_environment(space.project, "production", message="Gateway is down")


def test_auto_repairs_a_pasted_key(space: Space, simulator: SimulatorProcess) -> None:
    _break(simulator, space)
    space.jwk("one", pasted(), description="Kept")
    jwk = space.wait("one", "DeploymentIncomplete")
    told = Condition("False", "DeploymentIncomplete", f"{FAILED} It is deployed again with growing delays.")
    assert jwk.ready == jwk.conditions["Deployed"] == told
    assert jwk.conditions["Reconciling"] == Condition("True", told.reason, told.message)
    assert jwk.conditions["Synced"].status == "True"
    assert jwk.environments == RESULTS
    assert jwk.status["environments"] == "1/2"
    simulator.control.fail_environment(space.project, "production", failing=False)
    assert space.wait("one").ready == deployed(2)
    assert {str(body) for body in simulator.bodies(space.project, "update")} == {str({"description": "Kept"})}
    assert simulator.remote(space.project)["one"]["deployed"] == {"development": True, "production": True}
    assert space.events() == []


def test_auto_leaves_a_linked_source_alone(space: Space, simulator: SimulatorProcess) -> None:
    _break(simulator, space)
    with served(ec("kid")) as url:
        space.jwk("one", {"sourceType": "URL", "url": url})
        jwk = space.wait("one", "DeploymentFailed")
        message = (
            f"{FAILED} Deploying again would detach the JWK from its URL source; set spec.redeployPolicy: Always to "
            "accept that."
        )
        assert jwk.ready == Condition("False", "DeploymentFailed", message)
        assert jwk.conditions["Stalled"] == Condition("True", "DeploymentFailed", message)
        space.wait_events("one", Event("Warning", "DeploymentFailed", message))
        assert simulator.writes(space.project) == [("create", "one")]
        simulator.control.fail_environment(space.project, "production", failing=False)
        space.patch("one", redeployPolicy="Always")
        jwk = space.wait("one")
    assert jwk.status["remote"]["sourceDetached"] is True
    assert simulator.writes(space.project) == [("create", "one"), ("update", "one")]
    detached = (
        "The update cut the link between the JWK and its URL source: Apinizer no longer follows changes of that source."
    )
    space.wait_events(
        "one", Event("Warning", "DeploymentFailed", message), Event("Warning", "SourceDetached", detached)
    )


def test_never_only_reports(space: Space, simulator: SimulatorProcess) -> None:
    _break(simulator, space)
    space.jwk("one", pasted(), redeployPolicy="Never")
    assert space.wait("one", "DeploymentFailed").message == (
        f"{FAILED} spec.redeployPolicy: Never leaves it so; set Auto or Always, or change the description, to deploy "
        "again."
    )
    assert simulator.writes(space.project) == [("create", "one")]


def test_required_environments_decide(space: Space, simulator: SimulatorProcess) -> None:
    _break(simulator, space)
    space.jwk("one", pasted(), requiredEnvironments=["development"])
    jwk = space.wait("one")
    assert jwk.ready == Condition("True", "Deployed", "Deployed to 1 of 2 environments.")
    assert jwk.environments == RESULTS
    space.jwk("two", pasted(), requiredEnvironments=["staging"], redeployPolicy="Never")
    assert space.wait("two", "DeploymentFailed").message == (
        "Not deployed to staging (not reported by Apinizer, though spec.requiredEnvironments names it). "
        "spec.redeployPolicy: Never leaves it so; set Auto or Always, or change the description, to deploy again."
    )
    assert simulator.writes(space.project) == [("create", "one"), ("create", "two")]
