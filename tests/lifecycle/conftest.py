"""Stories need a real API server with the CRDs; everything else of theirs lives in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.cluster import Cluster
from harness.fixtures import admin, cluster
from lifecycle.stage import Stage, set_up
from lifecycle.world import World

__all__ = ["admin", "cluster", "stage", "world"]


@pytest.fixture(scope="module")
def stage(cluster: Cluster) -> Iterator[Stage]:
    """What all stories of a module share."""
    with set_up(cluster) as stage:
        yield stage


@pytest.fixture
def world(stage: Stage) -> Iterator[World]:
    """A world in which nothing has happened yet; the end is played after each story."""
    with World(stage) as world:
        yield world
        if not world.failed:
            world.finish()
