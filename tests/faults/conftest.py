"""Fault tests use the same processes and namespaces as the integration tests, and certificates of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.hostile_client import Certified, served
from harness.fixtures import account, admin, cluster, make_space, operator, simulator, space
from harness.tls import make_authority

__all__ = ["account", "admin", "cluster", "make_space", "operator", "simulator", "space"]


@pytest.fixture
def certified(tmp_path: Path) -> Certified:
    """A certificate for 127.0.0.1."""
    return served(make_authority(tmp_path, "ours"))


@pytest.fixture
def other_authority(tmp_path: Path) -> str:
    """Another authority, which has signed nothing that matters."""
    folder = tmp_path / "other"
    folder.mkdir()
    return make_authority(folder, "other").ca.read_text()
