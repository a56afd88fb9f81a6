"""Leader election: one of several operators acts, and it stops before another one may begin."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from jwk_operator.kube.client import ApiError, ApiUnavailableError
from jwk_operator.kube.leases import Leases, Record
from jwk_operator.runtime.identity import is_dead
from jwk_operator.runtime.lease import Move, Seen, Timing, next_move, observed
from jwk_operator.runtime.logs import fields

log = logging.getLogger(__name__)


def boot_clock() -> float:
    """Seconds that go on while this process is stopped, and while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True, slots=True)
class _Won:
    seen: Seen
    until: float


class Leadership:
    """Holds a Lease for one process: `acquire`, then `hold` beside the work, then `release`."""

    def __init__(self, leases: Leases, identity: str, timing: Timing, clock: Callable[[], float] = boot_clock) -> None:
        self._leases = leases
        self._me = identity
        self._timing = timing
        self._clock = clock
        self._seen: Seen | None = None
        self._until = float("-inf")

    def may_write(self) -> bool:
        """Whether this process acts: its last renewal was sent so lately that nobody else can have taken over."""
        return self._clock() < self._until

    async def acquire(self) -> None:
        """Wait until the Lease is one's own. What goes wrong on the way is logged, and tried again."""
        said = ""
        while True:
            problem = ""
            try:
                if await self._try():
                    log.info("leading", extra=fields(lease=str(self._leases), identity=self._me))
                    return
            except ApiError as error:
                problem = f"{error}; check that the operator's Role allows it"
            except (ApiUnavailableError, TimeoutError) as error:
                problem = str(error) or "no answer in time"
            except Exception as error:
                problem = type(error).__name__  # such as a login that fails
            if problem and problem != said:  # once, not every two seconds
                log.warning("cannot use %s: %s", self._leases, problem)
            said = problem
            await asyncio.sleep(self._timing.retry)

    async def hold(self) -> str:
        """Renew until that does not succeed in time or somebody else has the Lease; return why."""
        while self.may_write():
            await asyncio.sleep(self._timing.retry)
            if not self.may_write():
                break
            try:
                if not await self._try():
                    return self._lost("somebody else has taken it")
            except (ApiError, ApiUnavailableError, TimeoutError) as error:
                log.warning("%s not renewed: %s", self._leases, error or "no answer in time")
            except Exception as error:
                log.warning("%s not renewed: %s", self._leases, type(error).__name__)
        return self._lost("it could not be renewed in time")

    async def release(self) -> None:
        """Give the Lease back, so that another one need not wait. To be called when nothing more will be written."""
        if not self.may_write() or self._seen is None:
            return
        self._until = float("-inf")
        try:
            async with asyncio.timeout(self._timing.retry):
                await self._give_back(self._seen.record)
        except (ApiError, ApiUnavailableError, TimeoutError) as error:
            log.warning("%s not released: %s", self._leases, error or "no answer in time")

    async def _give_back(self, record: Record) -> None:
        try:
            await self._leases.release(record)
        except ApiError as error:
            if error.status != 409:
                raise
            # a renewal whose answer nobody waited for any more came through
            now = await self._leases.read()
            if now is not None and now.holder == self._me:
                await self._leases.release(now)

    def _lost(self, why: str) -> str:
        self._until = float("-inf")
        return why

    async def _try(self) -> bool:
        """Look, and take or renew the Lease if that is due; whether it is one's own then.

        The record that an earlier renewal left is enough to renew again: one request each time.
        """
        held = self.may_write()
        async with asyncio.timeout(max(0.1, self._until - self._clock()) if held else self._timing.deadline):
            if not held:
                record = await self._leases.read()
                self._seen = observed(self._seen, record, self._clock()) if record else None
            return await self._move()

    async def _move(self) -> bool:
        seen = self._seen
        dead = seen is not None and is_dead(seen.record.holder, self._me)
        move = next_move(self._me, seen, self._clock(), holder_is_dead=dead)
        if move is Move.WAIT:
            return False
        sent = self._clock()
        try:
            if move is Move.CREATE or seen is None:
                record = await self._leases.create(self._me, self._timing.duration)
            else:
                record = await self._leases.write(seen.record, self._me, self._timing.duration)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            return await self._settle(sent)  # somebody was faster, or an earlier try came through after all
        self._seen, self._until = Seen(record, sent), sent + self._timing.deadline
        return True

    async def _settle(self, sent: float) -> bool:
        record = await self._leases.read()
        # the record is as old as this read, not as the request that failed: its holder may have renewed in between
        self._seen = observed(self._seen, record, self._clock()) if record else None
        if record is not None and record.holder == self._me and self.may_write():
            renewed = await self._leases.write(record, self._me, self._timing.duration)
            self._seen, self._until = Seen(renewed, sent), sent + self._timing.deadline
            return True
        return False
