"""`jwk-operator plan`: tell what the operator would do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from jwk_operator.cli import terminal
from jwk_operator.cli.cluster import Cluster, carry_out, cluster_options, namespace_options, open_cluster
from jwk_operator.cli.hiding import secret_values, without
from jwk_operator.cli.inputs import STDIN, TOKEN_VARIABLE, read_secret, standard_input
from jwk_operator.cli.options import output_option
from jwk_operator.cli.proxies import ProxyFor, proxy_option
from jwk_operator.cli.wording import printable
from jwk_operator.kube.secrets import SourceKeyNotFoundError, token_of
from jwk_operator.manifests.reading import read_manifests
from jwk_operator.planning.output import as_json, as_markdown
from jwk_operator.planning.planner import Planner
from jwk_operator.planning.remote import Rehearsal
from jwk_operator.planning.rows import Action, Row, exit_status_of, rows_of, summary_of
from jwk_operator.planning.stage import StageBuilder, Token
from jwk_operator.planning.wishes import WishError, Wishes, wishes_of

if TYPE_CHECKING:
    from rich.table import Table

_STYLES = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REDEPLOY: "yellow",
    Action.ADOPT: "cyan",
    Action.REPLACE: "magenta",
    Action.DELETE: "red",
    Action.CONFLICT: "bold red",
    Action.REFUSED: "bold red",
    Action.BLOCKED: "bold red",
    Action.NOTHING: "dim",
}


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a plan is made of: the options by their names."""

    token: Token | None
    paths: tuple[str, ...]
    kubeconfig: str | None
    context: str | None
    namespace: str | None
    all_namespaces: bool
    prune: bool
    no_cluster: bool
    assume_owned: bool
    proxy_for: ProxyFor

    def check(self) -> None:
        """Raise `click.UsageError` for what makes no sense together."""
        if self.no_cluster and (self.prune or self.kubeconfig or self.context or self.all_namespaces):
            raise click.UsageError("--no-cluster goes with none of --prune, --kubeconfig, --context and -A")
        if self.assume_owned and not self.no_cluster:
            raise click.UsageError("--assume-owned is for --no-cluster: a cluster tells whose a JWK is")
        for flag, given in (("--no-cluster", self.no_cluster), ("--prune", self.prune)):
            if given and not self.paths:
                raise click.UsageError(f"{flag} needs manifests: name their files or folders")
        if self.all_namespaces and self.paths:
            raise click.UsageError("--all-namespaces is for a cluster as it is: manifests have namespaces of their own")


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@output_option(
    "text",
    "json",
    "markdown",
    meaning="Text for people, JSON for programs, or Markdown for a comment on a pull request.",
)
@click.option(
    "--prune", is_flag=True, help="Plan the end of JWKs that are in no manifest, in the manifests' namespaces."
)
@click.option("--no-cluster", is_flag=True, help="Ask no cluster: the manifests are all that there is.")
@click.option(
    "--assume-owned",
    is_flag=True,
    help="With --no-cluster: count a JWK that exists in Apinizer as made by the manifest that names it. Nothing else "
    "can tell whose it is; without this flag it is a conflict.",
)
@click.option(
    "--token-file",
    metavar="FILE",
    help="Holds a token to use for every connection; `-` is standard input. Without it the token is that of "
    f"{TOKEN_VARIABLE}, and where that is not set, each connection's own.",
)
@proxy_option
@namespace_options
@cluster_options
@click.pass_context
def plan(ctx: click.Context, /, output: str, token_file: str | None, **options: Any) -> None:
    """Tell what the operator would do, and do nothing.

    With PATHs (files, folders, - for standard input) it tells what would follow if these manifests were applied,
    without them what follows from the cluster as it is. The operator's own decisions are made, on lists that are read
    from Apinizer and with the cluster's objects: nothing is written to either.

    A manifest without a namespace is for the one of --namespace, else of the context.

    Exit status: 2 when something would change in Apinizer; otherwise 1 when something is refused, in conflict, blocked,
    or could not be found out; otherwise 0, also when JWKs would be adopted, which changes nothing there.

    \b
    Examples:
      jwk-operator plan --all-namespaces
      jwk-operator plan -n team-a examples/jwk-url.yaml
      kustomize build deploy | jwk-operator plan --prune --output markdown -
      jwk-operator plan --no-cluster --assume-owned --token-file token deploy/
    """
    if token_file == STDIN and STDIN in options["paths"]:
        raise click.UsageError("standard input can hold the token or manifests, and not both")
    choice = _Choice(token=_token(token_file), **options)
    choice.check()
    rows = carry_out(_plan(choice))
    _show(rows, output)
    ctx.exit(exit_status_of(rows))


