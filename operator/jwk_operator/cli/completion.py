"""Completion of commands and flags: by scripts for shells, and for kubectl, which asks a program of its own."""

from __future__ import annotations

import sys

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

_PROGRAM = "jwk-operator"
_VARIABLE = "_JWK_OPERATOR_COMPLETE"
"""What click looks for in the environment to know that a shell asks."""
_NO_FILES = 4
"""Tells kubectl not to offer files in place of an answer (ShellCompDirectiveNoFileComp of cobra)."""

_SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command()
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that has a shell complete commands and flags.

    bash loads it by the line below in ~/.bashrc, zsh by the same in ~/.zshrc, and fish from a file in
    ~/.config/fish/completions. kubectl completes `kubectl jwk` without it, once it completes anything.

    Exit status: 0.

    \b
    Example:
      source <(jwk-operator completion bash)
    """
    script = _SHELLS[shell](context.find_root().command, {}, _PROGRAM, _VARIABLE)
    click.echo(script.source())


def kubectl() -> None:
    """Answer kubectl, which gives the words after `kubectl jwk`, the last one as far as it is written."""
    from jwk_operator.cli.main import main

    *words, last = sys.argv[1:] or [""]
    for item in ShellComplete(main, {}, "kubectl jwk", _VARIABLE).get_completions(words, last):
        click.echo(f"{item.value}\t{item.help}" if item.help else item.value)
    click.echo(f":{_NO_FILES}")
