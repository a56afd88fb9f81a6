"""Remote names that somebody else has."""

from __future__ import annotations

import itertools

import pytest

from harness.fixtures import MakeSpace
from harness.keys import pasted
from harness.objects import CLAIM, FINALIZER, REMOTE, Condition, Event, deployed
from harness.simulator import SimulatorProcess
from harness.space import Space
from harness.waiting import until

pytestmark = pytest.mark.usefixtures("operator")


def _foreign(project: str, name: str) -> str:
    return (
        f'JWK "{name}" in project "{project}" exists already and was not created by this resource; set '
        "spec.adoptionPolicy to IfMatching to take it over, remove it in Apinizer, or create this resource anew with "
        "another spec.name"
    )


def _taken(project: str, name: str, owner: str) -> str:
    return (
        f'JWK "{name}" in project "{project}" belongs to resource {owner}; remove one of the two, or create this '
        "resource anew with another spec.name"
    )


def test_a_foreign_jwk_is_left_alone(space: Space, simulator: SimulatorProcess) -> None:
    simulator.control.tamper("create", space.project, "one", description="theirs")
    before = simulator.remote(space.project)
    space.jwk("one", pasted())
    jwk = space.wait("one", "NameConflict")
    message = _foreign(space.project, "one")
    assert jwk.ready == Condition("False", "NameConflict", message)
    assert jwk.conditions["Stalled"] == Condition("True", "NameConflict", message)
    assert not jwk.claimed
    space.wait_events("one", Event("Warning", "NameConflict", message))
    space.delete("one")
    space.wait_gone("one")
    assert simulator.remote(space.project) == before
    assert simulator.writes(space.project) == []


def test_a_name_that_was_freed_by_hand_is_free_for_the_next_edit(space: Space, simulator: SimulatorProcess) -> None:
    edits = itertools.count()

    def seen_as_free() -> bool:
        space.patch("one", description=f"Edit {next(edits)}")
        return space.wait_for("one", lambda jwk: jwk.observed, "a look at the edit").reason != "NameConflict"

    simulator.control.tamper("create", space.project, "one")
    space.jwk("one", pasted())
    space.wait("one", "NameConflict")
    simulator.control.tamper("delete", space.project, "one")
    until(seen_as_free, "a list that was read since")
    space.wait("one")


def test_already_exists_as_an_answer_gives_the_claim_back(space: Space, simulator: SimulatorProcess) -> None:
    body = {"error": "bad_request", "error_description": "JWK (name: one) is already exist! Try update operation."}
    simulator.control.fault("status", project=space.project, call="create", status=400, body=body)
    space.jwk("one", pasted())
    jwk = space.wait("one", "NameConflict")
    assert jwk.message == _foreign(space.project, "one")
    assert not jwk.claimed


def test_the_older_resource_wins_and_the_younger_takes_over(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("older", pasted(), name="shared")
    space.wait("older")
    space.jwk("younger", pasted(), name="shared")
    jwk = space.wait("younger", "NameConflict")
    message = _taken(space.project, "shared", f"{space.name}/older")
    assert jwk.ready == Condition("False", "NameConflict", message)
    assert not jwk.claimed
    space.wait_events("younger", Event("Warning", "NameConflict", message))
    space.delete("older")
    space.wait_gone("older")
    assert space.wait("younger").ready == deployed(2)
    assert simulator.writes(space.project) == [("create", "shared"), ("delete", "shared"), ("create", "shared")]


def test_two_namespaces_with_one_project(make_space: MakeSpace, simulator: SimulatorProcess) -> None:
    first = make_space()
    second = make_space(project=first.project, url=f"{simulator.url}/apiops/")
    for space in (first, second):
        space.connect()
    first.jwk("one", pasted())
    first.wait("one")
    second.jwk("one", pasted())
    assert second.wait("one", "NameConflict").message == _taken(first.project, "one", f"{first.name}/one")
    assert simulator.writes(first.project) == [("create", "one")]


def test_a_jwk_that_moves_to_another_namespace_is_free_there_at_once(
    make_space: MakeSpace, simulator: SimulatorProcess
) -> None:
    first = make_space()
    second = make_space(project=first.project)
    for space in (first, second):
        space.connect()
    first.jwk("one", pasted())
    first.wait("one")
    second.jwk("other", pasted())
    second.wait("other")  # by a list of the second connection, which has "one" in it
    first.delete("one")
    first.wait_gone("one")
    second.jwk("one", pasted())
    second.wait("one")
    calls = [call for call, name in simulator.writes(first.project) if name == "one"]
    assert calls == ["create", "delete", "create"]


def test_a_copy_with_annotations_and_finalizer_owns_nothing(
    make_space: MakeSpace, space: Space, simulator: SimulatorProcess
) -> None:
    spec = pasted()
    space.jwk("one", spec)
    original = space.wait("one")
    other = make_space(project=space.project)
    other.connect()
    for place, name in ((space, "copy"), (other, "one")):
        copied = place.object("JWK", name, {**spec, "name": "one"})
        copied["metadata"]["annotations"] = {key: original.annotations[key] for key in (REMOTE, CLAIM)}
        copied["metadata"]["finalizers"] = [FINALIZER]
        space.cluster.create(copied)
        assert place.wait(name, "NameConflict").message == _taken(space.project, "one", f"{space.name}/one")
        place.delete(name)
        place.wait_gone(name)
    assert simulator.writes(space.project) == [("create", "one")]
    assert space.get("one").raw == original.raw
