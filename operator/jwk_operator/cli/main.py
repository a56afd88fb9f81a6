"""`jwk-operator`: the entry point of every command."""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from typing import Any

import click

from jwk_operator.cli.absent import absent
from jwk_operator.cli.terminal import print_anything

_COMMANDS = {
    "completion": "jwk_operator.cli.completion:completion",
    "crds": "jwk_operator.cli.crds:crds",
    "doctor": "jwk_operator.cli.doctor.command:doctor",
    "import": "jwk_operator.cli.import_.command:import_",
    "keys": "jwk_operator.cli.keys.command:keys",
    "log-level": "jwk_operator.cli.log_level:log_level",
    "plan": "jwk_operator.cli.plan:plan",
    "reconcile": "jwk_operator.cli.reconcile:reconcile",
    "resume": "jwk_operator.cli.suspend:resume",
    "run": "jwk_operator.cli.run:run",
    "status": "jwk_operator.cli.status.command:status",
    "suspend": "jwk_operator.cli.suspend:suspend",
    "validate": "jwk_operator.cli.validate.command:validate",
}
_UNUSED = ("kubernetes", "kubernetes_asyncio", "pykube", "rich", "pygments")
"""kopf asks the clients of Kubernetes for two classes, to know them when it meets them, and httpx has a command line of
its own: for nothing of use here both would load 18 MB and take as long as everything else together. What needs one of
them imports it where it uses it."""

click.UsageError.exit_code = 64
"""Exit status after a command that is written wrongly (EX_USAGE of sysexits.h): 2, as click has it, is `plan`'s answer
that something would change. click has no setting for it."""

_SERVES = "run"
_INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and the number of SIGINT."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def _ends() -> Iterator[None]:
    """Give every end that is not the command's own its exit status and, at most, one line."""
    try:
        yield
    except KeyboardInterrupt:
        raise click.exceptions.Exit(_INTERRUPTED) from None
    except OSError as error:
        if error.errno not in _FULL:
            raise  # click knows a pipe that was closed; anything else should have been expected
        raise click.ClickException(f"output cannot be written: {error.strerror}") from None


def _end_before_the_start(*_: object) -> None:
    """End at once while the operator is still being loaded: until it listens itself, a container's first process would
    not hear of SIGTERM at all.
    """
    raise SystemExit(0)


class _Commands(click.Group):
    """Loads a command when it is asked for, and nothing of the others."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with _ends():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _ends():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click has it
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in _COMMANDS:
            module, _, name = _COMMANDS[cmd_name].partition(":")
            if cmd_name == _SERVES:
                signal.signal(signal.SIGTERM, _end_before_the_start)
            with absent(*_UNUSED):
                self.add_command(getattr(import_module(module), name))
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("jwk-operator"))
def main() -> None:
    """Bring JSON Web Keys in Apinizer under kubectl apply.

    Exit status of every command: 64 when it is written wrongly, else as its --help says.
    """
    print_anything()


def kubectl() -> None:
    """Serve `kubectl jwk ...`: kubectl runs the program `kubectl-jwk` for it."""
    main(prog_name="kubectl jwk")
