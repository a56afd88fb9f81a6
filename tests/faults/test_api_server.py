"""Faults between the operator and the API server: watches that break or fall silent.

Objects that changed or went unseen: tests/lifecycle/test_lifecycle_stale.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from harness.cluster import Cluster
from harness.keys import pasted
from harness.objects import deployed
from harness.operator import OperatorProcess
from harness.rbac import Account
from harness.simulator import SimulatorProcess
from harness.space import Space
from harness.wire import Wire

_SILENCE = 90.0
"""Seconds without a word after which a watch counts as dead; the API server says something every minute."""


@pytest.fixture(scope="module")
def wire(cluster: Cluster) -> Iterator[Wire]:
    """The operator's line to the API server."""
    port = urlsplit(cluster.plane.server).port
    assert port
    with Wire(port) as line:
        yield line


@pytest.fixture(scope="module")
def operator(
    cluster: Cluster, account: Account, wire: Wire, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """An operator on that line."""
    port = urlsplit(cluster.plane.server).port
    assert port
    with OperatorProcess(wire.kubeconfig(account.kubeconfig, port), tmp_path_factory.mktemp("operator")) as process:
        yield process


def test_watches_that_break_in_a_burst_lose_and_double_nothing(
    operator: OperatorProcess, wire: Wire, space: Space, simulator: SimulatorProcess
) -> None:
    names = [f"jwk-{number:03}" for number in range(150)]
    since = space.version()
    for number, name in enumerate(names):
        space.jwk(name, pasted(), description="First")
        if number % 15 == 14:
            wire.break_off()
    for number, name in enumerate(names):
        space.patch(name, description=f"Second of {name}")
        if number % 15 == 7:
            wire.break_off()
    space.wait_all(names)
    writes = simulator.writes(space.project)
    assert sorted(name for call, name in writes if call == "create") == names, "each exactly once"
    updated = [name for call, name in writes if call == "update"]
    assert len(updated) == len(set(updated)), "and no more than one update each"
    remote = simulator.remote(space.project)
    assert {name: jwk["description"] for name, jwk in remote.items()} == {name: f"Second of {name}" for name in names}
    assert {ready for told in space.told(since).values() for ready in told} == {deployed(2)}, "users saw nothing of it"
    assert operator.probe("/healthz")[0] == 200


def test_a_watch_that_falls_silent_is_found(
    operator: OperatorProcess, wire: Wire, space: Space, simulator: SimulatorProcess
) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    wire.silence()
    space.jwk("two", pasted())
    space.wait("two", seconds=_SILENCE + 60)
    space.secret("later", key=pasted()["jwkStr"])
    space.jwk("three", {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "later", "key": "key"}}})
    space.wait("three", seconds=_SILENCE + 60)
    assert simulator.writes(space.project) == [("create", name) for name in ("one", "two", "three")]
    assert operator.metric("jwk_operator_watch_age_seconds", resource="jwks") < _SILENCE
