"""Waiting for what another process does: polling with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SECONDS = 30.0
_POLL = 0.03


def until(look: Callable[[], T | None], what: Callable[[], str] | str, seconds: float = SECONDS) -> T:
    """Return the first value of `look` that is neither None nor False. Raises AssertionError after the time."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"gave up after {seconds:.0f} s: {what if isinstance(what, str) else what()}")
        time.sleep(_POLL)
