"""How big the image is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.run import Part
from install.engine import NO_ENGINE, base_image, engines

_MEGABYTE = 1e6


def above_base(image: str, base: str) -> Iterator[Part]:
    """Ask the engine that has both for the image's size above its base; without a name, the Dockerfile's."""
    base = base or base_image()
    with tempfile.TemporaryDirectory() as folder:
        found = engines(Path(folder))
        assert found, NO_ENGINE
        for engine in found.values():
            if engine.ensure(image) and engine.ensure(base):
                size, below = engine.size(image) / _MEGABYTE, engine.size(base) / _MEGABYTE
                yield "image", {"size": size, "above": size - below}
                return
    raise AssertionError(f"{image} and {base} are not both in the storage of one of {', '.join(found)}")
