"""updatePolicy Replace: the old JWK is renamed aside, the new one created under the name, and then the old one goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.keys import ec, octets, pasted
from harness.objects import ASIDE, Condition, Event, Jwk, deployed
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import Space

REPLACE = {"updatePolicy": "Replace"}


def replaced(space: Space, name: str = "one", stays: str = "", times: int = 1) -> Event:
    message = f'JWK "{name}" in project "{space.project}" was replaced by a new one{stays}.'
    return Event("Normal", "Replaced", message, times)


def kids(simulator: SimulatorProcess, space: Space) -> dict[str, Any]:
    """The kid of each remote JWK by its name."""
    return {name: jwk["kid"] for name, jwk in simulator.remote(space.project).items()}


def source(kid: str) -> str:
    return str(pasted(ec(kid))["jwkStr"])


@pytest.mark.usefixtures("operator")
def test_another_source_takes_the_place(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(ec("old")), **REPLACE, description="Mine")
    space.wait("one")
    space.patch("one", jwkStr=source("new"), description="New")
    jwk = space.wait_for(
        "one", lambda jwk: jwk.status["remote"]["kid"] == "new" and not jwk.status.get("replacement"), "new"
    )
    assert jwk.ready == deployed(2)
    assert ASIDE not in jwk.annotations
    assert jwk.status["remote"]["description"] == "New"
    assert kids(simulator, space) == {"one": "new"}
    calls = simulator.writes(space.project)
    aside = simulator.bodies(space.project, "update")[0]["name"]
    assert aside.startswith("one-replaced-")
    assert calls == [("create", "one"), ("update", "one"), ("create", "one"), ("delete", aside)]
    assert simulator.bodies(space.project, "update") == [{"name": aside, "description": "Mine"}]
    space.wait_events("one", replaced(space))


@pytest.mark.usefixtures("operator")
def test_the_name_aside_is_free_and_no_foreign_jwk_is_touched(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(ec("a")), **REPLACE)
    space.wait("one")
    space.patch("one", jwkStr=source("b"))
    space.wait_events("one", replaced(space))
    first = simulator.bodies(space.project, "update")[0]["name"]
    space.patch("one", jwkStr=source("a"))
    space.wait_events("one", replaced(space, times=2))
    space.wait_for("one", _is_over, "the end of the old one, which follows the news")
    for name in {first, simulator.bodies(space.project, "update")[1]["name"]}:
        simulator.control.tamper("create", space.project, name, description="theirs")
    before = simulator.remote(space.project)
    space.patch("one", jwkStr=source("c"))
    space.wait_events("one", replaced(space, times=3))
    space.delete("one")
    space.wait_gone("one")
    before.pop("one")
    assert simulator.remote(space.project) == before


@pytest.mark.usefixtures("operator")
def test_refused_for_good_gives_the_name_back(space: Space, simulator: SimulatorProcess) -> None:
    spec = {"sourceType": "CERTIFICATE", "certificateName": "certificate", "environmentName": "production"}
    space.jwk("one", {**spec, "useType": "SIGNATURE", "algorithm": "ES256"}, **REPLACE)
    space.wait("one")
    before = kids(simulator, space)
    space.patch("one", certificateName="nowhere")
    jwk = space.wait("one", "Rejected")
    message = "Apinizer rejected the request: Certificate (name: nowhere) is not found! The old JWK has its name back."
    assert jwk.ready == Condition("False", "Rejected", message)
    assert kids(simulator, space) == before
    assert "replacement" not in jwk.status
    assert ASIDE not in jwk.annotations
    assert jwk.status["remote"]["sourceDetached"] is True
    count = len(simulator.requests(space.project))
    space.patch("one", certificateName="certificate")
    assert space.wait("one").ready == deployed(2)
    assert kids(simulator, space) == before
    assert len(simulator.requests(space.project)) == count


@pytest.mark.usefixtures("operator")
def test_a_right_that_was_missing_for_a_while(space: Space, simulator: SimulatorProcess) -> None:
    """Nothing here tells when it is given: the next check-up tries again, and until then the old JWK serves."""
    space.connect(resyncInterval="4s")
    space.jwk("one", pasted(ec("old")), **REPLACE)
    space.wait("one")
    simulator.control.fault("status", project=space.project, call="create", status=403)
    space.patch("one", jwkStr=source("new"))
    jwk = space.wait("one", "Forbidden")
    assert jwk.ready is not None
    assert jwk.ready.message.endswith("The old JWK has its name back.")
    assert "replacement" not in jwk.status
    space.wait_for("one", lambda jwk: jwk.status["remote"]["kid"] == "new" and "replacement" not in jwk.status, "new")
    assert space.wait("one").ready == deployed(2)
    assert kids(simulator, space) == {"one": "new"}


@pytest.mark.usefixtures("operator")
def test_another_key_in_the_secret(space: Space, simulator: SimulatorProcess) -> None:
    space.secret("key", jwk=json.dumps(octets("k1")))
    from_secret = {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "key", "key": "jwk"}}}
    space.jwk("one", from_secret)
    space.wait("one")
    space.secret("key", jwk=json.dumps(octets("k1")))
    jwk = space.wait("one", "ReplacementRequired")
    message = (
        "The remote JWK cannot be changed to what the spec says: the Secret that spec.jwkStrFrom names holds another "
        "key than the one it was created from. Change it back, set spec.updatePolicy to Replace, or delete and create "
        "anew."
    )
    assert jwk.ready == Condition("False", "ReplacementRequired", message)
    assert simulator.writes(space.project) == [("create", "one")]
    space.patch("one", **REPLACE)
    space.wait_events("one", Event("Warning", "ReplacementRequired", message), replaced(space))
    assert space.wait("one").ready == deployed(2)
    space.secret("key", jwk=json.dumps(octets("k2")))
    space.wait_for("one", lambda jwk: jwk.status["remote"]["kid"] == "k2" and _is_over(jwk), "the second one")
    assert kids(simulator, space) == {"one": "k2"}


@pytest.mark.usefixtures("operator")
def test_the_same_key_written_otherwise_is_no_news(space: Space, simulator: SimulatorProcess) -> None:
    key = ec("k1", private=True)
    space.secret("key", jwk=json.dumps(key))
    from_secret = {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "key", "key": "jwk"}}}
    space.jwk("one", from_secret, **REPLACE)
    version = space.wait("one").status["remote"]["secretVersion"]
    space.secret("key", jwk=json.dumps(dict(reversed(key.items())), indent=2))
    space.wait_for("one", lambda jwk: jwk.status["remote"]["secretVersion"] != version, "a look at the Secret")
    assert simulator.writes(space.project) == [("create", "one")]


def test_the_old_key_stays_for_a_while_also_over_a_restart(
    space: Space, simulator: SimulatorProcess, operator: OperatorProcess
) -> None:
    space.jwk("one", pasted(ec("old")), **REPLACE, replacement={"keepOldFor": "1h"})
    space.wait("one")
    space.patch("one", jwkStr=source("new"))
    jwk = space.wait_for(
        "one", lambda jwk: jwk.status.get("replacement", {}).get("step") == "KeepingOld", "the overlap"
    )
    assert jwk.ready == deployed(2)
    aside = jwk.status["replacement"]["oldName"]
    assert jwk.status["replacement"]["keepOldUntil"] > jwk.status["lastOperation"]["time"]
    assert kids(simulator, space) == {"one": "new", aside: "old"}
    operator.kill()
    operator.start()
    space.handled("one", "still there")
    assert kids(simulator, space) == {"one": "new", aside: "old"}
    space.patch("one", description="Meanwhile")
    space.wait_for("one", lambda jwk: jwk.status["remote"].get("description") == "Meanwhile", "an update meanwhile")
    # an overlap that is not wished for any more ends
    space.patch("one", replacement=None)
    space.wait_for("one", lambda jwk: jwk.observed and "replacement" not in jwk.status, "the end of the overlap")
    assert kids(simulator, space) == {"one": "new"}


@pytest.mark.usefixtures("operator")
def test_a_replace_of_the_resource_does_not_leave_the_old_key_for_ever(
    space: Space, simulator: SimulatorProcess
) -> None:
    space.jwk("one", pasted(ec("old")), **REPLACE, replacement={"keepOldFor": "1h"})
    space.wait("one")
    space.patch("one", jwkStr=source("new"))
    jwk = space.wait_for("one", lambda jwk: jwk.status.get("replacement", {}).get("step") == "KeepingOld", "both")
    assert ASIDE in jwk.annotations
    bare = {**jwk.raw, "metadata": {**jwk.metadata, "annotations": {}, "finalizers": []}}
    space.cluster.request("PUT", space.path("JWK", "one"), bare)
    again = space.wait_for("one", lambda jwk: jwk.claimed and ASIDE in jwk.annotations, "its records once more")
    assert again.status["replacement"] == jwk.status["replacement"]
    assert sorted(kids(simulator, space).values()) == ["new", "old"]
    space.patch("one", replacement=None)
    space.wait_for("one", lambda jwk: not jwk.status.get("replacement"), "the end of the overlap")
    assert kids(simulator, space) == {"one": "new"}


@pytest.mark.usefixtures("operator")
def test_the_overlap_ends_by_itself(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(ec("old")), **REPLACE, replacement={"keepOldFor": "2s"})
    space.wait("one")
    space.patch("one", jwkStr=source("new"))
    space.wait_for("one", lambda jwk: jwk.status.get("replacement", {}).get("step") == "KeepingOld", "the overlap")
    jwk = space.wait_for("one", lambda jwk: "replacement" not in jwk.status, "the end of the overlap")
    assert jwk.ready == deployed(2)
    assert kids(simulator, space) == {"one": "new"}
    space.wait_events(
        "one",
        replaced(space, stays=f'; the old one stays as "{_aside(simulator, space)}" for spec.replacement.keepOldFor'),
    )


@pytest.mark.usefixtures("operator")
def test_the_old_key_is_not_forgotten_where_the_records_were_taken_away(
    space: Space, simulator: SimulatorProcess
) -> None:
    space.jwk("one", pasted(ec("old")), **REPLACE, replacement={"keepOldFor": "1h"})
    space.wait("one")
    space.patch("one", jwkStr=source("new"))
    kept = space.wait_for("one", lambda jwk: bool(jwk.status.get("replacement", {}).get("keepOldUntil")), "overlap")
    bare = {**kept.raw, "metadata": {**kept.metadata, "annotations": {}, "finalizers": []}}
    space.cluster.request("PUT", space.path("JWK", "one"), bare)
    again = space.wait_for("one", lambda jwk: jwk.claimed and ASIDE in jwk.annotations, "the records once more")
    assert again.status["replacement"] == kept.status["replacement"]
    assert sorted(kids(simulator, space).values()) == ["new", "old"]
    space.delete("one")
    space.wait_gone("one")
    assert simulator.remote(space.project) == {}


@pytest.mark.usefixtures("operator")
def test_both_go_with_the_resource(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(ec("old")), **REPLACE, replacement={"keepOldFor": "1h"})
    space.wait("one")
    space.patch("one", jwkStr=source("new"))
    space.wait_for("one", lambda jwk: jwk.status.get("replacement", {}).get("step") == "KeepingOld", "the overlap")
    space.delete("one")
    space.wait_gone("one")
    assert simulator.remote(space.project) == {}


@pytest.mark.usefixtures("operator")
def test_an_edit_in_the_middle_ends_with_the_newest(space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted(ec("first")), **REPLACE)
    space.wait("one")
    for _ in range(2):
        simulator.control.fault("status", project=space.project, call="create", status=500)
    space.patch("one", jwkStr=source("second"))
    space.wait("one", "ServerError")
    assert list(kids(simulator, space).values()) == ["first"]
    space.patch("one", jwkStr=source("third"))
    space.wait_for("one", lambda jwk: jwk.reason == "Deployed" and jwk.status["remote"]["kid"] == "third", "the third")
    space.wait_for("one", lambda jwk: "replacement" not in jwk.status, "the end")
    assert kids(simulator, space) == {"one": "third"}


@pytest.mark.usefixtures("operator")
def test_an_edit_back_in_the_middle_gives_the_name_back(space: Space, simulator: SimulatorProcess) -> None:
    first = source("first")
    space.jwk("one", pasted(jwkStr=first), **REPLACE)
    space.wait("one")
    simulator.control.fault("status", project=space.project, call="create", status=500, times=3)
    space.patch("one", jwkStr=source("second"))
    space.wait("one", "ServerError")
    space.patch("one", jwkStr=first)
    space.wait_for("one", lambda jwk: jwk.observed and jwk.reason == "Deployed", "the first one back")
    assert kids(simulator, space) == {"one": "first"}
    assert simulator.writes(space.project)[-1][0] == "update"


def _is_over(jwk: Jwk) -> bool:
    return jwk.reason == "Deployed" and "replacement" not in jwk.status


def _aside(simulator: SimulatorProcess, space: Space) -> str:
    return str(simulator.bodies(space.project, "update")[0]["name"])
