"""Argo CD and Flux as far as they can be had without a cluster of theirs: scripts, libraries, objects and kubectl."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gitops.machine import GitOps
from gotools import find_tool
from harness.fixtures import admin, cluster

__all__ = ["admin", "cluster", "gitops"]


@pytest.fixture(scope="session")
def gitops() -> Iterator[GitOps]:
    """Argo CD's Lua machine and kstatus."""
    with GitOps(find_tool("gitops")) as machine:
        yield machine
