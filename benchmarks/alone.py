"""What only the operator does, as the floor has no idea of it: to come back, to rest, to look for drift, to wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from statistics import linear_regression

from benchmarks.contenders import Name
from benchmarks.requests import answered, is_report
from benchmarks.run import Figures, Part, Run, at_work, longest, patiently, running

_CALM = 5.0
"""Seconds between the last work and rest."""
_OUTAGE = 10.0
"""Seconds for which the manager stays away once every JWK has been told of it."""
_SECRETS, _BYTES = 5000, 10_000
_LEAST_ROUND, _ROUND_FOR_EACH = 15.0, 0.006
"""Seconds between two rounds of drift search: at least, and for each JWK."""
_CHANGES = 5.0
"""Descriptions that change each second of a soak."""
_SAMPLES = 6
"""Looks at the memory in each minute of a soak."""
_SETTLED = 2 / 3
"""Part of a soak, at its end, in which memory must not grow."""


def settled(name: Name, count: int, parts: Collection[str], idle_seconds: float) -> Iterator[Part]:
    """A backlog; after it, for the operator alone and in the same world, `restart`, `idle` and `drift` if asked for."""
    with running(name) as run:
        run.world.create(range(count))
        began = run.contender.start()
        yield "backlog", run.figures(began, run.wait_reports(count), count)
        later: dict[str, Callable[[], Figures]] = {
            "restart": lambda: _restart(run, count),
            "idle": lambda: _idle(run, count, idle_seconds),
            "drift": lambda: _drift(run, count),
        }
        for part, measure in later.items():
            if name == "operator" and part in parts:
                yield part, measure()


def _restart(run: Run, count: int) -> Figures:
    """Stop and start over JWKs that are all as they should be."""
    run.contender.shut_down()
    run.mark()
    began = run.contender.start()
    ended = run.wait_passes(count, every=0.25)
    used = run.contender.usage()
    time.sleep(_CALM)  # whatever it has to write after all
    return run.figures(began, ended, count, used)


def _idle(run: Run, count: int, seconds: float) -> Figures:
    """Nothing happens."""
    time.sleep(_CALM)
    run.mark()
    began = time.time()
    time.sleep(seconds)
    found, past = run.figures(began, time.time(), count), time.time() - began
    asked = sum(number for kind, number in found.items() if kind.startswith("kube "))
    return found | {"requests": 60 * asked / past, "share": 100 * found["cpu"] / past}


def _drift(run: Run, count: int) -> Figures:
    """One round of drift search falls due, for all at about the same time as after a start."""
    run.contender.shut_down()
    seconds = max(_LEAST_ROUND, count * _ROUND_FOR_EACH)
    run.world.space.connection(resyncInterval=f"{seconds:.0f}s")
    run.contender.start()
    run.wait_passes(count, every=1)
    run.mark()
    before, began = run.contender.passes(), time.time()
    # not asked about meanwhile, as nothing is due before
    time.sleep(seconds / 2)
    return run.figures(began, run.wait_passes(before + count, every=2), count)


def down(count: int) -> Iterator[Part]:
    """The manager is away while JWKs are created, and comes back."""
    with at_work("operator") as run:
        # the manager forgets everything with its end, so it should have nothing
        run.world.delete(range(1))
        run.wait_released(1)
        run.mark()
        run.world.simulator.kill()
        tried, began = run.contender.unanswered(), time.time()
        run.world.create(range(count))
        ended = run.wait_reports(count)
        time.sleep(_OUTAGE)
        yield "down", run.figures(began, ended, count) | {"attempts": run.contender.unanswered() - tried}
        run.mark()
        began = run.world.simulator.start()
        _wait_ready(run, count)
        ended = max(answered(request) for request in run.requests.since(run.start) if is_report(request))
        yield "recovery", run.figures(began, ended, count)


def _wait_ready(run: Run, count: int) -> None:
    seconds = longest(count)
    patiently(lambda: run.world.calls().get("create", 0) >= count, f"{count} creates", seconds, every=0.5)
    run.wait_reports(count)

    def ready() -> bool:
        found = run.world.space.jwks().values()
        return sum(jwk.observed and jwk.reason == "Deployed" for jwk in found) >= count

    patiently(ready, f"{count} JWKs with Deployed", seconds, every=1)


def secrets(count: int) -> Iterator[Part]:
    """Secrets that concern nobody: what a start over a small backlog costs with them and without."""
    without, among = (_backlog_among(count, number) for number in (0, _SECRETS))
    more = {f"extra_{name}": among[name] - without[name] for name in ("time", "peak", "resident", "anonymous")}
    yield "secrets", among | more


def _backlog_among(count: int, number: int) -> Figures:
    with running("operator") as run:
        run.world.add_secrets(number, _BYTES)
        run.world.create(range(count))
        began = run.contender.start()
        return run.figures(began, run.wait_reports(count), count)


def soak(count: int, minutes: float, say: Callable[[str], None]) -> Iterator[Part]:
    """Descriptions change without end: does memory grow?"""
    with running("operator") as run:
        run.world.create(range(count))
        run.contender.start()
        run.wait_reports(count)
        run.mark()
        began, changed = time.time(), 0
        samples: list[tuple[float, float]] = []
        while len(samples) < minutes * _SAMPLES:
            if changed / _CHANGES <= (past := time.time() - began):
                run.world.describe(range(changed % count, changed % count + 1), f"change {changed}")
                changed += 1
            else:
                time.sleep(changed / _CHANGES - past)
            if past >= (len(samples) + 1) * 60 / _SAMPLES:
                samples.append((past / 60, run.contender.usage().resident))
                if len(samples) % _SAMPLES == 0:
                    say(f"minute {len(samples) // _SAMPLES}: {samples[-1][1]:.1f} MB")
        whole = range(1, len(samples) // _SAMPLES + 1)
        told = {f"minute {minute}": samples[minute * _SAMPLES - 1][1] for minute in whole}
        yield "soak", run.figures(began, time.time(), count) | told | growth(samples)


def growth(samples: list[tuple[float, float]]) -> Figures:
    """Return the slope in KB a minute over the end of a soak, and by which part in percent memory grew there by it.

    `samples` are minutes and MB, evenly spread.
    """
    last = samples[-round(len(samples) * _SETTLED) :]
    slope, at_first = linear_regression(*zip(*last, strict=True))
    begin, end = last[0][0], last[-1][0]
    return {"slope": 1000 * slope, "growth": 100 * slope * (end - begin) / (at_first + slope * begin)}
