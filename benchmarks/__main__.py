"""`python -m benchmarks [--jwks N] [--pairs N] [--json FILE]`: measure the operator against the floor, print verdicts.

Every run has a fresh API server and a fresh simulator, whose calls take 20 ms. Operator and floor take turns, and which
of them begins alternates, so that what the machine does besides meets both alike.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.contenders import Name
from benchmarks.report import as_json, as_text
from benchmarks.scenarios import Figures, course, live, steady
from benchmarks.targets import Pair

_ORDERS: tuple[tuple[Name, Name], ...] = (("operator", "floor"), ("floor", "operator"))
_STEADY = 400

Scenario = Callable[[Name, int], dict[str, Figures]]


def main() -> int:
    """Run everything and return 0, whatever the verdicts are: times are no test."""
    options = _options()
    pairs: dict[str, list[Pair]] = {}
    plan: list[tuple[Scenario, int]] = [
        (course, options.jwks),
        (live, options.jwks),
        (steady, min(_STEADY, options.jwks)),
    ]
    for number in range(options.pairs):
        for scenario, count in plan:
            _say(f"[{number + 1}/{options.pairs}] {scenario.__name__}, {count} JWKs")
            found = {name: scenario(name, count) for name in _ORDERS[number % 2]}
            for part in found["operator"]:
                pairs.setdefault(part, []).append(Pair(found["operator"][part], found["floor"][part]))
    print(as_text(options.jwks, pairs))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(as_json(options.jwks, pairs))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The operator against a bare program")
    parser.add_argument("--jwks", type=int, default=1000, help="how many JWKs (1000)")
    parser.add_argument("--pairs", type=int, default=3, help="how many runs of each (3)")
    parser.add_argument("--json", type=Path, help="where to write everything that was measured")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
