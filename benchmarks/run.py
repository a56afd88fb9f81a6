"""One contender at work in one world, and what that costs."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender, Name
from benchmarks.requests import Requests, about_jwks, answered, is_claim_or_release, is_report, kinds
from benchmarks.usage import Usage
from benchmarks.world import World, new_world

Figures = dict[str, float]
"""What one scenario cost, by name.

`time`, `cpu`, `p50`, `p99` are seconds, `cpu_each` milliseconds for each JWK, `resident`, `anonymous` and `peak` MB of
memory; `writes`, `reads` and `calls` are counts for each JWK, `lists` a count in all. What begins with ``kube`` or
``apinizer`` is the count of such requests in all, as the API server or the manager recorded them.
"""
Part = tuple[str, Figures]
"""A scenario's name, and what it cost."""

CHANGES = ("create", "update", "delete", "generate")
"""Calls that change a remote JWK."""
_LEAST, _FOR_EACH = 600.0, 0.1
"""Seconds after which a wait is given up: in all, and for each JWK."""


class Run:
    """One contender in one world, and what it does there from a mark on."""

    def __init__(self, world: World, name: Name) -> None:
        self.world = world
        self.contender = Contender(name, world)
        self.requests = Requests(world.log, world.account.user)
        self.start = 0
        self._cpu = 0.0
        self._calls: Counter[str] = Counter()

    def mark(self) -> None:
        """Let figures begin here; the contender may be about to start."""
        self.start, self._calls = len(self.requests.found()), Counter(self.world.calls())
        self._cpu = self.contender.usage().cpu if self.contender.running else 0.0

    def wait_reports(self, count: int) -> float:
        """Wait until the status of so many JWKs was patched; return when the last was answered."""
        return answered(self.requests.wait(self.start, is_report, count, longest(count))[-1])

    def wait_released(self, count: int) -> float:
        """Wait until so many JWKs were let go; return when the last was answered."""
        return answered(self.requests.wait(self.start, is_claim_or_release, count, longest(count))[-1])

    def wait_passes(self, count: float, every: float) -> float:
        """Wait until the operator has made so many passes since its start; return when, which is late by a look."""
        patiently(lambda: self.contender.passes() >= count, f"{count} passes", longest(int(count)), every)
        return time.time()

    def figures(self, began: float, ended: float, count: int, used: Usage | None = None) -> Figures:
        """Return what it cost from the mark on; counts are for each JWK. `used` may be from an earlier moment."""
        used, made = used or self.contender.usage(), self.requests.since(self.start)
        calls = Counter(self.world.calls()) - self._calls
        return {
            "time": ended - began,
            "cpu": used.cpu - self._cpu,
            "cpu_each": 1000 * (used.cpu - self._cpu) / count,
            "resident": used.resident,
            "anonymous": used.anonymous,
            "peak": used.peak,
            "writes": sum(request.writes and about_jwks(request) for request in made) / count,
            "reads": sum(request.verb == "get" and about_jwks(request) for request in made) / count,
            "calls": sum(calls[call] for call in CHANGES) / count,
            "lists": calls["list"],
            **{f"kube {kind}": number for kind, number in sorted(kinds(made).items())},
            **{f"apinizer {call}": number for call, number in sorted(calls.items())},
        }


@contextmanager
def running(name: Name, **connection: Any) -> Iterator[Run]:
    """A contender in a new world, not started yet; it must still run at the end."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, new_world(Path(folder), **connection) as world:
        run = Run(world, name)
        try:
            yield run
            run.contender.stop()
        finally:
            run.contender.kill()


@contextmanager
def at_work(name: Name) -> Iterator[Run]:
    """A contender that is at work already: it has done one JWK, the one with the number 0."""
    with running(name) as run:
        run.world.create(range(1))
        run.contender.start()
        run.wait_reports(1)
        run.mark()
        yield run


def longest(count: int) -> float:
    """Return the seconds after which a wait for so many JWKs is given up."""
    return max(_LEAST, count * _FOR_EACH)


def patiently(holds: Callable[[], bool], what: str, seconds: float, every: float) -> None:
    """Wait with few looks, as each costs the one that is measured. Raises AssertionError after the time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"gave up waiting for {what}")
        time.sleep(every)
