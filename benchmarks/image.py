"""How big the image is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.run import Part
from install.engine import NO_BASE, NO_ENGINE, base_image, engines

_MEGABYTE = 1e6
_TAG = "localhost/jwk-operator:bench"


def above_base(image: str, base: str, say: Callable[[str], None]) -> Iterator[Part]:
    """Weigh an image and its base, or without a name the image that the Dockerfile makes of its base.

    Where no engine has both, or can make it, that is said, and there is no figure.
    """
    base = base or base_image()
    with tempfile.TemporaryDirectory() as folder:
        found = engines(Path(folder))
        for engine in found.values():
            if engine.ensure(base) and (not image or engine.ensure(image)):
                if not image:
                    engine.build(_TAG, base)
                size, below = engine.size(image or _TAG) / _MEGABYTE, engine.size(base) / _MEGABYTE
                yield "image", {"size": size, "above": size - below}
                return
    say(f"no image is weighed: {NO_BASE.format(base=base) if found else NO_ENGINE}")
