"""What a benchmark prints, and its JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.targets import Pair, Spread, Verdict, judge

_FIGURES = ("time", "cpu", "p50", "p99", "peak", "writes", "reads", "calls", "lists")


def as_text(count: int, pairs: Mapping[str, Sequence[Pair]]) -> str:
    """Return a line for each target with its verdict, and a table of all figures."""
    verdicts = list(judge(pairs))
    number = max((len(runs) for runs in pairs.values()), default=0)
    lines = [f"{count} JWKs, {number} pairs: median (minimum to maximum)", ""]
    lines += [_line(verdict) for verdict in verdicts]
    lines += ["", f"{'scenario':<12} {'figure':<8} {'operator':>10} {'floor':>10}"]
    for scenario, runs in pairs.items():
        for name in _FIGURES:
            if all(name in figures for run in runs for figures in (run.operator, run.floor)):
                own, bare = (Spread.of([figures[name] for figures in side]).middle for side in _sides(runs))
                lines.append(f"{scenario:<12} {name:<8} {own:>10.3f} {bare:>10.3f}")
    reached = sum(verdict.reached for verdict in verdicts)
    return "\n".join([*lines, "", f"{reached} of {len(verdicts)} targets reached"]) + "\n"


def as_json(count: int, pairs: Mapping[str, Sequence[Pair]]) -> str:
    """Return everything that was measured, and the verdicts."""
    runs = {
        scenario: [{"operator": dict(pair.operator), "floor": dict(pair.floor)} for pair in found]
        for scenario, found in pairs.items()
    }
    verdicts = [_as_object(verdict) for verdict in judge(pairs)]
    return json.dumps({"jwks": count, "runs": runs, "verdicts": verdicts}, indent=1) + "\n"


def _sides(runs: Sequence[Pair]) -> tuple[list[Mapping[str, float]], list[Mapping[str, float]]]:
    return [run.operator for run in runs], [run.floor for run in runs]


def _line(verdict: Verdict) -> str:
    spread, target = verdict.spread, verdict.target
    found = f"{spread.middle:.2f} ({spread.least:.2f} to {spread.most:.2f}){target.unit}"
    said = "reached" if verdict.reached else "NOT REACHED"
    return f"{verdict.scenario:<12} {target.what}: {found}, at most {target.most:g}{target.unit}: {said}"


def _as_object(verdict: Verdict) -> dict[str, Any]:
    spread = verdict.spread
    return {
        "scenario": verdict.scenario,
        "target": verdict.target.what,
        "most": verdict.target.most,
        "minimum": spread.least,
        "median": spread.middle,
        "maximum": spread.most,
        "reached": verdict.reached,
    }
