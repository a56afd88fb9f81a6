"""What operator and floor both do. Each scenario makes a world, lets one of them work there, and returns its cost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from benchmarks.contenders import Name
from benchmarks.requests import Requests, answered, is_claim_or_release, is_report, received
from benchmarks.run import Figures, at_work, longest, running
from harness.audit import Request

_RATE = 20.0


def course(name: Name, count: int) -> dict[str, Figures]:
    """A backlog, then new descriptions for all, then the deletion of all."""
    everything = range(count)
    with running(name) as run:
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
    with at_work(name) as run:
        began = time.time()
        run.world.create(range(1, count + 1))
        return {"live": run.figures(began, run.wait_reports(count), count)}


def steady(name: Name, count: int) -> dict[str, Figures]:
    """JWKs at an even rate: how long each takes from its creation to its status."""
    with at_work(name) as run:
        everybody = Requests(run.world.log)
        start, began = len(everybody.found()), time.time()
        for number in range(1, count + 1):
            time.sleep(max(0.0, began + number / _RATE - time.time()))
            run.world.create(range(number, number + 1))
        ended = run.wait_reports(count)
        latencies = sorted(_latencies(everybody.since(start)))
        figures = run.figures(began, ended, count)
        return {"steady": figures | {f"p{part}": latencies[len(latencies) * part // 100] for part in (50, 99)}}


def start(name: Name) -> dict[str, Figures]:
    """From the start of the process to its first word about a JWK, with nothing but that one in the cluster."""
    with running(name) as run:
        run.world.create(range(1))
        began = run.contender.start()
        first = run.requests.wait(run.start, is_claim_or_release, 1, longest(1))[0]
        return {"start": run.figures(began, run.wait_reports(1), 1) | {"first": received(first) - began}}


def _latencies(requests: Sequence[Request]) -> Iterator[float]:
    created = {request.name: answered(request) for request in requests if request.verb == "create"}
    for request in requests:
        if is_report(request) and request.name in created:
            yield answered(request) - created[request.name]
