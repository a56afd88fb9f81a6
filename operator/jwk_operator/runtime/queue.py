"""The work queue: one entry for each key, one worker at a time for each, delays, and the cause that brought it here."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import time
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from jwk_operator.runtime.delayed import Delayed

K = TypeVar("K", bound=Hashable)
C = TypeVar("C")

_Place = tuple[float, int]
"""Where a key stands: keys are given out in this order. The number settles ties, and tells outdated entries apart."""


class QueueClosedError(Exception):
    """The queue takes in and gives out nothing any more."""


@dataclass(frozen=True, slots=True)
class Lanes(Generic[K]):
    """Keys of one lane, such as the resources of one connection, may be with so many workers at once and no more.

    What is slow there then leaves workers for the others; and a part of the lane is kept for what is urgent.
    """

    of: Callable[[K], Hashable | None]
    """The lane of a key; None is no lane, and without limit."""
    limit: int
    reserve: int
    """How many of these places are for urgent keys alone."""
    urgent: float
    """The longest lag of a key that counts as urgent, in seconds."""

    def is_urgent(self, lag: float) -> bool:
        """Whether a key with this lag may use the reserve."""
        return lag <= self.urgent

    def has_room(self, busy: int, lag: float) -> bool:
        """Whether another key may be given out while so many of the lane are with workers."""
        return busy < (self.limit if self.is_urgent(lag) else self.limit - self.reserve)


class WorkQueue(Generic[K, C]):
    """Keys to be worked on, each with the strongest cause that was given since it was last taken.

    `rank` orders causes: a key woken twice keeps the cause of the higher rank. A key that is woken while a worker
    has it is given out again when that worker is done. `lag` is for how many seconds keys of a cause let others go
    ahead that are woken later: the urgent come first, and yet nobody waits for ever.
    """

    def __init__(
        self,
        rank: Mapping[C, int],
        *,
        lag: Mapping[C, float] | None = None,
        lanes: Lanes[K] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rank = rank
        self._lag = lag or {}
        self._lanes = lanes
        self._clock = clock
        self._numbers = itertools.count()
        self._ready: dict[K, C] = {}
        self._lags: dict[K, float] = {}
        """The shortest lag of all that woke a key since it was last taken."""
        self._places: dict[K, _Place] = {}
        self._since: dict[K, float] = {}
        self._order: list[tuple[_Place, K]] = []
        self._parked: dict[tuple[Hashable, bool], list[tuple[_Place, K]]] = {}
        """Keys whose lane is full, by lane and urgency; when a place in it gets free, the first come back."""
        self._dirty: dict[K, C] = {}
        self._busy: dict[K, float] = {}
        self._lane_of: dict[K, Hashable] = {}
        self._in_lane: Counter[Hashable] = Counter()
        self._given = float("-inf")
        """When a key was last given out."""
        self._delayed: Delayed[tuple[K, C]] = Delayed(lambda wish: self.wake(*wish))
        self._closed = False
        self._available = asyncio.Event()

    def wake(self, key: K, cause: C) -> None:
        """Have a key worked on now, or again if a worker has it."""
        if self._closed:
            return
        place = self._dirty if key in self._busy else self._ready
        known = place.get(key)
        place[key] = cause if known is None or self._rank[cause] > self._rank[known] else known
        lag = self._lag.get(cause, 0.0)
        sooner = lag < self._lags.get(key, float("inf"))
        if sooner:
            self._lags[key] = lag
        if place is self._ready and (sooner or key not in self._places):
            self._line_up(key)

    def _line_up(self, key: K) -> None:
        """Give a key its place in the order, or a better one now that it is more urgent than before."""
        now = self._clock()
        due = now + self._lags[key]
        if key in self._places:
            due = min(due, self._places[key][0])
        self._since.setdefault(key, now)
        self._places[key] = place = due, next(self._numbers)
        heapq.heappush(self._order, (place, key))
        self._available.set()

    def wake_later(self, key: K, cause: C, delay: float) -> None:
        """Have a key worked on after `delay` seconds; a later call for the same key and cause replaces the earlier."""
        self.cancel(key, cause)
        if delay <= 0:
            self.wake(key, cause)
        elif not self._closed:
            self._delayed.put((key, cause), delay)

    def cancel(self, key: K, cause: C) -> None:
        """Forget a delayed wake-up, if there is one."""
        self._delayed.cancel((key, cause))

    def is_delayed(self, key: K, cause: C, within: float = math.inf) -> bool:
        """Whether a delayed wake-up for a key and cause is on its way, and due within so many seconds."""
        return self._delayed.is_due_within((key, cause), within)

    async def take(self) -> tuple[K, C]:
        """Wait for a key and take it; `done` must follow. Raises `QueueClosedError` once the queue is closed."""
        while True:
            if self._closed:
                raise QueueClosedError
            key = self._next()
            if key is not None:
                self._busy[key] = self._given = self._clock()
                return key, self._ready.pop(key)
            self._available.clear()
            await self._available.wait()

    def _next(self) -> K | None:
        """Take the first key out of the order whose lane has room, and park those before it."""
        while self._order:
            place, key = heapq.heappop(self._order)
            if self._places.get(key) != place:
                continue  # taken meanwhile, or moved to a better place
            lane = self._lanes.of(key) if self._lanes else None
            if self._lanes is not None and lane is not None:
                lag = self._lags[key]
                if not self._lanes.has_room(self._in_lane[lane], lag):
                    parked = self._parked.setdefault((lane, self._lanes.is_urgent(lag)), [])
                    heapq.heappush(parked, (place, key))
                    continue
                self._lane_of[key] = lane
                self._in_lane[lane] += 1
            del self._places[key], self._since[key], self._lags[key]
            return key
        return None

    def _leave_lane(self, key: K) -> None:
        lane = self._lane_of.pop(key, None)
        if lane is None:
            return
        self._in_lane[lane] -= 1
        if not self._in_lane[lane]:
            del self._in_lane[lane]
        for urgent in (True, False):
            self._unpark(lane, urgent=urgent)

    def _unpark(self, lane: Hashable, *, urgent: bool) -> None:
        parked = self._parked.get((lane, urgent), [])
        while parked:
            place, key = heapq.heappop(parked)
            if self._places.get(key) == place:
                heapq.heappush(self._order, (place, key))
                self._available.set()
                break
        if not parked:
            self._parked.pop((lane, urgent), None)

    def done(self, key: K) -> None:
        """Give back a key; if it was woken meanwhile, it is ready at once."""
        self._busy.pop(key, None)
        self._leave_lane(key)
        again = self._dirty.pop(key, None)
        if again is not None:
            self.wake(key, again)

    def close(self) -> None:
        """Give out nothing any more; keys that workers have stay theirs."""
        self._closed = True
        self._delayed.clear()
        self._available.set()

    def __len__(self) -> int:
        return len(self._ready) + len(self._dirty)

    @property
    def busy(self) -> int:
        """How many keys workers have."""
        return len(self._busy)

    def is_busy(self, key: K) -> bool:
        """Whether a worker has a key."""
        return key in self._busy

    def longest_busy(self) -> float:
        """Return for how many seconds the slowest worker has had its key."""
        return self._clock() - min(self._busy.values()) if self._busy else 0.0

    def longest_ready(self) -> float:
        """Return for how many seconds the key that was ready first has waited for a worker."""
        return self._clock() - min(self._since.values()) if self._since else 0.0

    def longest_still(self) -> float:
        """Return for how many seconds nothing was given out although a key is ready: a long backlog does not count."""
        return min(self.longest_ready(), self._clock() - self._given)
