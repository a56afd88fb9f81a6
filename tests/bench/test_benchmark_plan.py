"""What `make bench` runs: which scenarios, and what is left when one of them breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.__main__ import run_all
from benchmarks.alone import growth
from benchmarks.contenders import Name
from benchmarks.plan import ALL, Step, Wishes, steps
from benchmarks.results import Measured
from benchmarks.run import Part
from benchmarks.targets import TARGETS, Pair
from harness.audit import read


def planned(**given: object) -> list[tuple[tuple[str, ...], int, int, bool]]:
    options: dict[str, object] = {"jwks": 1000, "sizes": [100, 1000, 10_000], "pairs": 3, "large_pairs": 1, "only": ()}
    rest = {"idle_seconds": 120, "soak_minutes": 30, "image": "", "base": ""}
    found = steps(Wishes(**{**options, **rest, **given}), print)  # type: ignore[arg-type]
    return [(step.keeps, step.size, step.pairs, step.paired) for step in found]


def test_everything() -> None:
    assert planned() == [
        (("image",), 0, 1, False),
        (("start",), 1, 3, True),
        (("backlog",), 100, 3, True),
        (("live",), 100, 3, True),
        (("backlog", "description", "deletion"), 1000, 3, True),
        (("live",), 1000, 3, True),
        (("backlog", "restart", "idle", "drift"), 10_000, 1, True),
        (("live",), 10_000, 1, True),
        (("steady",), 400, 3, True),
        (("down", "recovery"), 1000, 3, False),
        (("secrets",), 100, 3, False),
        (("soak",), 1000, 1, False),
    ]
    assert (("soak",), 1000, 1, False) not in planned(soak_minutes=0)


def test_a_choice() -> None:
    assert planned(only=("backlog", "restart"), sizes=[50_000]) == [(("backlog", "restart"), 50_000, 1, True)]
    assert planned(only=("restart",)) == [(("restart",), 10_000, 1, False)]
    assert planned(only=("soak",)) == [(("soak",), 1000, 1, False)]
    assert planned(only=("drift",), sizes=[1000]) == [(("drift",), 1000, 3, False)]
    assert planned(only=("image",)) == [(("image",), 0, 1, False)]


def test_every_target_has_a_scenario() -> None:
    assert {scenario for target in TARGETS for scenario in target.scenarios} - {"growth"} <= set(ALL)


class Scripted:
    """A scenario that yields `parts` and then raises what it is given for the contender."""

    def __init__(self, parts: tuple[str, ...], **errors: BaseException) -> None:
        self.parts = parts
        self.errors = errors
        self.ran: list[Name] = []

    def __call__(self, name: Name) -> Iterator[Part]:
        self.ran.append(name)
        for part in self.parts:
            yield part, {"time": 1.0}
        if name in self.errors:
            raise self.errors[name]


def step(run: Scripted, *keeps: str, pairs: int = 1, paired: bool = True) -> Step:
    return Step(keeps, 10, run, pairs, paired)


def test_turns_alternate() -> None:
    measured, run = Measured(), Scripted(("live",))
    run_all([step(run, "live", pairs=2)], measured, None)
    assert run.ran == ["operator", "floor", "floor", "operator"]
    assert measured.pairs == {("live", 10): [Pair({"time": 1.0}, {"time": 1.0})] * 2}


def test_a_broken_scenario_keeps_what_it_has_and_the_others_go_on(tmp_path: Path) -> None:
    measured, file = Measured(), tmp_path / "new" / "bench.json"
    broken = Scripted(("backlog", "restart"), operator=AssertionError("gave up\nwith a long log"))
    run_all([step(broken, "backlog", "restart", "idle"), step(Scripted(("live",)), "live")], measured, file)
    assert measured.pairs == {
        ("restart", 10): [Pair({"time": 1.0})],
        ("live", 10): [Pair({"time": 1.0}, {"time": 1.0})],
    }
    assert measured.broken == ["backlog, restart, idle with 10 JWKs, run 1 of 1: AssertionError: gave up"]
    assert json.loads(file.read_text())["broken"] == measured.broken


def test_after_an_interruption_nothing_is_run() -> None:
    measured, never = Measured(), Scripted(("steady",))
    first, cut = Scripted(("live",)), Scripted(("start",), floor=KeyboardInterrupt())
    run_all([step(first, "live"), step(cut, "start"), step(never, "steady")], measured, None)
    assert measured.broken == ["start with 10 JWKs, run 1 of 1: interrupted, and nothing was run after it"]
    assert never.ran == []
    assert set(measured.pairs) == {("live", 10), ("start", 10)}


def test_growth_looks_at_the_end_of_a_soak_alone() -> None:
    flat = [(minute / 6, 60.0 + min(minute, 60)) for minute in range(180)]
    assert growth(flat) == {"slope": pytest.approx(0), "growth": pytest.approx(0)}
    rising = [(float(minute), 100.0 + minute) for minute in range(31)]
    assert growth(rising) == {"slope": pytest.approx(1000), "growth": pytest.approx(100 * 20 / 110)}


def test_the_audit_log_is_read_on_from_where_it_ended(tmp_path: Path) -> None:
    def line(user: str, number: int) -> str:
        told = {
            "user": {"username": user},
            "verb": "patch",
            "requestURI": f"/{number}",
            "objectRef": {"name": "theirs"},
        }
        return json.dumps({**told, "requestReceivedTimestamp": "a", "stageTimestamp": "b"})

    log = tmp_path / "audit.log"
    log.write_text(f"{line('us', 1)}\n{line('them', 2)}\n{line('us', 3)[:20]}")
    found, end = read(log, user="us")
    assert [(request.uri, request.time, request.answered) for request in found] == [("/1", "a", "b")]
    assert [request.uri for request in read(log)[0]] == ["/1", "/2"]
    with log.open("a") as handle:
        handle.write(f"{line('us', 3)[20:]}\n")
    assert [request.uri for request in read(log, end, "us")[0]] == ["/3"]
