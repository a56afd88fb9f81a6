"""The projects' environments: asked for when a name is not among those known, and then once for everybody who asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from jwk_operator.apinizer.answers import Answer, EnvironmentEntry
from jwk_operator.apinizer.client import ManagementClient

_SHORT_WHILE = 10.0


@dataclass(slots=True)
class _Project:
    names: frozenset[str] | None = None
    read: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class ProjectEnvironments:
    """Names of the environments of the projects behind one client."""

    def __init__(self, client: ManagementClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._projects: dict[str, _Project] = {}

    async def probe(self, project: str) -> Answer | tuple[EnvironmentEntry, ...]:
        """Ask for a project's environments even while calls are held back, and remember them."""
        state = self._projects.setdefault(project, _Project())
        return self._remember(state, self._clock(), await self._client.environments(project, probe=True))

    async def names(self, project: str, wanted: str) -> frozenset[str] | None:
        """Return the names of a project's environments; None when they cannot be had.

        What is known suffices if `wanted` is in it. Before a name is said to be missing, Apinizer is asked.
        """
        state = self._projects.setdefault(project, _Project())
        async with state.lock:
            known = state.names or frozenset()
            if wanted in known or (state.names is not None and self._clock() - state.read < _SHORT_WHILE):
                return known
            answer = self._remember(state, self._clock(), await self._client.environments(project))
            return None if isinstance(answer, Answer) else state.names

    @staticmethod
    def _remember(
        state: _Project, started: float, answer: Answer | tuple[EnvironmentEntry, ...]
    ) -> Answer | tuple[EnvironmentEntry, ...]:
        if not isinstance(answer, Answer):
            state.names, state.read = frozenset(entry.name for entry in answer), started
        return answer
