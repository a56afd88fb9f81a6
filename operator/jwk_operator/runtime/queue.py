"""The work queue: one entry for each key, one worker at a time for each, delays, and the cause that brought it here."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
C = TypeVar("C")


class QueueClosedError(Exception):
    """The queue takes in and gives out nothing any more."""


class WorkQueue(Generic[K, C]):
    """Keys to be worked on, each with the strongest cause that was given since it was last taken.

    `rank` orders causes: a key woken twice keeps the cause of the higher rank. A key that is woken while a worker
    has it is given out again when that worker is done.
    """

    def __init__(self, rank: dict[C, int]) -> None:
        self._rank = rank
        self._ready: OrderedDict[K, C] = OrderedDict()
        self._dirty: dict[K, C] = {}
        self._busy: dict[K, float] = {}
        self._timers: dict[tuple[K, C], asyncio.TimerHandle] = {}
        self._closed = False
        self._available = asyncio.Event()

    def wake(self, key: K, cause: C) -> None:
        """Have a key worked on now, or again if a worker has it."""
        if self._closed:
            return
        place = self._dirty if key in self._busy else self._ready
        known = place.get(key)
        place[key] = cause if known is None or self._rank[cause] > self._rank[known] else known
        self._available.set()

    def wake_later(self, key: K, cause: C, delay: float) -> None:
        """Have a key worked on after `delay` seconds; a later call for the same key and cause replaces the earlier."""
        self.cancel(key, cause)
        if delay <= 0:
            self.wake(key, cause)
        elif not self._closed:
            self._timers[key, cause] = asyncio.get_running_loop().call_later(delay, self._due, key, cause)

    def cancel(self, key: K, cause: C) -> None:
        """Forget a delayed wake-up, if there is one."""
        timer = self._timers.pop((key, cause), None)
        if timer is not None:
            timer.cancel()

    def is_delayed(self, key: K, cause: C) -> bool:
        """Whether a delayed wake-up for a key and cause is on its way."""
        return (key, cause) in self._timers

    async def take(self) -> tuple[K, C]:
        """Wait for a key and take it; `done` must follow. Raises `QueueClosedError` once the queue is closed."""
        while not self._ready:
            if self._closed:
                raise QueueClosedError
            self._available.clear()
            await self._available.wait()
        if self._closed:
            raise QueueClosedError
        key, cause = self._ready.popitem(last=False)
        self._busy[key] = time.monotonic()
        return key, cause

    def done(self, key: K) -> None:
        """Give back a key; if it was woken meanwhile, it is ready at once."""
        self._busy.pop(key, None)
        again = self._dirty.pop(key, None)
        if again is not None:
            self.wake(key, again)

    def close(self) -> None:
        """Give out nothing any more; keys that workers have stay theirs."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._available.set()

    def __len__(self) -> int:
        return len(self._ready) + len(self._dirty)

    @property
    def busy(self) -> int:
        """How many keys workers have."""
        return len(self._busy)

    def longest_busy(self) -> float:
        """Return for how many seconds the slowest worker has had its key."""
        return time.monotonic() - min(self._busy.values()) if self._busy else 0.0

    def _due(self, key: K, cause: C) -> None:
        self._timers.pop((key, cause), None)
        self.wake(key, cause)
