"""`jwk-operator log-level`: change what a running operator logs."""

from __future__ import annotations

import os
import signal

import click

_SIGNALS = {"debug": signal.SIGUSR1, "reset": signal.SIGUSR2}
_LARGEST_PID = 2**22
"""As Linux has it."""


@click.command("log-level", context_settings={"show_default": True})
@click.argument("level", type=click.Choice(sorted(_SIGNALS)))
@click.option(
    "--pid", type=click.IntRange(1, _LARGEST_PID), default=1, help="The operator's process; in its container it is 1."
)
def log_level(level: str, pid: int) -> None:
    """Change what a running operator logs.

    That is everything (debug), or what it was started with (reset). Of several replicas one acts, the holder of the
    Lease, and which one may change: tell all of them.

    Exit status: 0 when the process was told, 1 when there is none, or it is not yours.

    \b
    Example:
      for pod in $(kubectl get pods -n jwk-operator-system -l app.kubernetes.io/name=jwk-operator -o name); do
        kubectl exec -n jwk-operator-system "$pod" -- jwk-operator log-level debug
      done
    """
    try:
        os.kill(pid, _SIGNALS[level])
    except (ProcessLookupError, PermissionError) as error:
        raise click.ClickException(f"process {pid} cannot be told: {error.strerror}; check --pid") from error
