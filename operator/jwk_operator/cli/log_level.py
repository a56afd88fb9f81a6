"""`jwk-operator log-level`: change what a running operator logs."""

from __future__ import annotations

import os
import signal

import click

_SIGNALS = {"debug": signal.SIGUSR1, "reset": signal.SIGUSR2}


@click.command("log-level", context_settings={"show_default": True})
@click.argument("level", type=click.Choice(sorted(_SIGNALS)))
@click.option("--pid", type=click.IntRange(1), default=1, help="The operator's process; in its container it is 1.")
def log_level(level: str, pid: int) -> None:
    """Have a running operator log everything (debug), or what it was started with (reset).

    \b
    Example:
      kubectl exec -n jwk-operator-system deploy/jwk-operator -- jwk-operator log-level debug
    """
    try:
        os.kill(pid, _SIGNALS[level])
    except (ProcessLookupError, PermissionError) as error:
        raise click.ClickException(f"process {pid} cannot be told: {error.strerror}; check --pid") from error
