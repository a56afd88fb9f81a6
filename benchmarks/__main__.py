"""`python -m benchmarks`: measure the operator against the floor, print figures and verdicts.

Every run has a fresh API server and a fresh simulator, whose calls take 20 ms. Operator and floor take turns, and which
of them begins alternates, so that what the machine does besides meets both alike. The exit status is 1 when a run broke
or was interrupted, and 0 whatever the verdicts are: times are no test.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contenders import Name
from benchmarks.plan import AFTER_A_BACKLOG, ALL, Step, Wishes, steps
from benchmarks.plot import as_svg
from benchmarks.report import as_text
from benchmarks.results import Measured, as_json, of_json
from benchmarks.run import Figures
from benchmarks.targets import Pair

_ORDERS: tuple[tuple[Name, ...], ...] = (("operator", "floor"), ("floor", "operator"))


def main() -> int:
    """Run what is asked for and print what was found, even after an interruption."""
    parser = _parser()
    options = parser.parse_args()
    if options.add and not options.json:
        parser.error("--add needs --json")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the processes, and loses no figures
    measured = Measured(_machine())
    if options.add and options.json.exists():
        measured = of_json(options.json.read_text())
    before = len(measured.broken)
    run_all(list(steps(_wishes(options), _say)), measured, options.json)
    print(as_text(measured))
    _save(options.json, as_json(measured))
    if options.svg and any(cell[0] in ("backlog", "live") for cell in measured.pairs):
        _save(options.svg, as_svg(measured))
    return int(len(measured.broken) > before)


def run_all(plan: Sequence[Step], measured: Measured, json: Path | None) -> None:
    """Run every step as often as it says, all once before any twice, and write what there is after each."""
    rounds = max((step.pairs for step in plan), default=0)
    for number in range(rounds):
        for step in plan:
            if number >= step.pairs:
                continue
            what = f"{step}, run {number + 1} of {step.pairs}"
            _say(what)
            try:
                _run_step(step, number, measured)
            except KeyboardInterrupt:
                measured.broken.append(f"{what}: interrupted, and nothing was run after it")
                return
            except Exception as error:  # whatever it is, hours of other scenarios are worth more
                traceback.print_exc()
                measured.broken.append(f"{what}: {type(error).__name__}: {str(error).partition(chr(10))[0]}")
            _save(json, as_json(measured))


def _run_step(step: Step, number: int, measured: Measured) -> None:
    """Run a step; what was measured before an error is kept, if both have it."""
    found: dict[Name, dict[str, Figures]] = {}
    names: tuple[Name, ...] = _ORDERS[number % 2] if step.paired else ("operator",)
    try:
        for name in names:
            mine = found.setdefault(name, {})
            for part, figures in step.run(name):
                mine[part] = figures
    finally:
        for part in step.keeps:
            _keep((part, step.size), found, names, measured)


def _keep(
    cell: tuple[str, int], found: dict[Name, dict[str, Figures]], names: Sequence[Name], measured: Measured
) -> None:
    own, bare = (found.get(name, {}).get(cell[0]) for name in ("operator", "floor"))
    if own is not None and (bare is not None or "floor" not in names or cell[0] in AFTER_A_BACKLOG):
        measured.add(cell, Pair(own, bare))


def _wishes(options: argparse.Namespace) -> Wishes:
    large = options.pairs if options.large_pairs is None else options.large_pairs
    return Wishes(
        options.jwks,
        options.sizes,
        options.pairs,
        large,
        options.only,
        options.idle_seconds,
        options.soak_minutes,
        options.image,
        options.base,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The operator against a bare program")
    option = parser.add_argument
    option("--sizes", type=_numbers, default=[100, 1000, 10_000], help="JWKs of backlog and live (100,1000,10000)")
    option("--jwks", type=int, default=1000, help="JWKs of all other scenarios (1000)")
    option("--pairs", type=int, default=3, help="how many runs of each (3)")
    option("--large-pairs", type=int, help="how many with 10000 JWKs and more (as many)")
    option("--only", type=_names, default=(), help=f"run only these, with commas: {', '.join(ALL)}")
    option("--idle-seconds", type=float, default=120, help="how long nothing happens (120)")
    option("--soak-minutes", type=float, default=30, help="how long a soak takes, 0 for none (30)")
    option("--image", default="", help="an image to weigh; without it one is built where docker, podman or buildah can")
    option("--base", default="", help="what it was built from (as the Dockerfile says)")
    option("--json", type=Path, help="where to write everything that was measured, after every run")
    option("--add", action="store_true", help="add to what is in that file")
    option("--svg", type=Path, help="where to draw cost against the number of JWKs")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = set(names) - set(ALL)
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: there are {', '.join(ALL)}")
    return names


def _machine() -> str:
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def _save(file: Path | None, text: str) -> None:
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
