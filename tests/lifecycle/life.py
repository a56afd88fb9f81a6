"""One life of the operator: the real one with a memory of its own, whose passes the story makes one by one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from jwk_operator.kube.client import KubeClient
from jwk_operator.kube.store import Key
from jwk_operator.reconcile.state import Cause
from jwk_operator.runtime.intake import Watched
from jwk_operator.runtime.operator import Operator
from jwk_operator.runtime.probing import Task
from jwk_operator.runtime.settings import Settings
from lifecycle.gate import CrashError, Gate, Stop, entered
from lifecycle.virtual import Clock, IdleQueue, StoryQueue

Raw = dict[str, Any]

_PATIENCE = 30.0
"""Real seconds after which a pass counts as stuck."""


class Life:
    """An operator process, as far as its memory goes. It has one worker, so one pass is under way at a time."""

    def __init__(
        self, client: KubeClient, namespaces: tuple[str, ...], clock: Clock, told: Callable[[Key | None], None]
    ) -> None:
        self._moved = asyncio.Event()
        self.gate = Gate(lambda: told(self.current), when_held=self._moved.set)
        self.queue = StoryQueue(clock, self._moved.set)
        settings = Settings(namespaces=namespaces)
        self._operator = Operator(
            client,
            settings,
            now=clock.now,
            clock=clock.monotonic,
            chance=random.Random(1),  # noqa: S311
        )
        self._operator.queue = self.queue
        self._operator.prober._queue = IdleQueue({task: task.value for task in Task})
        self.current: Key | None = None
        """The resource of the pass that is under way."""
        self._worker: asyncio.Task[None] | None = None
        self._seen: dict[Key, Raw] = {}
        self._listed = False
        self._opening: asyncio.Task[object] | None = None

    async def begin(self) -> None:
        """Load everything, as a process does when it starts."""
        context = copy_context()
        context.run(entered.set, self.gate)
        loop = asyncio.get_running_loop()
        await loop.create_task(self._operator.load(), context=context)
        self._worker = loop.create_task(self._operator.work(), context=context)
        self._worker.add_done_callback(self._ended)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        self._moved.set()
        if not worker.cancelled():
            worker.exception()

    @property
    def busy(self) -> bool:
        """Whether a pass is held."""
        return self.gate.holding

    # --- what it is told -------------------------------------------------------------------------------------------

    def learn(self, jwks: list[Raw], sources: list[tuple[str | None, Raw]]) -> None:
        """Deliver what the watches tell: how JWKs are now, which are gone, and what became of Secrets."""
        now = {_key(raw): raw for raw in jwks}
        for key, raw in self._seen.items():
            if now.get(key, {"metadata": {"uid": None}})["metadata"]["uid"] != raw["metadata"]["uid"]:
                self._operator.on_event(Watched.JWK, "DELETED", raw)
        for raw in jwks:
            self._operator.on_event(Watched.JWK, "MODIFIED", raw)
        for event, raw in sources:
            self._operator.on_event(Watched.SECRET, event, raw)
        if not self._listed:
            self._listed = True
            shown = {_key(raw) for event, raw in sources if event is None}
            self._operator.on_sources_listed(Watched.SECRET, None, shown)
        self._seen = now

    async def reconnect(self, raw: Raw) -> None:
        """Deliver that a connection has changed, and have its new line opened, which retires the old one."""
        self._operator.on_event(Watched.CONNECTION, "MODIFIED", raw)
        metadata = raw["metadata"]
        key = ("ApinizerConnection", metadata["namespace"], metadata["name"])
        self._opening = asyncio.create_task(self._operator._connections.open(key))
        # a pass that is held while it opens the line itself keeps it waiting
        await asyncio.wait({self._opening}, timeout=0.3)

    # --- passes ------------------------------------------------------------------------------------------

    async def make_pass(self, key: Key, cause: Cause | None = None, stop: Stop | None = None) -> bool:
        """Make a pass over a resource; False when it is held at the stop. Without a cause the key has to be ready."""
        assert not self.busy, "one pass at a time"
        if cause is not None:
            self.queue.wake(key, cause)
        self.gate.arm(stop)
        self.current = key
        self.queue.grant(key)
        return await self._until_it_rests()

    async def go_on(self) -> None:
        """Let the pass that is held come to its end."""
        self.gate.release()
        await self._until_it_rests()

    async def _until_it_rests(self) -> bool:
        self._moved.clear()
        async with asyncio.timeout(_PATIENCE):
            await self._moved.wait()
        worker = self._worker
        if worker is not None and worker.done():
            worker.result()
        return not self.busy

    # --- the end -------------------------------------------------------------------------------------------

    async def kill(self) -> None:
        """End at once: whatever is held is never done, and nothing is remembered."""
        self.gate.dead = True
        self.gate.release()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait({self._worker})
        await self._operator.aclose()


def ignore_crashes(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Handle what no task awaits: the tasks of a killed operator may end in its death."""
    if not isinstance(context.get("exception"), CrashError):
        loop.default_exception_handler(context)


def _key(raw: Raw) -> Key:
    return raw["metadata"]["namespace"], raw["metadata"]["name"]
