"""The budget of a connection: how many calls are under way at once, and how many are made in a second."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import IntEnum

from aiolimiter import AsyncLimiter


class Urgency(IntEnum):
    """How urgent a call is; the value is by how many seconds it lets others go ahead that are asked for later."""

    USER = 0
    """Deletions, and what a user changed."""
    REPAIR = 5
    """What the operator tries again of itself."""
    ROUTINE = 30
    """Looking for drift, and undoing it."""


class Budget:
    """Gives out turns. Who is next is chosen when there is room, by the time of asking plus the urgency's lag.

    So the urgent go first, and nobody waits for ever: with time, every call becomes the one that waited longest.
    """

    def __init__(
        self,
        max_concurrent: int,
        requests_per_second: int | None = None,
        burst: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        waited: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`burst` is how many calls may go out at once on top of none; default is what a second allows.

        `waited` is told for how many seconds each call waited for its turn.
        """
        self._waited = waited
        self._clock = clock
        self._limit = max_concurrent
        self._rate: tuple[int | None, int | None] = (requests_per_second, burst)
        self._limiter = _limiter(requests_per_second, burst)
        self._under_way = 0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._pump: asyncio.Task[None] | None = None
        self._room = asyncio.Event()

    @property
    def under_way(self) -> int:
        """How many have a turn."""
        return self._under_way

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return sum(not future.done() for _, _, future in self._waiting)

    def resize(self, max_concurrent: int, requests_per_second: int | None = None, burst: int | None = None) -> None:
        """Have other limits from now on; who has a turn keeps it."""
        self._limit = max_concurrent
        if self._rate != (requests_per_second, burst):
            self._rate = (requests_per_second, burst)
            self._limiter = _limiter(requests_per_second, burst)
        self._room.set()

    @asynccontextmanager
    async def turn(self, urgency: Urgency = Urgency.USER) -> AsyncIterator[None]:
        """Wait for a turn and have it until the end of the block."""
        asked = self._clock()
        if self._waiting or self._under_way >= self._limit or self._limiter is not None:
            await self._queue(urgency)
        else:
            self._under_way += 1
        self._waited(self._clock() - asked)
        try:
            yield
        finally:
            self._release()

    async def _queue(self, urgency: Urgency) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._clock() + urgency, next(self._numbers), future))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.get_running_loop().create_task(self._serve())
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._release()  # the turn was granted in the very moment of giving up
            raise

    async def _serve(self) -> None:
        """Give out turns while somebody waits: first there must be room, then the next one is chosen."""
        while self._has_waiting():
            if self._under_way >= self._limit:
                self._room.clear()
                await self._room.wait()
                continue
            if self._limiter is not None:
                await self._limiter.acquire()
            if self._has_waiting():
                self._under_way += 1
                heapq.heappop(self._waiting)[2].set_result(None)

    def _has_waiting(self) -> bool:
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        return bool(self._waiting)

    def _release(self) -> None:
        self._under_way -= 1
        self._room.set()


def _limiter(requests_per_second: int | None, burst: int | None) -> AsyncLimiter | None:
    if requests_per_second is None:
        return None
    size = burst or requests_per_second
    return AsyncLimiter(size, size / requests_per_second)
