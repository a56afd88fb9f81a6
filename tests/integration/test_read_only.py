"""Read-only connections: everything is decided, nothing is written to Apinizer, and the status says what would be."""

from __future__ import annotations

import pytest

from harness.keys import ec, pasted
from harness.objects import Condition, deployed
from harness.simulator import READER, SimulatorProcess
from harness.space import Space

pytestmark = pytest.mark.usefixtures("operator")


def read_only(space: Space, would: str) -> Condition:
    return Condition("False", "ReadOnly", f"The connection is read-only: {would}.")


def jwk_of(space: Space, name: str = "one") -> str:
    return f'JWK "{name}" in project "{space.project}"'


def test_what_would_be_done_and_then_is(space: Space, simulator: SimulatorProcess) -> None:
    space.connect(token=READER, readOnly=True)
    space.wait_seen()
    space.jwk("one", pasted(ec("first")), updatePolicy="Replace")
    jwk = space.wait("one", "ReadOnly")
    assert jwk.ready == read_only(space, f"{jwk_of(space)} would be created")
    assert not jwk.claimed
    space.connect()
    assert space.wait("one").ready == deployed(2)

    space.connect(readOnly=True)
    space.wait_seen()
    assert space.wait("one").ready == deployed(2)
    space.patch("one", description="Other")
    assert space.wait("one", "ReadOnly").ready == read_only(space, f"the description of {jwk_of(space)} would change")
    space.patch("one", jwkStr=pasted(ec("second"))["jwkStr"], description=None)
    would = read_only(space, f"{jwk_of(space)} would be replaced by a new one")
    assert space.wait_message("one", would).conditions["Synced"].status == "False"
    space.delete("one")
    jwk = space.wait("one", "DeletionBlocked")
    assert jwk.message == (
        f"The remote JWK cannot be deleted: its connection is read-only, and {jwk_of(space)} would be deleted. Mend "
        "that; spec.deletionPolicy: Retain lets the resource go at once and leaves the remote JWK as it is."
    )
    assert simulator.writes(space.project) == [("create", "one")]
    space.patch("one", deletionPolicy="Retain")
    space.wait_gone("one")
    assert list(simulator.remote(space.project)) == ["one"]


def test_what_is_missing_is_told(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    space.connect(readOnly=True)
    space.wait_seen()
    space.handled("one", "before")
    simulator.control.tamper("delete", space.project, "one")
    space.annotate("one", requested="now")
    missing = f"{jwk_of(space)} is missing in Apinizer and would be created again"
    assert space.wait("one", "ReadOnly").ready == read_only(space, missing)
    assert simulator.writes(space.project) == [("create", "one")]
    space.delete("one")
    space.wait_gone("one")


def test_taking_over_is_told(space: Space, simulator: SimulatorProcess) -> None:
    space.connect(readOnly=True)
    space.wait_seen()
    simulator.control.tamper("create", space.project, "one")
    space.jwk("one", {"sourceType": "COPY_PASTE"}, adoptionPolicy="IfMatching")
    assert space.wait("one", "ReadOnly").ready == read_only(space, f"{jwk_of(space)} would be taken over")
    space.connect()
    space.wait("one", "Adopted")
    assert simulator.writes(space.project) == []
