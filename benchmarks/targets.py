"""What the operator is to reach, and whether it did. Pure: figures in, verdicts out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Figures = Mapping[str, float]
"""Figures of one scenario in one run, by name; see `benchmarks.scenarios`."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One scenario as the operator and the floor did it, one right after the other."""

    operator: Figures
    floor: Figures


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
    """A figure with the most that its median may be."""

    what: str
    scenarios: tuple[str, ...]
    figure: Callable[[Pair], float]
    most: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a target in a scenario."""

    scenario: str
    target: Target
    spread: Spread

    @property
    def reached(self) -> bool:
        """Whether the median is within the target."""
        return self.spread.middle <= self.target.most


def _ratio(name: str) -> Callable[[Pair], float]:
    return lambda pair: pair.operator[name] / pair.floor[name]


def _more(name: str) -> Callable[[Pair], float]:
    return lambda pair: 1000 * (pair.operator[name] - pair.floor[name])


def _own(name: str) -> Callable[[Pair], float]:
    return lambda pair: pair.operator[name]


TARGETS = (
    Target("time, of the floor's", ("backlog", "live"), _ratio("time"), 1.15),
    Target("CPU time, of the floor's", ("backlog", "live"), _ratio("cpu"), 2.5),
    Target("API-server writes for each JWK", ("backlog", "live"), _own("writes"), 2),
    Target("API-server writes for each JWK", ("description", "deletion"), _own("writes"), 1),
    Target("API-server reads of a JWK", ("backlog", "live", "description", "deletion"), _own("reads"), 0),
    Target("Apinizer calls for each JWK", ("backlog", "live", "description", "deletion"), _own("calls"), 1),
    Target("median from create to Ready, above the floor's", ("steady",), _more("p50"), 10, " ms"),
    Target("99th percentile of that, above the floor's", ("steady",), _more("p99"), 50, " ms"),
    Target("peak of resident memory", ("backlog", "live"), _own("peak"), 60, " MB"),
)
"""Those of memory hold for up to 1000 JWKs; MB are 10^6 bytes."""


def judge(pairs: Mapping[str, Sequence[Pair]]) -> Iterator[Verdict]:
    """Hold the pairs of each scenario against every target that it has."""
    for target in TARGETS:
        for scenario in target.scenarios:
            if pairs.get(scenario):
                yield Verdict(scenario, target, Spread.of([target.figure(pair) for pair in pairs[scenario]]))
