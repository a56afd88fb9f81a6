"""What a command is given besides its arguments: files, standard input and secrets, as UTF-8 whatever the locale."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TextIO

import click

STDIN = "-"
TOKEN_VARIABLE = "JWK_OPERATOR_TOKEN"  # noqa: S105 - the variable's name


def standard_input() -> TextIO:
    """Return standard input, empty for a process that has none."""
    return io.TextIOWrapper(sys.stdin.buffer if sys.stdin else io.BytesIO(), "utf-8-sig")


def read_text(path: str) -> str:
    """Return the text of a file, or of standard input for `-`. Raises OSError and UnicodeDecodeError."""
    return standard_input().read() if path == STDIN else Path(path).read_text(encoding="utf-8-sig")


def read_option(path: str, option: str) -> str:
    """Return the text of the file that an option names. Raises `click.ClickException`, which names the option."""
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise click.ClickException(f"{option} {path} cannot be read: {why}") from error


def read_secret(path: str | None, option: str, variable: str) -> tuple[str, str] | None:
    """Return a secret, and where it is from for messages: the file that an option names, else an environment variable.

    None without either; a variable that is empty counts as none. Raises `click.ClickException`.
    """
    if path is not None:
        return read_option(path, option), f"{option} {path}"
    value = os.environ.get(variable)
    return (value, f"the variable {variable}") if value else None
