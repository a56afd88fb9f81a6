"""`jwk-operator doctor` on connections that work and on those that do not, with all that it prints."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.doctoring import HEAD, Doctor, end, install_deployment
from cli.tool import Tool
from harness.cluster import Cluster
from harness.fixtures import MakeSpace
from harness.rbac import Account
from harness.simulator import READER, SimulatorProcess
from harness.space import Space


@pytest.fixture(scope="module")
def home(cluster: Cluster, account: Account) -> str:
    """The namespace of an operator that seems to run, and does not, so that no status changes."""
    namespace = account.user.split(":")[2]
    install_deployment(cluster, namespace)
    return namespace


@pytest.fixture
def doctor(tool: Tool, cluster: Cluster, home: str) -> Doctor:
    return Doctor(tool, cluster, home, cluster.plane.kubeconfig)


def test_x(doctor: Doctor, space: Space) -> None:
    done = doctor(space)
    print(done.out)
    assert done.out == HEAD
