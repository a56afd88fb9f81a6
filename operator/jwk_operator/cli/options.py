"""Options that mean the same for several commands, without any client: `validate` is offline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def output_option(*forms: str, meaning: str) -> Callable[[Command], Command]:
    """Add `output`, one of these forms; the first is the default."""
    return click.option("--output", "-o", type=click.Choice(forms), default=forms[0], show_default=True, help=meaning)
