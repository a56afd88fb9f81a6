"""docs/reference/cli.md: every command with its flags, environment variables and defaults, as click knows them."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator

import click

from jwk_operator.cli.main import main
from reference.table import Row, head, table

_HEAD = """\
Flags go before environment variables. In a Deployment the variables are the handier ones: an overlay adds them one by
one, as [manifests](../../manifests/README.md) shows, and the chart has a value for the most common ones and `extraEnv`
for all.

The exit status of every command is 64 when it is written wrongly; what else it can be stands with each.

"""
_NOT_RUN = {
    "run": "stays in the foreground",
    "log-level": "needs a pod",
    "plan": "its exit status tells what it found",
    "doctor": "its exit status depends on what it finds",
}
"""Commands whose examples no test of the pages can run."""


def render() -> str:
    """Return the page."""
    sections = "".join(_section(name, command) for name, command in sorted(commands(), key=_place))
    return head("Command line", "jwk_operator/cli") + _HEAD + sections.rstrip("\n") + "\n"


def commands(group: click.Group = main, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its name; those of a group within a group have two words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} ")
        elif command is not None:
            yield before + name, command


def _place(item: tuple[str, click.Command]) -> tuple[bool, str]:
    return item[0] != "run", item[0]


def _section(name: str, command: click.Command) -> str:
    text = "".join(_paragraphs(name, command))
    options = [param for param in command.params if isinstance(param, click.Option)]
    rows = table(("flag", "variable", "default", "meaning"), map(_option, options))
    return f"## jwk-operator {name}\n\n{text}" + (f"{rows}\n" if options else "")


def _paragraphs(name: str, command: click.Command) -> Iterator[str]:
    for argument in (param for param in command.params if isinstance(param, click.Argument)):
        yield f"`jwk-operator {name} {argument.make_metavar(click.Context(command))}`\n\n"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        lines = paragraph.replace("\b", "").strip().splitlines()
        first, _, rest = lines[0].partition(":")
        if first not in ("Example", "Examples"):
            yield " ".join(map(str.strip, lines)) + "\n\n"
            continue
        marker = [f"# not run: {_NOT_RUN[name]}"] if name in _NOT_RUN else []
        indented = textwrap.dedent("\n".join(lines[1:])).splitlines()
        examples = [*marker, *filter(None, [rest.strip(), *indented])]
        yield "```sh\n" + "\n".join(examples) + "\n```\n\n"


def _option(option: click.Option) -> Row:
    flags = ", ".join(f"`{flag}`" for flag in sorted(option.opts, key=len, reverse=True))
    if isinstance(option.type, click.Choice):
        flags += " " + ", ".join(f"`{choice}`" for choice in option.type.choices)
    return flags, f"`{option.envvar}`" if option.envvar else "", _default(option), option.help or ""


def _default(option: click.Option) -> str:
    if option.is_flag:
        return "off"
    return f"`{option.default}`" if isinstance(option.default, str | int | float) else ""
