"""Fixtures for tests against a real API server: ``pytest_plugins = ["controlplane.pytest_plugin"]``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.plane import ControlPlane


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """One control plane with an audit log for all tests of the session; it starts with the first test that asks."""
    with ControlPlane(audit=True) as plane:
        yield plane
