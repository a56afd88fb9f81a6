"""The matrix where there is no room for words: a sign for each environment, and names above the lines to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jwk_operator.cli.status.board import Board, Delivery, Health, Jwk, jwks_by_group
from jwk_operator.cli.status.words import cell, connection_name, sign, styled
from jwk_operator.cli.terminal import table

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
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


def _matrix(board: Board, environments: Sequence[str], width: int) -> Table:
    groups = list(jwks_by_group(board))
    lines = " ".join("│" for _ in environments)
    reasons = _room_for_reasons(board, width - 2 * len(environments) - 6)
    shown = table(lines, "", "NAME", *(["REASON"] if reasons else []))
    shown.columns[0].header_style = ""
    for number in (0, 1):
        shown.columns[number].no_wrap = True
    for (namespace, _, project), jwks in groups:
        if len(groups) > 1 or board.everywhere:
            title = f"{namespace}: {connection_name(jwks[0])}, {project or 'no project'}"
            shown.add_row(lines, "", styled(title, "bold"), *([""] if reasons else []))
        for jwk in jwks:
            shown.add_row(*_row(jwk, environments), *([styled(jwk.reason)] if reasons else []))
    return shown


def _room_for_reasons(board: Board, width: int) -> bool:
    """Whether names and reasons fit side by side; else reasons are told below alone."""
    names = max(len(jwk.name) for jwk in board.jwks)
    return names + 2 + max(len(jwk.reason) for jwk in board.jwks) <= width


def _row(jwk: Jwk, environments: Sequence[str]) -> tuple[Text, Text, Text]:
    from rich.text import Text

    cells = Text(" ").join(cell(jwk.outcome(name), word=False) for name in environments)
    return cells, sign(jwk.health, word=False), styled(jwk.name)


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
