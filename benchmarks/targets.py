"""What the operator is to reach, and whether it did. Pure: figures in, verdicts out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Figures = Mapping[str, float]
"""Figures of one scenario in one run, by name; see `benchmarks.run`."""
Cell = tuple[str, int]
"""A scenario and its number of JWKs."""

_NOISE = 9
"""Decimals that count: sums and quotients of what was measured are not exact beyond."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One scenario as the operator did it, and the floor right before or after, where the floor can."""

    operator: Figures
    floor: Figures | None = None


Results = Mapping[Cell, Sequence[Pair]]


@dataclass(frozen=True, slots=True)
class Spread:
    """Minimum, median and maximum of a figure over the pairs."""

    least: float
    middle: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of at least one value."""
        return cls(min(values), median(values), max(values))


@dataclass(frozen=True, slots=True)
class Target:
    """A figure with the most that its median may be, or has to stay `under`.

    `sizes` are the numbers of JWKs for which it holds; without them it holds for any. `hint` says how to measure it.
    """

    what: str
    scenarios: tuple[str, ...]
    figure: Callable[[Pair], float | None]
    most: float
    unit: str = ""
    sizes: tuple[int, ...] = ()
    under: bool = False
    hint: str = ""

    def allows(self, value: float) -> bool:
        """Whether a median is within the target."""
        rounded = round(value, _NOISE)
        return rounded < self.most if self.under else rounded <= self.most


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a target in a scenario: the spread, or why there is none."""

    scenario: str
    size: int | None
    target: Target
    spread: Spread | None = None
    missing: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the median is within the target; None when that was not measured."""
        return None if self.spread is None else self.target.allows(self.spread.middle)


def _ratio(name: str) -> Callable[[Pair], float | None]:
    def figure(pair: Pair) -> float | None:
        own, bare = pair.operator.get(name), (pair.floor or {}).get(name)
        return own / bare if own is not None and bare else None

    return figure


def _more(name: str) -> Callable[[Pair], float | None]:
    def figure(pair: Pair) -> float | None:
        own, bare = pair.operator.get(name), (pair.floor or {}).get(name)
        return 1000 * (own - bare) if own is not None and bare is not None else None

    return figure


def _own(name: str) -> Callable[[Pair], float | None]:
    return lambda pair: pair.operator.get(name)


SMALL, LARGE = 1000, 10_000
_BOTH = (SMALL, LARGE)
_PACE = ("backlog", "live")
_CHANGES = ("backlog", "live", "description", "deletion")
_MB = " MB"

TARGETS = (
    Target("time, of the floor's", _PACE, _ratio("time"), 1.15, sizes=_BOTH),
    Target("CPU time, of the floor's", _PACE, _ratio("cpu"), 2.5, sizes=_BOTH),
    Target("API-server writes for each JWK", _PACE, _own("writes"), 2),
    Target("API-server writes for each JWK", ("description", "deletion"), _own("writes"), 1),
    Target("API-server reads of single JWKs, for each", _CHANGES, _own("reads"), 0),
    Target("Apinizer calls for each JWK", _CHANGES, _own("calls"), 1),
    Target("median from create to Ready, above the floor's", ("steady",), _more("p50"), 10, " ms"),
    Target("99th percentile of that, above the floor's", ("steady",), _more("p99"), 50, " ms"),
    Target("API-server writes for each JWK at rest", ("restart", "idle", "drift"), _own("writes"), 0),
    Target("Apinizer calls for each JWK at rest", ("restart", "idle", "drift"), _own("calls"), 0),
    Target("API-server reads of single JWKs, for each", ("restart", "drift"), _own("reads"), 0),
    Target("lists of the project in one round", ("drift",), _own("lists"), 1),
    Target("time until all are settled", ("restart",), _own("time"), 5, " s", sizes=(LARGE,)),
    Target("resident memory once they are settled", ("restart",), _own("resident"), 90, _MB, sizes=(LARGE,)),
    Target("peak of resident memory", _PACE, _own("peak"), 60, _MB, sizes=(SMALL,)),
    Target("peak of resident memory", _PACE, _own("peak"), 110, _MB, sizes=(LARGE,)),
    Target(
        f"growth of that peak for each JWK from {SMALL} to {LARGE}", ("growth",), _own("each"), 6, " KB", under=True
    ),
    Target(
        "growth of resident memory by its slope over the last two thirds",
        ("soak",),
        _own("growth"),
        1,
        " %",
        under=True,
        hint="make bench, or make bench-soak",
    ),
    Target("peak of resident memory, above that without them", ("secrets",), _own("extra_peak"), 15, _MB),
    Target("time from start to settled, above that without them", ("secrets",), _own("extra_time"), 1, " s"),
    Target("API-server requests a minute", ("idle",), _own("requests"), 10, under=True),
    Target("CPU, of one core", ("idle",), _own("share"), 0.2, " %", under=True),
    Target("from the start of the process to its first word about a JWK", ("start",), _own("first"), 1, " s"),
    Target(
        "image above its base",
        ("image",),
        _own("above"),
        60,
        _MB,
        hint="where docker, podman or buildah has its base, make bench",
    ),
)
"""The targets of the issue on speed and size; MB are 10^6 bytes, KB 1000."""


def judge(results: Results) -> Iterator[Verdict]:
    """Hold the pairs of each scenario against every target; one that was not measured says why."""
    everything = {**results, **_growth(results)}
    for target in TARGETS:
        for scenario in target.scenarios:
            measured = sorted(size for name, size in everything if name == scenario)
            for size in target.sizes or measured or (None,):
                yield _verdict(target, scenario, size, everything)


def _verdict(target: Target, scenario: str, size: int | None, results: Results) -> Verdict:
    pairs = results.get((scenario, size), ()) if size is not None else ()
    if not pairs:
        how = f"; {target.hint} does it" if target.hint else ""
        return Verdict(scenario, size, target, missing=f"it was not run{how}")
    values = [value for pair in pairs if (value := target.figure(pair)) is not None]
    if len(values) < len(pairs):
        # a median over those that happen to have it could hide what is wrong with the others
        return Verdict(scenario, size, target, missing=f"{len(pairs) - len(values)} of {len(pairs)} runs lack a figure")
    return Verdict(scenario, size, target, Spread.of(values))


def _growth(results: Results) -> dict[Cell, list[Pair]]:
    """Return how much memory each JWK more takes, from the backlogs of two sizes."""
    small, large = (
        [pair.operator["peak"] for pair in results.get(("backlog", size), ()) if "peak" in pair.operator]
        for size in _BOTH
    )
    each = [1000 * (more - less) / (LARGE - SMALL) for less, more in zip(small, large, strict=False)]
    return {("growth", LARGE): [Pair({"each": value}) for value in each]} if each else {}
