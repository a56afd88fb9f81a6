"""Columns of short texts in the look of `terminal.table`, which takes seconds for the cells of a thousand JWKs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.segment import Segment

Cell = tuple[str, str]
"""A text and its style."""
EMPTY: Cell = ("", "")


class Grid:
    """Rows of cells with a header; `gaps` are the blanks after each column."""

    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[Cell]], gaps: Sequence[int] = ()) -> None:
        from rich.cells import cell_len

        self._rows = [[(text, "bold") for text in header], *rows]
        self._gaps = gaps or [2] * len(header)
        self._widths = [max(cell_len(row[number][0]) for row in self._rows) for number in range(len(header))]

    @property
    def width(self) -> int:
        """The columns of a terminal that it needs."""
        return sum(self._widths) + sum(self._gaps[:-1])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render, as rich calls it."""
        from rich.segment import Segment

        for row in self._rows:
            yield from self._line(row, console)
            yield Segment.line()

    def _line(self, row: Sequence[Cell], console: Console) -> Iterator[Segment]:
        from rich.cells import cell_len
        from rich.segment import Segment

        blanks = 0
        for (text, style), width, gap in zip(row, self._widths, self._gaps, strict=True):
            if text:
                yield Segment(" " * blanks)
                yield Segment(text, console.get_style(style) if style else None)
                blanks = 0
            blanks += width - cell_len(text) + gap
