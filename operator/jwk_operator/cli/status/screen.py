"""A `Board` on a terminal, or as text in a pipe. Signs and words say everything; colours only repeat it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from jwk_operator.cli.status.board import Board, Connection, Health, Outcome, Problem, alike, problems
from jwk_operator.cli.status.grid import Cell, Grid
from jwk_operator.cli.status.signs import with_signs
from jwk_operator.cli.status.words import (
    NAMED,
    NO_LIVE_VIEW,
    RENEW,
    connection_name,
    outcome_cell,
    remaining,
    sign,
    sign_cell,
    styled,
    summary,
)

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.text import Text


class Screen:
    """A board, laid out for the width that there is: with words where they fit, else with signs and a legend."""

    def __init__(self, board: Board, *, summed_up: bool = True) -> None:
        """The last line sums it up, unless somebody else has done that."""
        self._board = board
        self._summed_up = summed_up

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render, as rich calls it."""
        board = self._board
        if board.connections:
            table = _connections(board)
            yield table if table.width <= options.max_width else _listed_connections(board)
            yield ""
        if board.jwks:
            table = _with_words(board)
            yield from [table] if table.width <= options.max_width else with_signs(board, options.max_width)
            yield ""
        for connection in board.connections:
            if connection.troubled(board.time):
                yield from _connection_problem(connection)
        for problem in problems(board):
            yield from _problem(problem)
        if any(jwk.outcomes for jwk in board.jwks):
            yield styled(NO_LIVE_VIEW, "dim")
        if self._summed_up:
            yield styled(summary(board), "bold")


def _connections(board: Board) -> Grid:
    rows = [
        [
            (connection.title if board.everywhere or not connection.key[1] else connection.key[2], ""),
            sign_cell(connection.health),
            (connection.reason + (" (read-only)" if connection.read_only else ""), ""),
            (connection.address, ""),
            (connection.project or "-", ""),
            _token(connection, board.time),
        ]
        for connection in board.connections
    ]
    return Grid(("CONNECTION", "READY", "REASON", "ADDRESS", "PROJECT", "TOKEN ENDS"), rows)


def _listed_connections(board: Board) -> Text:
    from rich.text import Text

    lines = []
    for connection in board.connections:
        head = sign(connection.health).append(f"  connection {connection.title}  {connection.reason}\n", "default")
        lines.append(head.append(f"    {connection.address}  ", "default"))
        lines[-1].append(f"project {connection.project or '-'}  token ends ", "default")
        lines[-1].append(*_token(connection, board.time))
    return Text("\n").join(lines)


def _token(connection: Connection, now: datetime) -> Cell:
    ends = connection.token_expires_at
    if ends is None:
        return "-", ""
    left = remaining(ends, now)
    return (f"! {left}", "bold yellow") if connection.token_ends_soon(now) else (left, "")


def _leading(board: Board) -> list[tuple[str, list[str]]]:
    """Return the columns that say where a JWK belongs to: those of which not all rows have the same."""
    jwks = board.jwks
    cluster_wide = any(not jwk.connection[1] for jwk in jwks)
    found = [
        ("NAMESPACE", [jwk.namespace for jwk in jwks]),
        ("CONNECTION", [connection_name(jwk) if cluster_wide else jwk.connection[2] for jwk in jwks]),
        ("PROJECT", [jwk.project or "-" for jwk in jwks]),
    ]
    return [item for item in found if len(set(item[1])) > 1 or (board.everywhere and item[0] == "NAMESPACE")]


def _with_words(board: Board) -> Grid:
    environments = board.environments
    leading = _leading(board)
    rows = [
        [
            *((values[number], "") for _, values in leading),
            (jwk.name, ""),
            sign_cell(jwk.health),
            (jwk.reason, ""),
            *(outcome_cell(jwk.outcome(name)) for name in environments),
        ]
        for number, jwk in enumerate(board.jwks)
    ]
    return Grid([*(name for name, _ in leading), "NAME", "READY", "REASON", *environments], rows)


def _problem(problem: Problem) -> Iterator[RenderableType]:
    names = ", ".join(problem.names[:NAMED])
    more = len(problem.names) - NAMED
    title = sign(problem.health, word=False).append(f" {names}{f' and {more} more' if more > 0 else ''}", "default")
    yield title.append(f"  {problem.reason or problem.health}", "default")
    message = "" if problem.health is Health.READY else problem.message
    yield from _below(message, *(_failure(item) for item in alike(problem.failures)), _to_do(problem.remedy))


def _failure(outcome: Outcome) -> Text:
    since = f" (since {outcome.since:%Y-%m-%d %H:%M} UTC)" if outcome.since else ""
    said = f": {outcome.message}" if outcome.message else ""
    failed = sign(outcome.delivery, word=False).append(f" {outcome.environment} {outcome.delivery}")
    return failed.append(f"{said}{since}", "default not bold")


def _connection_problem(connection: Connection) -> Iterator[RenderableType]:
    if connection.health is Health.READY:
        yield styled("!", "bold yellow").append(f" connection {connection.title}  its token ends soon", "default")
        yield from _below(_to_do(RENEW))
        return
    title = sign(connection.health, word=False).append(f" connection {connection.title}", "default")
    yield title.append(f"  {connection.reason or connection.health}", "default")
    yield from _below(connection.message, _to_do(connection.remedy))


def _to_do(remedy: str) -> str:
    return f"What to do: {remedy}" if remedy else ""


def _below(*texts: str | Text) -> Iterator[RenderableType]:
    from rich.padding import Padding

    for text in texts:
        if text:
            shown = styled(text) if isinstance(text, str) else text
            yield Padding(shown, (0, 0, 0, 4), expand=False)
    yield ""
