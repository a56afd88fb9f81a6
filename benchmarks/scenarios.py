"""What is measured. Each scenario makes a world, lets one contender work in it, and returns figures by their name."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender, Name
from benchmarks.requests import Request, Requests
from benchmarks.world import World, new_world

Figures = dict[str, float]
"""Seconds (`time`, `cpu`, `p50`, ...), MB (`peak`), or counts for each JWK (`writes`, `reads`, `calls`)."""

_LONGEST = 600.0
_RATE = 20.0


class Run:
    """One contender in one world, and what it does there from a mark on."""

    def __init__(self, world: World, name: Name) -> None:
        self.world = world
        self.contender = Contender(name, world)
        self.requests = Requests(world.log, world.account.user)
        self._start = 0
        self._cpu = 0.0
        self._calls: Counter[str] = Counter()

    def mark(self) -> None:
        """Let figures begin here, with the contender running."""
        self._start, self._cpu = len(self.requests.found()), self.contender.usage().cpu
        self._calls = Counter(self.world.calls())

    def wait_reports(self, count: int) -> float:
        """Wait for so many status patches of JWKs; return when the last was answered."""
        return self.requests.wait(self._start, is_report, count, _LONGEST)

    def wait_released(self, count: int) -> float:
        """Wait for so many patches of JWKs that are no status; return when the last was answered."""
        return self.requests.wait(self._start, _is_patch, count, _LONGEST)

    def figures(self, began: float, ended: float, count: int) -> Figures:
        """Return what it cost from the mark on; counts are for each JWK."""
        used, made = self.contender.usage(), self.requests.since(self._start)
        calls = Counter(self.world.calls()) - self._calls
        return {
            "time": ended - began,
            "cpu": used.cpu - self._cpu,
            "peak": used.peak,
            "writes": sum(request.writes and request.about_jwks for request in made) / count,
            "reads": sum(request.verb == "get" and request.about_jwks for request in made) / count,
            "calls": sum(calls[call] for call in ("create", "update", "delete", "generate")) / count,
            "lists": calls["list"],
        }


def is_report(request: Request) -> bool:
    """Whether a request is the patch of a JWK's status."""
    return request.verb == "patch" and request.resource == "jwks/status"


def _is_patch(request: Request) -> bool:
    return request.verb == "patch" and request.resource == "jwks"


@contextmanager
def _run(name: Name, **connection: Any) -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, new_world(Path(folder), **connection) as world:
        run = Run(world, name)
        yield run
        run.contender.stop()


def course(name: Name, count: int) -> dict[str, Figures]:
    """A backlog, then new descriptions for all, then the deletion of all."""
    everything = range(count)
    with _run(name) as run:
        run.world.create(everything)
        began = run.contender.start()
        ended = run.wait_reports(count)
        found = {"backlog": run.figures(began, ended, count)}
        run.mark()
        began = time.time()
        run.world.describe(everything, "second")
        found["description"] = run.figures(began, run.wait_reports(count), count)
        run.mark()
        began = time.time()
        run.world.delete(everything)
        found["deletion"] = run.figures(began, run.wait_released(count), count)
    return found


def live(name: Name, count: int) -> dict[str, Figures]:
    """JWKs that are created as fast as it goes while the contender runs."""
    with _started(name) as run:
        began = time.time()
        run.world.create(range(1, count + 1))
        return {"live": run.figures(began, run.wait_reports(count), count)}


def steady(name: Name, count: int) -> dict[str, Figures]:
    """JWKs at an even rate: how long each takes from its creation to its status."""
    with _started(name) as run:
        everybody = Requests(run.world.log)
        start, began = len(everybody.found()), time.time()
        for number in range(1, count + 1):
            time.sleep(max(0.0, began + number / _RATE - time.time()))
            run.world.create(range(number, number + 1))
        ended = run.wait_reports(count)
        latencies = sorted(_latencies(everybody.since(start)))
        figures = run.figures(began, ended, count)
        return {"steady": figures | {f"p{part}": latencies[len(latencies) * part // 100] for part in (50, 99)}}


def _latencies(requests: list[Request]) -> Iterator[float]:
    created = {request.name: request.answered for request in requests if request.verb == "create"}
    for request in requests:
        if is_report(request) and request.name in created:
            yield request.answered - created[request.name]


@contextmanager
def _started(name: Name) -> Iterator[Run]:
    """A contender that is at work already: it has done one JWK, the one with the number 0."""
    with _run(name) as run:
        run.world.create(range(1))
        run.contender.start()
        run.wait_reports(1)
        run.mark()
        yield run
