"""Two operators, each for its part of the JWKs, on one connection."""

from __future__ import annotations

from pathlib import Path

from harness.fixtures import MakeSpace
from harness.keys import pasted
from harness.objects import IN_USE
from harness.operator import OperatorProcess
from harness.rbac import Account
from harness.simulator import SimulatorProcess
from harness.space import CONNECTION, Space
from harness.waiting import until


def labelled(space: Space, name: str, shard: str) -> None:
    """Apply a JWK with a label."""
    resource = space.object("JWK", name, pasted())
    resource["metadata"]["labels"] = {"shard": shard}
    space.cluster.apply(resource)


def holds(space: Space) -> set[str]:
    """The finalizers of the connection."""
    found = space.cluster.find(CONNECTION, space.name, "default")
    return set((found or {"metadata": {}})["metadata"].get("finalizers") or ())


def test_each_serves_its_own(
    account: Account, make_space: MakeSpace, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    space = make_space()
    space.connect()
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    first = OperatorProcess(account.kubeconfig, folders[0], ("--namespace", space.name, "--selector", "shard=a"))
    second = OperatorProcess(
        account.kubeconfig, folders[1], ("--namespace", space.name, "--selector", "shard notin (a)")
    )
    with first, second:
        labelled(space, "one", "a")
        labelled(space, "two", "b")
        space.jwk("three", pasted())
        space.wait_all(["one", "two", "three"])
        assert (first.passes(action="create"), second.passes(action="create")) == (1, 2)
        until(lambda: len(holds(space)) == 2, lambda: f"each holds the connection: {holds(space)}")
        assert all(name.startswith(f"{IN_USE}-") for name in holds(space))
        assert space.wait_connection("Connected").status == "True", "told by the one whose labels it has"

        # one that changes hands is neither lost nor doubled
        space.cluster.patch("JWK", space.name, "two", {"metadata": {"labels": {"shard": "a"}}})
        space.annotate("two", **{"apiops.apinizer.com/reconcile-requested-at": "now"})
        until(lambda: space.get("two").status.get("lastHandledReconcileAt") == "now", "the other one looks at it")
        for name in ("one", "two"):
            space.delete(name)
            space.wait_gone(name)
        until(lambda: len(holds(space)) == 1, lambda: f"the second still needs it: {holds(space)}")
        space.delete("three")
        space.wait_gone("three")
        until(lambda: not holds(space), lambda: f"nobody needs it: {holds(space)}")
    assert sorted(simulator.writes(space.project)) == sorted(
        (call, name) for call in ("create", "delete") for name in ("one", "two", "three")
    )
