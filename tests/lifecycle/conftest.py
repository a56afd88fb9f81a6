"""Stories need a real API server with the CRDs; everything else of theirs lives in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.cluster import Cluster
from harness.fixtures import admin, cluster
from lifecycle.stage import Stage, set_up

__all__ = ["admin", "cluster", "stage"]


@pytest.fixture(scope="module")
def stage(cluster: Cluster) -> Iterator[Stage]:
    """What all stories of a module share."""
    with set_up(cluster) as stage:
        yield stage
