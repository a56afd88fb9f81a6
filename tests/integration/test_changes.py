"""What happens after the remote JWK exists: looks on request, drift, updates, suspension, check-ups."""

from __future__ import annotations

import pytest

from harness.keys import ec, pasted, served
from harness.objects import Condition, Event, deployed
from harness.simulator import SimulatorProcess
from harness.space import Space

pytestmark = pytest.mark.usefixtures("operator")


def test_a_look_on_request_finds_nothing(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(ec("kid")))
    before = space.wait("one").status
    after = space.handled("one", "first").status
    assert after == {**before, "lastHandledReconcileAt": "first"}
    assert simulator.writes(space.project) == [("create", "one")]


def test_a_look_on_request_finds_it_missing(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    simulator.control.tamper("delete", space.project, "one")
    space.annotate("one", requested="now")
    simulator.wait_calls(space.project, 2, "create")
    jwk = space.wait("one")
    assert (jwk.ready, jwk.handled) == (deployed(2), "now")
    assert simulator.writes(space.project) == [("create", "one"), ("create", "one")]
    message = f'JWK "one" in project "{space.project}" is missing in Apinizer; it is created again.'
    space.wait_events("one", Event("Warning", "MissingRemotely", message))


def test_a_description_is_put_back(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(), description="Ours")
    space.wait("one")
    simulator.control.tamper("change", space.project, "one", description="Theirs")
    space.annotate("one", requested="now")
    simulator.wait_calls(space.project, 1, "update")
    assert simulator.bodies(space.project, "update") == [{"description": "Ours"}]
    assert simulator.remote(space.project)["one"]["description"] == "Ours"
    message = f'Somebody else changed the description of JWK "one" in project "{space.project}"; it is put back.'
    space.wait_events("one", Event("Warning", "Drifted", message))
    space.patch("one", description="Ours as well")
    simulator.wait_calls(space.project, 2, "update")
    space.wait_for("one", lambda jwk: jwk.status["remote"]["description"] == "Ours as well", "the new description")
    assert len(space.events("one")) == 1, "a change of one's own is no news"


def test_a_description_of_a_linked_jwk_is_put_back(space: Space, simulator: SimulatorProcess) -> None:
    spec = {"sourceType": "CERTIFICATE", "certificateName": "certificate", "environmentName": "production"}
    space.jwk("one", {**spec, "useType": "SIGNATURE", "algorithm": "ES256"}, description="Ours")
    space.wait("one")
    simulator.control.tamper("change", space.project, "one", description="Theirs")
    space.annotate("one", requested="now")
    space.wait_for("one", lambda jwk: jwk.status["remote"].get("sourceDetached") is True, "the link that was cut")
    assert simulator.bodies(space.project, "update") == [{"description": "Ours"}]
    message = f'Somebody else changed the description of JWK "one" in project "{space.project}"; it is put back.'
    cut = "The update cut the link between the JWK and its CERTIFICATE source: Apinizer no longer "
    detached = Event("Warning", "SourceDetached", f"{cut}follows changes of that source.")
    space.wait_events("one", Event("Warning", "Drifted", message), detached)


def test_another_key_behind_our_back_is_reported_only(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(ec("ours")))
    space.wait("one")
    simulator.control.tamper("change", space.project, "one", kid="theirs")
    space.annotate("one", requested="now")
    message = 'The JWK in Apinizer has kid "theirs", not "ours" as before: somebody else changed it.'
    jwk = space.wait("one", "Drifted")
    assert jwk.ready == Condition("False", "Drifted", message)
    space.wait_events("one", Event("Warning", "Drifted", message))
    assert simulator.writes(space.project) == [("create", "one")]


def test_suspend_and_resume(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(), suspend=True)
    message = "Nothing is changed in Apinizer while spec.suspend is true."
    assert space.wait("one", "Suspended").ready == Condition("Unknown", "Suspended", message)
    assert simulator.requests(space.project) == []
    space.patch("one", suspend=False)
    assert space.wait("one").ready == deployed(2)
    space.patch("one", suspend=True, description="Later")
    assert space.wait("one", "Suspended").ready == Condition("True", "Suspended", message)
    assert simulator.writes(space.project) == [("create", "one")]
    space.patch("one", suspend=False)
    assert space.wait("one").ready == deployed(2)
    assert simulator.writes(space.project) == [("create", "one"), ("update", "one")]
    assert space.events() == []


def test_a_new_description_detaches_a_linked_source(space: Space, simulator: SimulatorProcess) -> None:
    with served(ec("kid")) as url:
        space.jwk("one", {"sourceType": "URL", "url": url}, description="Old")
        space.wait("one")
        space.patch("one", description="New")
        jwk = space.wait_for("one", lambda jwk: jwk.observed and jwk.reason == "Deployed", "the update")
    assert jwk.status["remote"]["sourceDetached"] is True
    assert simulator.bodies(space.project, "update") == [{"description": "New"}]
    assert simulator.remote(space.project)["one"]["detached"] is True
    detached = (
        "The update cut the link between the JWK and its URL source: Apinizer no longer follows changes of that source."
    )
    space.wait_events("one", Event("Warning", "SourceDetached", detached))


def test_a_check_up_lists_once_for_everybody(space: Space, simulator: SimulatorProcess) -> None:
    space.connect(resyncInterval="2s")
    key, names = ec(), [f"jwk-{number}" for number in range(5)]
    for name in names:
        space.jwk(name, pasted(key))
    space.wait_all(names)
    created = simulator.control.requests()[-1]["sequence"]
    simulator.control.tamper("delete", space.project, names[0])
    simulator.wait_calls(space.project, len(names) + 1, "create")
    space.wait_all(names)
    later = [record for record in simulator.requests(space.project) if record["sequence"] > created]
    assert [record["name"] for record in later if record["call"] == "create"] == [names[0]]
    assert {record["call"] for record in later} == {"list", "create"}
    assert space.wait(names[0]).ready == deployed(2)


def test_records_that_a_replace_took_away_are_written_again(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(ec("kid")))
    jwk = space.wait("one")
    assert jwk.claimed
    bare = {**jwk.raw, "metadata": {**jwk.metadata, "annotations": {}, "finalizers": []}}
    space.cluster.request("PUT", space.path("JWK", "one"), bare)
    again = space.wait_for("one", lambda jwk: jwk.claimed, "a claim once more")
    assert again.ready == deployed(2)
    space.delete("one")
    space.wait_gone("one")
    assert simulator.writes(space.project) == [("create", "one"), ("delete", "one")]
