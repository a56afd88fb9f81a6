"""What falls due later, with one timer of the loop for all of it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

_SLACK = 64
"""How many outdated entries are borne, besides as many as there are valid ones."""


class Delayed(Generic[T]):
    """Tells of each thing once it is due. With a timer for each, these would be a third of what a JWK at rest takes."""

    def __init__(self, fire: Callable[[T], None]) -> None:
        """`fire` is told of what is due."""
        self._fire = fire
        self._due: dict[T, float] = {}
        self._order: list[tuple[float, int, T]] = []
        """What is due by when, also entries that do not hold any more."""
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for = math.inf

    def __len__(self) -> int:
        return len(self._due)

    def put(self, thing: T, delay: float) -> None:
        """Have a thing told of after `delay` seconds; a later call for the same thing replaces the earlier."""
        due = asyncio.get_running_loop().time() + delay
        self._due[thing] = due
        heapq.heappush(self._order, (due, next(self._numbers), thing))
        self._tidy()
        self._arm()

    def cancel(self, thing: T) -> None:
        """Forget a thing, if it is there."""
        if self._due.pop(thing, None) is not None:
            self._tidy()

    def is_due_within(self, thing: T, seconds: float) -> bool:
        """Whether a thing is there and due within so many seconds."""
        due = self._due.get(thing)
        return due is not None and due <= asyncio.get_running_loop().time() + seconds

    def clear(self) -> None:
        """Forget everything."""
        self._due.clear()
        self._order.clear()
        self._disarm()

    def _tidy(self) -> None:
        if len(self._order) > 2 * len(self._due) + _SLACK:
            self._order = [entry for entry in self._order if self._due.get(entry[2]) == entry[0]]
            heapq.heapify(self._order)

    def _arm(self) -> None:
        if self._order and self._order[0][0] < self._armed_for:
            self._disarm()
            loop = asyncio.get_running_loop()
            self._armed_for = self._order[0][0]
            self._timer = loop.call_later(max(0.0, self._armed_for - loop.time()), self._ring)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._armed_for = None, math.inf

    def _ring(self) -> None:
        # what the timer was for is due, even where the loop's clock is coarser than the times here
        now = max(self._armed_for, asyncio.get_running_loop().time())
        self._disarm()
        while self._order and self._order[0][0] <= now:
            due, _, thing = heapq.heappop(self._order)
            if self._due.get(thing) == due:
                del self._due[thing]
                self._fire(thing)
        self._arm()
