"""Verdicts follow from medians over pairs, and what is printed tells them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks.report import as_text
from benchmarks.results import Measured, as_json, of_json
from benchmarks.targets import TARGETS, Cell, Pair, Results, Spread, Target, Verdict, judge


def figures(**given: float) -> dict[str, float]:
    return {"time": 10.0, "cpu": 1.0, "peak": 50.0, "writes": 2.0, "reads": 0.0, "calls": 1.0, "lists": 1.0, **given}


PAIRS: dict[Cell, list[Pair]] = {
    ("backlog", 1000): [
        Pair(figures(time=time, cpu=cpu), figures()) for time, cpu in ((11.0, 2.0), (11.5, 2.6), (20.0, 3.0))
    ],
    ("steady", 400): [Pair(figures(p50=0.105, p99=0.2), figures(p50=0.095, p99=0.149))],
}
MEASURED = Measured("a machine", PAIRS, ["live with 1000 JWKs, run 1 of 3: AssertionError: gave up"])


def verdict(scenario: str, size: int | None, what: str, results: Results = PAIRS) -> Verdict:
    (found,) = (
        each
        for each in judge(results)
        if (each.scenario, each.size) == (scenario, size) and each.target.what.startswith(what)
    )
    return found


def test_the_median_decides() -> None:
    time = verdict("backlog", 1000, "time")
    assert (time.spread, time.reached) == (Spread(1.1, 1.15, 2.0), True)
    assert verdict("backlog", 1000, "CPU").reached is False
    assert verdict("backlog", 1000, "peak").reached is True
    assert verdict("steady", 400, "99th").reached is False


def test_exactly_at_the_limit() -> None:
    assert 1000 * (0.105 - 0.095) != 10, "figures are not exact"
    assert verdict("steady", 400, "median").reached is True
    most = Target("", (), lambda _: None, 10.0)
    assert (most.allows(10.0), most.allows(10.001)) == (True, False)
    under = replace(most, under=True)
    assert (under.allows(9.999), under.allows(10.0), under.allows(10 - 1e-12)) == (True, False, False)


@pytest.mark.parametrize(
    "pair",
    [
        Pair(figures(), None),
        Pair(figures(), figures(time=0.0)),
        Pair({}, figures()),
    ],
    ids=["no floor", "a floor too short to be measured", "no figure"],
)
def test_a_missing_figure_is_no_verdict(pair: Pair) -> None:
    found = verdict("backlog", 1000, "time", {("backlog", 1000): [Pair(figures(), figures()), pair]})
    assert (found.reached, found.missing) == (None, "1 of 2 runs lack a figure")


def test_without_any_run_every_target_says_so() -> None:
    found = list(judge({}))
    assert {each.target for each in found} == set(TARGETS)
    assert {each.reached for each in found} == {None}
    assert verdict("backlog", 10_000, "time", {}).missing == "it was not run"
    assert verdict("soak", None, "growth", {}).missing == "it was not run; make bench, or make bench-soak does it"
    assert as_text(Measured()).endswith(f"\n0 of 0 targets reached, {len(found)} not measured\n")


def test_counts_hold_for_every_size() -> None:
    results = {("backlog", size): [Pair(figures(writes=writes))] for size, writes in ((30, 2.0), (60, 3.0))}
    assert verdict("backlog", 30, "API-server writes", results).reached is True
    assert verdict("backlog", 60, "API-server writes", results).reached is False
    assert verdict("backlog", 1000, "time", results).missing == "it was not run"


def test_memory_of_each_jwk_comes_from_two_sizes() -> None:
    small = [Pair(figures(peak=50.0)), Pair(figures(peak=60.0))]
    results = {("backlog", 1000): small, ("backlog", 10_000): [Pair(figures(peak=104.0))]}
    found = verdict("growth", 10_000, "growth", results)
    assert (found.spread, found.reached) == (Spread(6.0, 6.0, 6.0), False), "6 KB is not under 6 KB"


def test_what_is_printed() -> None:
    text = as_text(MEASURED)
    assert "Measured on a machine\n" in text
    assert "backlog        1000  CPU time, of the floor's: 2.60 (2 to 3), at most 2.5: NOT REACHED\n" in text
    assert "steady          400  median from create to Ready, above the floor's: 10.00 (10.00 to 10.00) ms, at" in text
    assert "restart       10000  time until all are settled: not measured: it was not run\n" in text
    time = next(line for line in text.splitlines() if line.startswith("backlog        1000  time  "))
    assert time.split() == ["backlog", "1000", "time", "11.50", "10", "1.15", "3"]
    assert "BROKEN live with 1000 JWKs, run 1 of 3: AssertionError: gave up\n" in text


def test_requests_are_told_side_by_side() -> None:
    counts = {"kube patch jwks": 200.0, "kube list secrets": 4.0}
    pair = Pair(figures(**counts), figures(**{"kube patch jwks": 100.0}))
    lines = [line.split() for line in as_text(Measured("", {("backlog", 100): [pair]})).splitlines()]
    assert ["backlog", "100", "kube", "patch", "jwks", "200", "100", "2", "1"] in lines
    assert ["backlog", "100", "kube", "list", "secrets", "4", "0", "-", "1"] in lines
    alone = as_text(Measured("", {("idle", 100): [Pair({"kube watch jwks": 1.0})]})).splitlines()
    assert ["idle", "100", "kube", "watch", "jwks", "1", "-", "-", "1"] in [line.split() for line in alone]


def test_json_has_everything() -> None:
    text = as_json(MEASURED)
    document = json.loads(text)
    assert document["scenarios"][0]["runs"][0]["operator"]["time"] == 11.0
    assert len(document["verdicts"]) == len(list(judge(PAIRS)))
    assert of_json(text) == MEASURED
    alone = Measured("", {("idle", 10): [Pair({"share": 0.1})]})
    assert of_json(as_json(alone)) == alone
