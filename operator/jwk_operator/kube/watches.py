"""Signs of life of the watches: each is asked for anew every few minutes, so one that is not has died silently."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp

SILENT = 900.0
"""Seconds after which a watch counts as dead: three times as long as the API server lets one last."""


class Watches:
    """Notes when each watch was last asked for. An API server that is away is no dead watch: it is asked again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[str, float] = {}

    def trace(self) -> aiohttp.TraceConfig:
        """Return what notes the watches of a session."""

        async def started(
            _: aiohttp.ClientSession, __: SimpleNamespace, request: aiohttp.TraceRequestStartParams
        ) -> None:
            if request.url.query.get("watch") == "true":
                self.asked(request.url.path)

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(started)
        return trace

    def asked(self, path: str) -> None:
        """Note that the watch of a path is asked for."""
        self._asked[path] = self._clock()

    def forget(self) -> None:
        """Note that nothing is watched any more."""
        self._asked.clear()

    def ages(self) -> dict[str, float]:
        """Return the age in seconds of the oldest watch of each resource, by its plural name."""
        ages: dict[str, float] = {}
        for path, asked in self._asked.items():
            resource = path.rpartition("/")[2]
            ages[resource] = max(ages.get(resource, 0.0), self._clock() - asked)
        return ages

    def dead(self) -> str | None:
        """Say which watch has died; None while all live."""
        dead = sorted(resource for resource, age in self.ages().items() if age > SILENT)
        return f"the watch of {', '.join(dead)} is dead" if dead else None
