"""The operator as users run it: a process of its own, under the RBAC that ships, against a real API server."""

from __future__ import annotations

from harness.fixtures import account, admin, audit, cluster, make_space, operator, simulator, space

__all__ = ["account", "admin", "audit", "cluster", "make_space", "operator", "simulator", "space"]
