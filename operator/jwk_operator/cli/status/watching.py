"""A board that changes: redrawn on a terminal, printed anew in a pipe."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import click

from jwk_operator.cli import terminal
from jwk_operator.cli.status.board import Board
from jwk_operator.cli.status.document import document
from jwk_operator.cli.status.screen import Screen
from jwk_operator.cli.status.words import summary


async def follow(boards: AsyncIterator[Board], *, problems: bool, as_json: bool) -> None:
    """Show each board that is another one than the last, until cancelled. JSON comes as one line for each."""
    changes = _changes(board.problems() if problems else board async for board in boards)
    if as_json:
        async for board in changes:
            click.echo(json.dumps(document(board), ensure_ascii=False))
    elif sys.stdout.isatty():
        await _redraw(changes)
    else:
        async for board in changes:
            click.echo(f"# {board.time:%Y-%m-%d %H:%M:%S} UTC")
            terminal.show(Screen(board), "")


async def _changes(boards: AsyncIterator[Board]) -> AsyncIterator[Board]:
    last = None
    async for board in boards:
        if last is None or replace(board, time=last.time) != last:
            yield board
        last = board


async def _redraw(boards: AsyncIterator[Board]) -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    with Live(console=terminal.console(), auto_refresh=False, vertical_overflow="crop") as live:
        with suppress(NotImplementedError):  # where windows tell nobody that their size has changed
            asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, live.refresh)
        async for board in boards:
            # Of what is too long the window shows the beginning: first how things are, then what needs a look.
            shown = board if len(board.jwks) < live.console.height // 2 else board.problems()
            head = Text(f"{board.time:%H:%M:%S} UTC, follows changes; Ctrl-C ends it", style="dim")
            first = Text(summary(shown), style="bold")
            live.update(Group(head, first, "", Screen(shown, summed_up=False)), refresh=True)
