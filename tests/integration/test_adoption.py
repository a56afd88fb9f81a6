"""adoptionPolicy IfMatching: a JWK that exists is taken over when all that the list shows of it matches."""

from __future__ import annotations

from typing import Any

import pytest

from harness.keys import octets, pasted
from harness.objects import Condition, Event, deployed
from harness.simulator import SimulatorProcess
from harness.space import Space

pytestmark = pytest.mark.usefixtures("operator")

ADOPT = {"adoptionPolicy": "IfMatching"}
ADOPTED = Condition(
    "True",
    "Adopted",
    "The JWK exists; what its environments have is unknown, because the JWK was taken over as it was.",
)


def exists(space: Space, simulator: SimulatorProcess, name: str = "one", **fields: Any) -> dict[str, Any]:
    """Have somebody make a JWK in Apinizer, and return it."""
    simulator.control.tamper("create", space.project, name, **fields)
    return simulator.remote(space.project)[name]


def test_taken_over_without_a_write(space: Space, simulator: SimulatorProcess) -> None:
    there = exists(space, simulator, description="Of old")
    space.jwk("one", {"sourceType": there["sourceType"]}, **ADOPT)
    jwk = space.wait("one", "Adopted")
    assert jwk.ready == ADOPTED
    assert jwk.claimed
    assert jwk.status["remote"]["adopted"] is True
    assert jwk.status["remote"]["type"] == there["type"]
    space.wait_events("one", Event("Normal", "Adopted", f'JWK "one" in project "{space.project}" was taken over.'))
    assert simulator.remote(space.project) == {"one": there}
    assert simulator.writes(space.project) == []
    assert space.handled("one", "again").ready == ADOPTED
    space.delete("one")
    space.wait_gone("one")
    assert simulator.remote(space.project) == {}


def test_one_that_was_made_a_moment_ago(space: Space, simulator: SimulatorProcess) -> None:
    """The project was listed for another one shortly before."""
    space.jwk("other", pasted())
    space.wait("other")
    there = exists(space, simulator)
    space.jwk("one", {"sourceType": there["sourceType"]}, **ADOPT)
    assert space.wait("one", "Adopted").ready == ADOPTED
    assert simulator.writes(space.project) == [("create", "other")]


def test_its_description_is_changed_only_once_the_spec_has_one(space: Space, simulator: SimulatorProcess) -> None:
    there = exists(space, simulator, description="Of old")
    space.jwk("one", {"sourceType": there["sourceType"]}, **ADOPT)
    space.wait("one", "Adopted")
    assert simulator.writes(space.project) == []
    space.patch("one", description="Ours")
    assert space.wait("one").ready == deployed(2)
    assert simulator.bodies(space.project, "update") == [{"description": "Ours"}]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"sourceType": "KEYSTORE"}, 'its source type is "COPY_PASTE", not "KEYSTORE"'),
        ({"sourceType": "COPY_PASTE", "description": "x"}, "its description is not what spec.description says"),
        ({"sourceType": "COPY_PASTE", "kid": "k1"}, 'its kid is "k0", not "k1"'),
        (pasted(octets("k1")), 'its kid is "k0", not "k1"'),
    ],
    ids=["source type", "description", "kid", "kid of the key"],
)
def test_not_taken_over_where_something_differs(
    space: Space, simulator: SimulatorProcess, spec: dict[str, Any], why: str
) -> None:
    there = exists(space, simulator, kid="k0")
    space.jwk("one", spec, **ADOPT)
    message = (
        f'JWK "one" in project "{space.project}" exists already and cannot be taken over: {why}; correct the spec, or '
        "create this resource anew with another spec.name"
    )
    jwk = space.wait("one", "NameConflict")
    assert jwk.ready == Condition("False", "NameConflict", message)
    assert not jwk.claimed
    space.delete("one")
    space.wait_gone("one")
    assert simulator.remote(space.project) == {"one": there}
    assert simulator.writes(space.project) == []


def test_what_is_left_out_is_needed_once_it_is_missing(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", {"sourceType": "COPY_PASTE"}, **ADOPT)
    message = (
        f'JWK "one" in project "{space.project}" does not exist in Apinizer and cannot be created: spec.jwkStr or '
        "spec.jwkStrFrom is needed for that: set one of them."
    )
    jwk = space.wait("one", "InvalidSpec")
    assert jwk.ready == Condition("False", "InvalidSpec", message)
    assert not jwk.claimed
    exists(space, simulator)
    space.annotate("one", requested="now")
    space.wait("one", "Adopted")
    simulator.control.tamper("delete", space.project, "one")
    space.annotate("one", requested="later")
    jwk = space.wait("one", "InvalidSpec")
    assert jwk.message == message
    assert not jwk.claimed
    space.patch("one", **pasted())
    assert space.wait("one").ready == deployed(2)


def test_completing_the_spec_changes_nothing(space: Space, simulator: SimulatorProcess) -> None:
    there = exists(space, simulator, kid="k0")
    space.jwk("one", {"sourceType": "COPY_PASTE"}, **ADOPT)
    space.wait("one", "Adopted")
    space.patch("one", jwkStr=pasted(octets("k0"))["jwkStr"])
    jwk = space.wait_for("one", lambda jwk: jwk.observed and "sourceDigest" in jwk.status["remote"], "a known source")
    assert jwk.ready == ADOPTED
    assert simulator.remote(space.project) == {"one": there}
    refusal = "spec.jwkStr cannot change once the remote JWK exists"
    assert refusal in space.refusal("one", pasted(octets("k0")), **ADOPT)


def test_it_creates_what_does_not_exist(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(), **ADOPT)
    assert space.wait("one").ready == deployed(2)
    assert simulator.writes(space.project) == [("create", "one")]
    assert space.events("one") == []


def test_environments_that_are_required_are_learnt_by_an_update(space: Space, simulator: SimulatorProcess) -> None:
    exists(space, simulator, description="Of old")
    space.jwk("one", {"sourceType": "COPY_PASTE"}, **ADOPT, requiredEnvironments=["production"])
    assert space.wait("one").ready == deployed(2)
    assert simulator.bodies(space.project, "update") == [{"description": "Of old"}]


def test_two_who_would_take_it_over(space: Space, simulator: SimulatorProcess) -> None:
    exists(space, simulator)
    space.jwk("older", {"sourceType": "COPY_PASTE"}, **ADOPT, name="one")
    space.wait("older", "Adopted")
    space.jwk("younger", {"sourceType": "COPY_PASTE"}, **ADOPT, name="one")
    assert f"belongs to resource {space.name}/older" in space.wait("younger", "NameConflict").message
    space.patch("older", deletionPolicy="Retain")
    space.delete("older")
    space.wait_gone("older")
    assert space.wait("younger", "Adopted").ready == ADOPTED
    assert simulator.writes(space.project) == []
