"""Fault tests use the same processes and namespaces as the integration tests."""

from __future__ import annotations

from harness.fixtures import account, admin, cluster, make_space, simulator, space

__all__ = ["account", "admin", "cluster", "make_space", "simulator", "space"]
