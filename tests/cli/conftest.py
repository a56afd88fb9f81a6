"""Commands as users run them: processes, on a real API server and the simulator, with their whole output."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.doctoring import doctor, operator_home
from cli.tool import Tool
from harness.cluster import Cluster
from harness.fixtures import account, admin, audit, cluster, make_space, operator, simulator, space

__all__ = [
    "account",
    "admin",
    "audit",
    "cluster",
    "doctor",
    "make_space",
    "operator",
    "operator_home",
    "simulator",
    "space",
]


@pytest.fixture
def offline(tmp_path: Path) -> Tool:
    """The tool without any cluster."""
    return Tool(tmp_path)


@pytest.fixture
def tool(cluster: Cluster, tmp_path: Path) -> Tool:
    """The tool of an administrator of the cluster."""
    return Tool(tmp_path, cluster.plane.kubeconfig)
