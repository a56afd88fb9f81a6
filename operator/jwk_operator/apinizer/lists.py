"""The projects' lists: one LIST for everybody who asks at the same time, kept for a short while."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from weakref import WeakSet

from jwk_operator.api.remote import RemoteEntry
from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.budget import Urgency
from jwk_operator.apinizer.client import ManagementClient

SHORT_WHILE = 10.0
BURST = 60.0
"""Seconds that a list may be old in a burst: while it is asked for again and again, within a short while each time."""
OLDEST = 3600.0
"""Seconds that a list may be old at all; for so long it is known what was written to since."""
_MOMENT = 1.0
"""Seconds for which a name that is taken counts as taken for everybody: who deleted it by hand tries again at once.

Or so many times as long as a list takes: a thousand JWKs whose names are taken must not spend their time on lists.
"""
_TIMES = 5.0
_REFUSAL = 2.0
"""Seconds for which a refusal stands for everybody: a thousand resources of a project that is gone ask but once."""
_REFUSALS = frozenset({Verdict.FORBIDDEN, Verdict.PROJECT_MISSING})

_Entries = Mapping[str, RemoteEntry]


@dataclass(slots=True)
class _Project:
    started: float = float("-inf")
    entries: _Entries | None = None
    asked: float = float("-inf")
    seconds: float = 0.0
    """How long the list took."""
    running: asyncio.Task[Answer | _Entries] | None = None
    running_since: float = float("-inf")
    under_way: list[float] = field(default_factory=list)
    """When each list began that is being read; there may be a less urgent one beside `running`."""
    urgency: Urgency = Urgency.USER
    refused_at: float = float("-inf")
    refusal: Answer | None = None


class Writes:
    """When the last write to each name of a manager ended, while any list may be older than that.

    All connections to the manager share it, and so do the clients that a connection has one after the other: a write
    that was sent with the last token may end after the first list that was read with the new one, and a JWK that was
    deleted over one connection may be made again over another.
    """

    def __init__(self) -> None:
        self._ended: dict[tuple[str, str], float] = {}
        """The oldest first."""
        self._readers: WeakSet[ProjectLists] = WeakSet()

    def read_by(self, lists: ProjectLists) -> None:
        """Remember who has lists, for as long as it is there."""
        self._readers.add(lists)

    def note(self, project: str, name: str, now: float) -> None:
        """Note that a write to a name has ended, however it ended."""
        self._ended.pop((project, name), None)
        self._ended[project, name] = now
        while self._ended[oldest := next(iter(self._ended))] < now - OLDEST:
            del self._ended[oldest]

    def last(self, project: str, names: Iterable[str]) -> float:
        """Return when the last write to any of these names ended, as far as a list may be older than that."""
        return max((self._ended.get((project, name), float("-inf")) for name in names), default=float("-inf"))

    def forget(self, project: str) -> None:
        """Forget the writes to a project that ended before the oldest list of it began."""
        oldest = min(reader.oldest(project) for reader in self._readers)
        for key in [key for key, when in self._ended.items() if key[0] == project and when < oldest]:
            del self._ended[key]


class ProjectLists:
    """Lists of the projects behind one client. A list never answers for a name that was written to after it began."""

    def __init__(
        self, client: ManagementClient, clock: Callable[[], float] = time.monotonic, writes: Writes | None = None
    ) -> None:
        """`writes` are those to the manager, by whichever client."""
        self._client = client
        self._clock = clock
        self._projects: dict[str, _Project] = {}
        self._writes = writes or Writes()
        self._writes.read_by(self)

    async def entries(
        self,
        project: str,
        names: Iterable[str],
        max_age: float = SHORT_WHILE,
        in_burst: float = 0.0,
        urgency: Urgency = Urgency.USER,
        *,
        sure_of_absence: bool = False,
        sure_of_presence: bool = False,
    ) -> Answer | Mapping[str, RemoteEntry]:
        """Return the project's entries by name, or the answer that came instead of a list.

        `max_age` is how many seconds old the list may be, and `in_burst` how old in a burst; it is always newer than
        the last write to any of `names`. With `sure_of_absence` a list that has none of them began after this call,
        with `sure_of_presence` one that has any began a moment before it at most.
        """
        state, now = self._projects.setdefault(project, _Project()), self._clock()
        if now - state.asked <= SHORT_WHILE:
            max_age = max(max_age, in_burst)
        state.asked = now
        names = tuple(names)
        not_before = max(now - min(max_age, OLDEST), self._writes.last(project, names))
        found = await self._entries(project, state, not_before, urgency)
        if isinstance(found, Answer):
            return found
        absent = found.keys().isdisjoint(names)
        if absent and sure_of_absence:
            return await self._entries(project, state, math.nextafter(now, -math.inf), urgency)
        if sure_of_presence and not absent:
            moment = max(_MOMENT, _TIMES * state.seconds)
            return await self._entries(project, state, max(now - moment, not_before), urgency)
        return found

    def written(self, project: str, name: str) -> None:
        """Note that a write to a name has ended, however it ended."""
        self._writes.note(project, name, self._clock())

    def oldest(self, project: str) -> float:
        """Return when the oldest list of a project began that may still be given out; infinity without one."""
        state = self._projects.get(project)
        known = [*state.under_way, *([] if state.entries is None else [state.started])] if state else []
        return min(known, default=float("inf"))

    async def _entries(self, project: str, state: _Project, not_before: float, urgency: Urgency) -> Answer | _Entries:
        while True:
            if state.entries is not None and state.started > not_before:
                return state.entries
            if state.refusal is not None and state.refused_at > max(not_before, self._clock() - _REFUSAL):
                return state.refusal
            if state.running is None or urgency < state.urgency:
                # also beside a less urgent list, which may wait long for its turn
                return await self._join(self._start(project, state, urgency))
            if state.running_since > not_before:
                return await self._join(state.running)
            await asyncio.wait({state.running})

    def _start(self, project: str, state: _Project, urgency: Urgency) -> asyncio.Task[Answer | _Entries]:
        state.running_since, state.urgency = self._clock(), urgency
        state.under_way.append(state.running_since)
        state.running = asyncio.get_running_loop().create_task(self._fetch(project, state, state.running_since))
        return state.running

    async def _fetch(self, project: str, state: _Project, started: float) -> Answer | _Entries:
        try:
            entries = await self._client.list_jwks(project, state.urgency)
        finally:
            state.under_way.remove(started)
            if state.running is asyncio.current_task():
                state.running = None
        if isinstance(entries, Answer):
            state.refusal = entries if entries.verdict in _REFUSALS else None
            state.refused_at = started
            return entries
        if started > state.started:
            state.entries, state.started, state.refusal = entries, started, None
            state.seconds = self._clock() - started
            self._writes.forget(project)
        return entries

    @staticmethod
    async def _join(running: asyncio.Task[Answer | _Entries]) -> Answer | _Entries:
        try:
            # One who gives up waiting must not take the list away from the others.
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not running.cancelled() or (task is not None and task.cancelling()):
                raise
            return Answer(Verdict.UNREACHABLE, "the list was interrupted")
