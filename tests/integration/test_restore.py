"""What docs/operations/upgrading.md says of a restored object: it owns nothing until it may take over what it had."""

from __future__ import annotations

from harness.keys import pasted
from harness.objects import FINALIZER
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import Space


def test_an_exported_object_takes_its_jwk_over_when_it_may(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess
) -> None:
    space.jwk("one", pasted(), deletionPolicy="Retain")
    before = space.wait("one")
    space.delete("one")
    space.wait_gone("one")

    restored = space.object("JWK", "one", dict(before.raw["spec"]))
    restored["metadata"] |= {"annotations": before.annotations, "finalizers": [FINALIZER]}
    space.cluster.create(restored)
    assert space.wait("one", "NameConflict").raw["metadata"]["uid"] != before.raw["metadata"]["uid"]

    space.patch("one", adoptionPolicy="IfMatching")
    assert space.wait("one", "Adopted").claimed
    assert simulator.writes(space.project) == [("create", "one")]
