"""What a benchmark prints. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.results import Measured
from benchmarks.targets import Pair, Spread, Verdict, judge

_COUNTED = ("kube ", "apinizer ")
"""How figures begin that are counts of requests."""
_NOT_HERE = "-"


def as_text(measured: Measured) -> str:
    """Return a line for each target with its verdict, a table of all figures, and one of all requests."""
    verdicts = list(judge(measured.pairs))
    lines = [f"Measured on {measured.machine}", "", "Targets: median (minimum to maximum) of the runs", ""]
    lines += [_line(verdict) for verdict in verdicts]
    lines += ["", "Figures: medians", "", _row("scenario", "JWKs", "figure", "operator", "floor", "ratio", "runs")]
    lines += _table(measured, counted=False)
    lines += ["", "Requests in all, from both logs: medians", ""]
    lines += [_row("scenario", "JWKs", "request", "operator", "floor", "ratio", "runs")]
    lines += _table(measured, counted=True)
    lines += ["", *(f"BROKEN {what}" for what in measured.broken)]
    return "\n".join([*lines, _summary(verdicts)]) + "\n"


def _line(verdict: Verdict) -> str:
    target, spread = verdict.target, verdict.spread
    head = f"{verdict.scenario:<12} {_size(verdict.size):>6}  {target.what}: "
    if spread is None:
        return f"{head}not measured: {verdict.missing}"
    found = f"{_number(spread.middle)} ({_number(spread.least)} to {_number(spread.most)}){target.unit}"
    limit = f"{'under' if target.under else 'at most'} {target.most:g}{target.unit}"
    return f"{head}{found}, {limit}: {'reached' if verdict.reached else 'NOT REACHED'}"


def _summary(verdicts: Sequence[Verdict]) -> str:
    said = [verdict.reached for verdict in verdicts]
    measured = [reached for reached in said if reached is not None]
    return f"{sum(measured)} of {len(measured)} targets reached, {len(said) - len(measured)} not measured"


def _table(measured: Measured, *, counted: bool) -> Iterator[str]:
    for (scenario, size), pairs in measured.pairs.items():
        names = dict.fromkeys(name for pair in pairs for side in (pair.operator, pair.floor or {}) for name in side)
        for name in names:
            if name.startswith(_COUNTED) is counted:
                yield _figure(scenario, size, name, pairs)


def _figure(scenario: str, size: int, name: str, pairs: Sequence[Pair]) -> str:
    # what was never asked for is missing in the counts, and means none
    instead = 0.0 if name.startswith(_COUNTED) else None
    own, bare, both = [], [], []
    for pair in pairs:
        mine, theirs = pair.operator.get(name, instead), (pair.floor or {}).get(name, instead if pair.floor else None)
        own += [] if mine is None else [mine]
        bare += [] if theirs is None else [theirs]
        both += [mine / theirs] if mine is not None and theirs else []
    return _row(scenario, _size(size), name, _middle(own), _middle(bare), _middle(both), str(len(pairs)))


def _middle(values: Sequence[float]) -> str:
    return _number(Spread.of(values).middle) if values else _NOT_HERE


def _row(scenario: str, size: str, what: str, operator: str, floor: str, ratio: str, runs: str) -> str:
    return f"{scenario:<12} {size:>6}  {what:<44} {operator:>11} {floor:>11} {ratio:>8} {runs:>5}"


def _size(size: int | None) -> str:
    return str(size) if size else ""


def _number(value: float) -> str:
    """Three digits at least, and no decimals where there are many digits before them."""
    if value == int(value):
        return f"{value:.0f}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}" if abs(value) < 1000 else f"{value:.0f}"
