"""The matrix where there is no room for words: a sign for each environment, and names above the lines to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jwk_operator.cli.status.board import Board, Delivery, Health, jwks_by_group
from jwk_operator.cli.status.grid import EMPTY, Cell, Grid
from jwk_operator.cli.status.words import connection_name, outcome_cell, sign, sign_cell, styled

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_LEAST_FOR_NAMES = 30
"""Columns that are left to names, however many environments there are."""


def with_signs(board: Board, width: int) -> Iterator[RenderableType]:
    """Yield the matrix, in several parts where there are too many environments, and a legend."""
    environments = board.environments
    at_once = max(1, (width - _LEAST_FOR_NAMES) // 2)
    for start in range(0, max(1, len(environments)), at_once):
        part = environments[start : start + at_once]
        yield from _staircase(part)
        yield _matrix(board, part, width)
        yield ""
    yield _legend(board)


def _staircase(environments: Sequence[str]) -> Iterator[Text]:
    """Yield the heads of narrow columns, as `git show-branch` has them: each name above the line to its column."""
    for number, name in enumerate(environments):
        line = styled("│ " * number + "┌ " + name)
        line.no_wrap, line.overflow = True, "ellipsis"
        yield line


def _matrix(board: Board, environments: Sequence[str], width: int) -> Grid:
    from rich.cells import chop_cells

    groups = jwks_by_group(board)
    left = max(_LEAST_FOR_NAMES // 2, width - 2 * len(environments) - 4)
    reasons = _room_for_reasons(board, left)
    lines = [("│", "")] * len(environments)
    rows: list[list[Cell]] = []
    for (namespace, _, project), jwks in groups.items():
        if len(groups) > 1 or board.everywhere:
            title = f"{namespace}: {connection_name(jwks[0])}, {project or 'no project'}"
            rows += ([*lines, EMPTY, (part, "bold"), EMPTY] for part in chop_cells(title, left))
        for jwk in jwks:
            cells = [outcome_cell(jwk.outcome(name), word=False) for name in environments]
            first, *more = chop_cells(jwk.name, left)
            rows.append([*cells, sign_cell(jwk.health, word=False), (first, ""), (jwk.reason if reasons else "", "")])
            rows += ([*[EMPTY] * len(cells), EMPTY, (part, ""), EMPTY] for part in more)
    header = ["│"] * len(environments) + ["", "NAME", "REASON" if reasons else ""]
    gaps = [1] * len(environments) + [2, 2, 0]
    if environments:
        gaps[len(environments) - 1] = 2
    return Grid(header, rows, gaps)


def _room_for_reasons(board: Board, width: int) -> bool:
    """Whether names and reasons fit side by side; else reasons are told below alone."""
    from rich.cells import cell_len

    names = max(cell_len(jwk.name) for jwk in board.jwks)
    return names + 2 + max(len(jwk.reason) for jwk in board.jwks) <= width


def _legend(board: Board) -> Text:
    """Explain the signs that are there."""
    from rich.text import Text

    cells = {outcome.delivery for jwk in board.jwks for outcome in jwk.outcomes}
    health = {jwk.health for jwk in board.jwks}
    first = [sign(one) for one in Delivery if one in cells]
    second = [sign(one) for one in Health if one in health]
    lines = [Text("environments  ").append(Text("   ").join(first))] if first else []
    lines.append(Text("JWKs          ").append(Text("   ").join(second)))
    return Text("\n").join(lines)
