"""Stacks that a sampling profiler has counted: tables of functions, and a flame graph. Pure.

The text is of one line for each stack, ``outermost;...;innermost COUNT``, as py-spy writes it by ``--format raw`` and
other tools read it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

Stacks = Mapping[tuple[str, ...], int]

_SLEEPER = re.compile(r"_worker \(concurrent/futures/thread\.py\b")
"""A thread of a pool that waits for work, which py-spy takes for one that is at work."""
_OWN = "(jwk_operator/"


def parse(text: str) -> Stacks:
    """Read the stacks, without those of threads that only wait."""
    found: Counter[tuple[str, ...]] = Counter()
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = tuple(frame or "(outside of Python)" for frame in stack.split(";"))
        if not _SLEEPER.match(frames[-1]):
            found[frames] += int(count)
    return found


def own_time(stacks: Stacks) -> Counter[str]:
    """Count samples by the function that was running."""
    found: Counter[str] = Counter()
    for frames, count in stacks.items():
        found[frames[-1]] += count
    return found


def total_time(stacks: Stacks) -> Counter[str]:
    """Count samples by every function that was running or waited for one that was, each once."""
    found: Counter[str] = Counter()
    for frames, count in stacks.items():
        found.update(dict.fromkeys(frames, count))
    return found


def by_operator(stacks: Stacks) -> Counter[str]:
    """Count samples by the innermost function of the operator: its own time, and that of libraries in its name."""
    found: Counter[str] = Counter()
    for frames, count in stacks.items():
        inner = next((frame for frame in reversed(frames) if _OWN in frame), "(no function of the operator)")
        found["(imports)" if any("<frozen importlib" in frame for frame in frames) else inner] += count
    return found


def tables(stacks: Stacks, rows: int) -> str:
    """Return the functions that take most of the time."""
    parts = {
        "Own time": own_time(stacks),
        "Total time": total_time(stacks),
        "Time by the operator's innermost function, with the libraries that it calls": by_operator(stacks),
    }
    return "\n".join(f"{title}\n{table(counts, sum(stacks.values()), rows)}" for title, counts in parts.items())


def table(counts: Counter[str], whole: int, rows: int) -> str:
    """Return a line for each of the largest."""
    return "".join(f"{100 * count / whole:6.1f} %  {name}\n" for name, count in counts.most_common(rows))


# --- the flame graph ----------------------------------------------------------------------------------------------


@dataclass
class _Node:
    count: int = 0
    inner: dict[str, _Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Box:
    name: str
    depth: int
    start: int
    count: int


_WIDTH, _ROW, _LEAST, _LETTER = 1600, 17, 0.4, 6.6
"""Pixels: of the graph, of a row, of the narrowest box that is drawn, and of a letter."""


def flame_graph(stacks: Stacks, title: str) -> str:
    """Return an SVG: a box for each function, as wide as its time and upon whoever called it."""
    root = _tree(stacks)
    scale = _WIDTH / max(root.count, 1)
    boxes = [box for box in _boxes("all", root) if box.count * scale >= _LEAST]
    height = (max(box.depth for box in boxes) + 3) * _ROW
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}">',
        "<style>text{font:11px monospace;pointer-events:none}rect{stroke:#fff;stroke-width:.5}</style>",
        f'<text x="4" y="13">{escape(title)}</text>',
    ]
    lines += [_drawn(box, root.count, scale, height) for box in boxes]
    return "\n".join([*lines, "</svg>\n"])


def _tree(stacks: Stacks) -> _Node:
    root = _Node()
    for frames, count in stacks.items():
        node = root
        node.count += count
        for frame in frames:
            node = node.inner.setdefault(frame, _Node())
            node.count += count
    return root


def _boxes(name: str, node: _Node, depth: int = 0, start: int = 0) -> Iterator[_Box]:
    yield _Box(name, depth, start, node.count)
    for inner, child in sorted(node.inner.items()):
        yield from _boxes(inner, child, depth + 1, start)
        start += child.count


def _drawn(box: _Box, whole: int, scale: float, height: int) -> str:
    x, y, width = box.start * scale, height - (box.depth + 1) * _ROW, box.count * scale
    letters = int((width - 4) / _LETTER)
    text = f'<text x="{x + 2:.1f}" y="{y + 12}">{escape(box.name[:letters])}</text>' if letters > 2 else ""
    told = escape(f"{box.name}: {100 * box.count / whole:.1f} %, {box.count} samples")
    colour = "#f4a261" if _OWN in box.name else "#e9d8a6"
    shape = f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_ROW}" fill="{colour}"/>'
    return f"<g><title>{told}</title>{shape}{text}</g>"