def _token(file: str | None) -> Token | None:
    given = read_secret(file, "--token-file", TOKEN_VARIABLE)
    if given is None:
        return None
    try:
        return Token("--token-file" if file else TOKEN_VARIABLE, token_of(*given).reveal())
    except SourceKeyNotFoundError as error:
        raise click.ClickException(str(error)) from error


async def _plan(choice: _Choice) -> list[Row]:
    async with _cluster(choice) as cluster:
        now = datetime.now(UTC)
        builder = StageBuilder(cluster.client if cluster else None, now, choice.token)
        default = cluster.namespace if cluster else choice.namespace or "default"
        wishes, secrets = _wishes(choice.paths, default) if choice.paths else (None, [])
        with terminal.progress("Reading the cluster"):
            if wishes is not None:
                stage = await builder.of_wishes(wishes, prune=choice.prune)
            else:
                stage = await builder.of_cluster(None if choice.all_namespaces else default)
        if builder.narrow:
            click.echo(
                "Warning: JWKs of other namespaces cannot be listed: conflicts with them are not told.", err=True
            )
        rehearsal = Rehearsal()
        with terminal.progress("Planning", len(stage.planned)) as step:
            planner = Planner(stage, rehearsal, now, choice.proxy_for, assume_owned=choice.assume_owned)
            outcomes = await planner.play(step)
        rows = rows_of(outcomes, stage.refusals)
        return [replace(row, message=without(row.message, secrets)) for row in rows]


@asynccontextmanager
async def _cluster(choice: _Choice) -> AsyncIterator[Cluster | None]:
    if choice.no_cluster:
        yield None
        return
    async with open_cluster(choice.kubeconfig, choice.context, choice.namespace, may_write=lambda: False) as cluster:
        yield cluster


def _wishes(paths: Sequence[str], namespace: str) -> tuple[Wishes, list[str]]:
    """Return what the manifests wish for, and the secret values in them, which a refusal may repeat."""
    manifests, unreadable = read_manifests(paths, standard_input())
    if unreadable:
        raise click.ClickException("\n".join(f"{item.source}:{item.line}: {item.message}" for item in unreadable))
    contents = ((f"{item.source}:{item.line}", item.content) for item in manifests)
    try:
        return wishes_of(contents, namespace), secret_values(item.content for item in manifests)
    except WishError as error:
        raise click.ClickException(str(error)) from error


def _table(rows: list[Row]) -> Table:
    from rich.markup import escape

    table = terminal.table("ACTION", "JWK", "IN APINIZER", "CONNECTION", "CALLS", "WHY")
    for row in rows:
        calls = ", ".join(call.method for call in row.calls)
        cells = (row.resource, row.shown_remote, row.connection, calls, row.why)
        table.add_row(row.action.value, *(escape(printable(cell)) for cell in cells), style=_STYLES.get(row.action))
    return table


def _show(rows: list[Row], output: str) -> None:
    if output == "json":
        click.echo(as_json(rows))
    elif output == "markdown":
        click.echo(as_markdown(rows))
    else:
        if rows:
            terminal.show(_table(rows))
            click.echo()
        click.echo(summary_of(rows))
