"""Virtual time: a clock that only the story moves, and the operator's queue with its delays on that clock."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from jwk_operator.api.names import ConnectionKey
from jwk_operator.kube.store import Key
from jwk_operator.reconcile.state import Cause
from jwk_operator.runtime.operator import _RANK
from jwk_operator.runtime.probing import Task
from jwk_operator.runtime.queue import WorkQueue

START = datetime(2027, 1, 1, tzinfo=UTC)
_TICK = 1e-6


class Clock:
    """Seconds since the story began. Each reading of `monotonic` is a little later than the one before, as in life."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """Return the time of day."""
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        self.seconds += _TICK
        return self.seconds

    def pass_to(self, seconds: float) -> None:
        """Let time pass until then."""
        self.seconds = max(self.seconds, seconds)


class IdleQueue(WorkQueue[ConnectionKey, Task]):
    """The queue of probes. Stories have none: the first call after an outage is the probe, as in life without them."""

    def wake_later(self, key: ConnectionKey, cause: Task, delay: float) -> None:
        """Nothing happens later of itself."""


class StoryQueue(WorkQueue[Key, Cause]):
    """The operator's own queue, except that delays are virtual and a worker gets a key when the story says so."""

    def __init__(self, clock: Clock, when_done: Callable[[], None]) -> None:
        super().__init__(_RANK, clock=clock.monotonic)
        self._story = clock
        self._when_done = when_done
        self._due_at: dict[tuple[Key, Cause], float] = {}
        self._granted: asyncio.Queue[Key] = asyncio.Queue()

    def wake_later(self, key: Key, cause: Cause, delay: float) -> None:
        """Have a key ready after `delay` virtual seconds."""
        self.cancel(key, cause)
        if delay <= 0:
            self.wake(key, cause)
        else:
            self._due_at[key, cause] = self._story.seconds + delay

    def cancel(self, key: Key, cause: Cause) -> None:
        """Forget a delayed wake-up, if there is one."""
        self._due_at.pop((key, cause), None)

    def is_delayed(self, key: Key, cause: Cause, within: float = math.inf) -> bool:
        """Whether a delayed wake-up for a key and cause is on its way, and due within so many virtual seconds."""
        due = self._due_at.get((key, cause))
        return due is not None and due <= self._story.seconds + within

    async def take(self) -> tuple[Key, Cause]:
        """Wait until the story grants a key."""
        key = await self._granted.get()
        cause = self._ready.pop(key)
        self._busy[key] = 0.0
        return key, cause

    def done(self, key: Key) -> None:
        """Give a key back and tell the story."""
        super().done(key)
        self._when_done()

    def grant(self, key: Key) -> None:
        """Let a worker have a key that is ready."""
        self._granted.put_nowait(key)

    def ring(self) -> None:
        """Wake whoever is due by now."""
        for place in [place for place, due in self._due_at.items() if due <= self._story.seconds]:
            del self._due_at[place]
            self.wake(*place)

    def first_ready(self) -> Key | None:
        """Return the key that has been ready for longest."""
        return next(iter(self._ready), None)

    def next_due(self) -> float | None:
        """Return when the next delay is over."""
        return min(self._due_at.values(), default=None)
