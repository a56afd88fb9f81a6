"""What is done to a cluster and what has to come of it: the same on the demo's control plane and on a real node.

The operator runs already, and so does the simulator, with `seed`; nobody else has JWKs in the cluster.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from apinizer_simulator.control import SimulatorControl
from demo import scenario
from demo.cluster import Cluster
from demo.outcomes import Expected, Outcome, differences
from demo.scenario import Addresses

Alive = Callable[[], None]
"""Raises when waiting is in vain, as something has ended."""


def seed(token: str) -> dict[str, Any]:
    """Return what the simulator has to know: the demo's project, and the token that is valid."""
    return {**json.loads((scenario.HERE / "seed.json").read_text()), "tokens": [token]}


def keyset() -> bytes:
    """Return the JWK Set that is served at the address of `Addresses.keyset`."""
    return (scenario.HERE / "keyset.json").read_bytes()


def deploy_examples(
    cluster: Cluster, addresses: Addresses, seconds: float, alive: Alive
) -> Iterator[tuple[Expected, Outcome]]:
    """Apply connections and examples, and yield each JWK as it becomes what it should."""
    cluster.apply(scenario.connections(addresses))
    cluster.apply(scenario.examples(addresses))
    yield from cluster.settle(scenario.GOOD, seconds, alive)


def cause_problems(
    cluster: Cluster, control: SimulatorControl, seconds: float, alive: Alive
) -> Iterator[tuple[Expected, Outcome]]:
    """Let an environment fail, apply what cannot work, and yield each JWK as it says so."""
    control.fail_environment(scenario.PROJECT, scenario.FAILING, message=scenario.FAILURE)
    cluster.apply(scenario.problems())
    yield from cluster.settle(scenario.BAD, seconds, alive)


def conclude(cluster: Cluster) -> list[str]:
    """Return one line for each JWK that is not as it should be, and for each that nobody expected."""
    return differences([*scenario.GOOD, *scenario.BAD], cluster.outcomes())
