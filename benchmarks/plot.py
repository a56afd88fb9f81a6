"""`python -m benchmarks.plot JSON SVG`: cost against the number of JWKs, operator and floor, as one picture."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.results import Measured, of_json
from benchmarks.targets import Results, Spread

_COLORS = {"operator": "#1f5fa8", "floor": "#c2571a"}
_STYLES = {"backlog": "-", "live": "--"}
_PANELS = (
    ("time", 1000.0, True, "time for each JWK (ms)"),
    ("cpu", 1000.0, True, "CPU for each JWK (ms)"),
    ("peak", 1.0, False, "peak of resident memory (MB)"),
)
"""Figure, factor, whether it is divided by the number of JWKs, label."""


def as_svg(measured: Measured) -> str:
    """Return the picture: the same text for the same measurements."""
    # ids by content, so that the same figures are the same file; text stays text
    with mpl.rc_context({"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.size": 11}):
        figure = Figure(figsize=(9, 10), facecolor="white", layout="constrained")
        panels = figure.subplots(len(_PANELS), 1, sharex=True)
        for axes, (name, factor, each, label) in zip(panels, _PANELS, strict=True):
            _panel(axes, measured.pairs, name, factor, each=each)
            axes.set_ylabel(label)
            axes.set_ylim(bottom=0)
        panels[-1].set_xlabel("JWKs (logarithmic)")
        panels[0].legend(ncols=2, frameon=False, loc="best")
        figure.suptitle("Cost against the number of JWKs: medians, with minimum and maximum")
        out = StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _panel(axes: Axes, results: Results, name: str, factor: float, *, each: bool) -> None:
    axes.set_xscale("log")
    axes.grid(visible=True, color="#dddddd")
    axes.spines[["top", "right"]].set_visible(False)
    sizes = sorted({size for scenario, size in results if scenario in _STYLES and size})
    axes.set_xticks(sizes, [f"{size:,}".replace(",", " ") for size in sizes])
    axes.minorticks_off()
    for scenario, style in _STYLES.items():
        for side, color in _COLORS.items():
            spreads = _spreads(results, scenario, side, name)
            if not spreads:
                continue
            at = list(spreads)
            factors = [factor / size if each else factor for size in at]
            middle = [spread.middle * by for spread, by in zip(spreads.values(), factors, strict=True)]
            below = [(spread.middle - spread.least) * by for spread, by in zip(spreads.values(), factors, strict=True)]
            above = [(spread.most - spread.middle) * by for spread, by in zip(spreads.values(), factors, strict=True)]
            axes.errorbar(
                at,
                middle,
                yerr=[below, above],
                color=color,
                linestyle=style,
                marker="o",
                capsize=4,
                label=f"{side}, {scenario}",
            )


def _spreads(results: Results, scenario: str, side: str, name: str) -> dict[int, Spread]:
    found = {}
    for (what, size), pairs in sorted(results.items()):
        sides: list[Mapping[str, float] | None] = [getattr(pair, side) for pair in pairs]
        values = [figures[name] for figures in sides if figures and name in figures]
        if what == scenario and size and values:
            found[size] = Spread.of(values)
    return found


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(as_svg(of_json(source.read_text())))
