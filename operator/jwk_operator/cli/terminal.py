"""What a person at a terminal sees: colours and progress there, plain text in a pipe or a file."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_SPELLED = {"✓": "+", "✗": "x", "…": "~", "·": ".", "│": "|", "┌": ","}
"""Signs where the locale has no such characters."""
_WIDE = 10_000
"""Columns of output that is no terminal: nothing is cut or wrapped there."""


def print_anything() -> None:
    """Let output through whatever characters the locale lacks: signs have a spelling, all else becomes `?`."""

    def spell(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        return "".join(_SPELLED.get(char, "?") for char in error.object[error.start : error.end]), error.end

    codecs.register_error("spelled", spell)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the caller has closed it
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="spelled")


def console(*, stderr: bool = False) -> Console:
    """Return the console of standard output or error; rich honours NO_COLOR, FORCE_COLOR and TERM."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else _WIDE)


def table(*headers: str) -> Table:
    """Return an empty table in the look of kubectl: no lines, two spaces between columns."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in headers:
        made.add_column(header, overflow="fold")
    return made


def show(*renderables: RenderableType) -> None:
    """Print to standard output; where that is no terminal, without the blanks that fill lines up."""
    if sys.stdout.isatty():
        console().print(*renderables, sep="\n")
        return
    from rich.console import Console

    text = io.StringIO()
    Console(file=text, highlight=False, width=_WIDE, color_system=None).print(*renderables, sep="\n")
    for line in text.getvalue().splitlines():
        click.echo(line.rstrip())


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[], None]]:
    """Show on standard error that something goes on, if that is a terminal; yields what to call after each step.

    It goes away with the end. Without `total` it only tells that there is life.
    """
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    measured = (BarColumn(), MofNCompleteColumn()) if total else ()
    # What a command prints meanwhile goes where it belongs, also when standard output is a pipe.
    with Progress(*columns, *measured, console=console(stderr=True), transient=True, redirect_stdout=False) as shown:
        task = shown.add_task(what, total=total)
        yield lambda: shown.advance(task)
