"""Everything that was measured, and its JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.targets import Cell, Pair, Verdict, judge


@dataclass(slots=True)
class Measured:
    """Pairs by scenario and number of JWKs, what they were measured on, and what went wrong meanwhile."""

    machine: str = ""
    pairs: dict[Cell, list[Pair]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def add(self, cell: Cell, pair: Pair) -> None:
        """Add one run."""
        self.pairs.setdefault(cell, []).append(pair)


def as_json(measured: Measured) -> str:
    """Return everything, and the verdicts."""
    runs = [
        {"scenario": scenario, "jwks": size, "runs": [_sides(pair) for pair in pairs]}
        for (scenario, size), pairs in measured.pairs.items()
    ]
    verdicts = [_as_object(verdict) for verdict in judge(measured.pairs)]
    document = {"machine": measured.machine, "scenarios": runs, "broken": measured.broken, "verdicts": verdicts}
    return json.dumps(document, indent=1) + "\n"


def of_json(text: str) -> Measured:
    """Return what `as_json` wrote. Verdicts follow from the rest, so they are not read."""
    document = json.loads(text)
    pairs = {
        (str(item["scenario"]), int(item["jwks"])): [Pair(run["operator"], run.get("floor")) for run in item["runs"]]
        for item in document["scenarios"]
    }
    return Measured(document["machine"], pairs, document["broken"])


def _sides(pair: Pair) -> dict[str, Mapping[str, float]]:
    floor = {} if pair.floor is None else {"floor": dict(pair.floor)}
    return {"operator": dict(pair.operator), **floor}


def _as_object(verdict: Verdict) -> dict[str, Any]:
    spread = verdict.spread
    return {
        "scenario": verdict.scenario,
        "jwks": verdict.size,
        "target": verdict.target.what,
        "unit": verdict.target.unit.strip(),
        "under" if verdict.target.under else "most": verdict.target.most,
        "minimum": spread and spread.least,
        "median": spread and spread.middle,
        "maximum": spread and spread.most,
        "reached": verdict.reached,
        "missing": verdict.missing,
    }
