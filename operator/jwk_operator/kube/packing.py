"""Objects at rest, as small as they get: thousands that look alike are kept as what tells each from a sample."""

from __future__ import annotations

import marshal
import zlib
from typing import Any, cast

_WINDOW = -12
"""zlib's `wbits`: 4 KB to look back, without a header. With the usual 32 KB most time would go into clearing it."""
_MEMORY = 5
_LONGEST_SAMPLE = 4096
_LONGER = 1.2
_LONGEST_TEXT = 100
"""Characters of a text that may be in a sample, which outlives its object. A longer one may be key material."""


class Packer:
    """Packs objects of one kind.

    The sample is the longest of the first objects, as those without a status are no example for the others; it changes
    a few times, until hardly any is longer.
    """

    def __init__(self) -> None:
        self._sample = b""
        self._longest = 0
        """Length of what the sample was made of."""

    def pack(self, plain: dict[str, Any]) -> tuple[bytes, bytes]:
        """Return an object of what JSON knows as bytes, and the sample that they build on.

        It must be a plain dict, not of a class derived from it.
        """
        content = marshal.dumps(plain)
        packer = zlib.compressobj(1, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=self._sample)
        packed = packer.compress(content) + packer.flush(), self._sample
        if _LONGER * self._longest < len(content) <= _LONGEST_SAMPLE:
            self._longest, self._sample = len(content), marshal.dumps(_without_long_texts(plain))
        return packed


def _without_long_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_long_texts(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_long_texts(item) for item in value]
    return "" if isinstance(value, str) and len(value) > _LONGEST_TEXT else value


def unpack(content: bytes, sample: bytes) -> dict[str, Any]:
    """Return an object as it was packed by this process."""
    plain = zlib.decompressobj(_WINDOW, zdict=sample).decompress(content)
    return cast("dict[str, Any]", marshal.loads(plain))  # noqa: S302 - what this process has packed itself
