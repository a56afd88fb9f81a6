"""A world of a benchmark for a module of tests, and the operator in it as it ships."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.profile.watching import Watched
from benchmarks.world import World, new_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An API server and a manager of the module's own, with a connection."""
    with new_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module")
def operator(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The operator, not started yet; when it runs at the end, it is stopped."""
    operator = Watched(world, tmp_path_factory.mktemp("operator"))
    try:
        yield operator
    finally:
        if operator.running:
            operator.stop()
