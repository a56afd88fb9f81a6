"""What docs/operations/backup.md says of a restored object: it owns nothing until it may take over what it had."""

from __future__ import annotations

from harness.keys import pasted
from harness.objects import FINALIZER, Jwk
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import Space


def restored(space: Space) -> Jwk:
    """Make a JWK, delete it and create it from what was exported before; returns it as it was."""
    space.jwk("one", pasted(), deletionPolicy="Retain")
    before = space.wait("one")
    space.delete("one")
    space.wait_gone("one")
    copy = space.object("JWK", "one", dict(before.raw["spec"]))
    copy["metadata"] |= {"annotations": before.annotations, "finalizers": [FINALIZER]}
    space.cluster.create(copy)
    return before


def test_an_exported_object_takes_its_jwk_over_when_it_may(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess
) -> None:
    before = restored(space)
    assert space.wait("one", "NameConflict").raw["metadata"]["uid"] != before.raw["metadata"]["uid"]

    space.patch("one", adoptionPolicy="IfMatching")
    assert space.wait("one", "Adopted").claimed
    assert simulator.writes(space.project) == [("create", "one")]


def test_a_status_that_was_restored_as_well_makes_no_owner(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess
) -> None:
    before = restored(space)
    remote = before.status["remote"] | {"observedAt": "2026-01-01T00:00:00Z"}
    space.cluster.patch("JWK", space.name, "one", {"status": before.status | {"remote": remote}}, "/status")
    # A pass that began before the status was there tells its own part of it; the one after it clears the rest.
    came_along = {"remote", "deploymentResult"}
    space.wait_for(
        "one", lambda jwk: jwk.reason == "NameConflict" and not came_along & set(jwk.status), "nothing of the other's"
    )

    space.delete("one")
    space.wait_gone("one")
    assert simulator.writes(space.project) == [("create", "one")]
