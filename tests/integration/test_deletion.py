"""Deletion: what goes remotely, what stays, and what holds a resource back."""

from __future__ import annotations

import pytest

from harness.fixtures import MakeSpace
from harness.keys import ec, pasted
from harness.objects import Condition, Event
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import CONNECTION, Space
from harness.waiting import until

pytestmark = pytest.mark.usefixtures("operator")

RETAIN = "spec.deletionPolicy: Retain lets the resource go at once and leaves the remote JWK as it is"


def test_delete_is_the_default(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    space.delete("one")
    space.wait_gone("one")
    assert simulator.writes(space.project) == [("create", "one"), ("delete", "one")]
    assert simulator.remote(space.project) == {}


def test_retain(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(), deletionPolicy="Retain")
    space.wait("one")
    space.delete("one")
    space.wait_gone("one")
    assert simulator.writes(space.project) == [("create", "one")]
    assert set(simulator.remote(space.project)) == {"one"}


def test_never_created_goes_without_a_call(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted({"kty": "RSA"}))
    space.wait("one", "InvalidKey")
    space.delete("one")
    space.wait_gone("one")
    assert simulator.requests(space.project) == []


def test_suspended_goes_and_leaves_the_remote_one(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    space.patch("one", suspend=True)
    space.wait("one", "Suspended")
    space.delete("one")
    space.wait_gone("one")
    assert simulator.writes(space.project) == [("create", "one")]
    message = (
        f'Let go without deleting JWK "one" in project "{space.project}" in Apinizer, because spec.suspend is true.'
    )
    space.wait_events("one", Event("Normal", "Suspended", message))


def test_what_the_list_does_not_show_is_not_deleted(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    simulator.control.tamper("delete", space.project, "one")
    space.delete("one")
    space.wait_gone("one")
    assert simulator.writes(space.project) == [("create", "one")]


def test_not_found_is_success(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    body = {"error": "bad_request", "error_description": "JWK (name: one) is not found!"}
    simulator.control.fault("status", project=space.project, call="delete", status=400, body=body)
    space.delete("one")
    space.wait_gone("one")
    assert simulator.writes(space.project) == [("create", "one"), ("delete", "one")]


def test_a_jwk_that_took_the_place_of_ours_stays(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(ec("ours")))
    space.wait("one")
    simulator.control.tamper("delete", space.project, "one")
    simulator.control.tamper("create", space.project, "one", kid="theirs")
    theirs = simulator.remote(space.project)
    space.delete("one")
    space.wait_gone("one")
    assert simulator.remote(space.project) == theirs
    assert simulator.writes(space.project) == [("create", "one")]


def test_an_environment_that_fails_is_tried_again(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    simulator.control.fault("environment", project=space.project, call="delete", environmentName="production")
    space.delete("one")
    space.wait_gone("one")
    assert simulator.writes(space.project) == [("create", "one"), ("delete", "one"), ("delete", "one")]
    message = (
        f'Not undeployed from production; JWK "one" in project "{space.project}" is deleted again with growing delays.'
    )
    space.wait_events("one", Event("Warning", "Deleting", message))


def test_a_lost_answer_is_settled_by_the_next_attempt(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    simulator.control.fault("drop", project=space.project, call="delete", act=True)
    space.delete("one")
    space.wait_gone("one")
    assert simulator.remote(space.project) == {}
    assert space.events() == []


def test_blocked_without_connection_and_freed_by_retain(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess
) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    operator.stop()
    space.cluster.release(CONNECTION, space.name, "default")
    space.delete("one")
    operator.start()
    jwk = space.wait("one", "DeletionBlocked")
    message = (
        "The remote JWK cannot be deleted: ApinizerConnection default does not exist in namespace "
        f"{space.name}; create it or correct spec.connectionRef. Mend that; {RETAIN}."
    )
    assert jwk.ready == Condition("False", "DeletionBlocked", message)
    assert jwk.conditions["Stalled"] == Condition("True", "DeletionBlocked", message)
    space.wait_events("one", Event("Warning", "DeletionBlocked", message))
    space.patch("one", deletionPolicy="Retain")
    space.wait_gone("one")
    assert set(simulator.remote(space.project)) == {"one"}
    assert simulator.writes(space.project) == [("create", "one")]


def test_blocked_without_secret_and_freed_when_it_returns(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess
) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    operator.stop()
    space.delete("default", "Secret")
    space.delete("one")
    operator.start()
    assert space.wait("one", "DeletionBlocked").message == (
        f"The remote JWK cannot be deleted: ApinizerConnection default: Secret {space.name}/default does not exist; "
        f"create it or correct spec.auth. Mend that; {RETAIN}."
    )
    space.secret("default", token=space.token)
    space.wait_gone("one")
    assert simulator.remote(space.project) == {}


def test_the_last_good_credential_serves_a_deletion(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    space.delete("default", "Secret")
    space.wait_gone("default", "Secret")
    space.delete("one")
    space.wait_gone("one")
    assert simulator.remote(space.project) == {}


def test_a_whole_namespace_goes_at_once(make_space: MakeSpace, simulator: SimulatorProcess) -> None:
    space = make_space()
    space.connect()
    key = ec()
    names = [f"jwk-{number}" for number in range(10)]
    for name in names:
        space.jwk(name, pasted(key))
    space.wait_all(names)
    space.cluster.delete("Namespace", None, space.name)
    until(lambda: space.cluster.find("Namespace", None, space.name) is None, "the namespace is gone", 60)
    assert simulator.remote(space.project) == {}
    assert sorted(simulator.writes(space.project)) == sorted(
        (call, name) for call in ("create", "delete") for name in names
    )
