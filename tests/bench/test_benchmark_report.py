"""Verdicts follow from medians over pairs, and what is printed tells them."""

from __future__ import annotations

import json

from benchmarks.report import as_json, as_text
from benchmarks.targets import Pair, Spread, judge


def figures(**given: float) -> dict[str, float]:
    return {"time": 10.0, "cpu": 1.0, "peak": 50.0, "writes": 2.0, "reads": 0.0, "calls": 1.0, "lists": 1.0, **given}


PAIRS = {
    "backlog": [Pair(figures(time=time, cpu=cpu), figures()) for time, cpu in ((11.0, 2.0), (11.5, 2.6), (20.0, 3.0))],
    "steady": [Pair(figures(p50=0.1, p99=0.2), figures(p50=0.095, p99=0.149))],
}


def test_the_median_decides() -> None:
    found = {(verdict.scenario, verdict.target.what): verdict for verdict in judge(PAIRS)}
    time = found["backlog", "time, of the floor's"]
    assert (time.spread, time.reached) == (Spread(1.1, 1.15, 2.0), True)
    assert not found["backlog", "CPU time, of the floor's"].reached
    assert found["backlog", "peak of resident memory"].reached
    assert found["steady", "median from create to Ready, above the floor's"].reached
    assert not found["steady", "99th percentile of that, above the floor's"].reached
    assert {scenario for scenario, _ in found} == {"backlog", "steady"}


def test_every_verdict_is_printed() -> None:
    text = as_text(100, PAIRS)
    assert "100 JWKs, 3 pairs: median (minimum to maximum)" in text
    assert "backlog      CPU time, of the floor's: 2.60 (2.00 to 3.00), at most 2.5: NOT REACHED" in text
    assert "steady       median from create to Ready, above the floor's: 5.00 (5.00 to 5.00) ms, at most 10 ms" in text
    assert "backlog      time         11.500     10.000" in text
    assert text.endswith("\n6 of 8 targets reached\n")


def test_json_has_everything() -> None:
    document = json.loads(as_json(100, PAIRS))
    assert document["jwks"] == 100
    assert document["runs"]["backlog"][0]["operator"]["time"] == 11.0
    assert len(document["verdicts"]) == len(list(judge(PAIRS)))
