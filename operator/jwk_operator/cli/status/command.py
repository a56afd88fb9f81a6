"""The command `status`: its options, and which view of the board goes where."""

from __future__ import annotations

import json
from contextlib import aclosing
from pathlib import Path

import click

from jwk_operator.api.selector import parse_selector
from jwk_operator.cli import terminal
from jwk_operator.cli.cluster import carry_out, cluster_options, namespace_options, open_cluster
from jwk_operator.cli.options import output_option
from jwk_operator.cli.status.board import Board
from jwk_operator.cli.status.cluster import Objects
from jwk_operator.cli.status.document import document
from jwk_operator.cli.status.page import page
from jwk_operator.cli.status.reading import Scope
from jwk_operator.cli.status.screen import Screen
from jwk_operator.cli.status.watching import follow


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@namespace_options
@click.option("--selector", "-l", metavar="LABELS", help="Show JWKs with these labels alone, such as team=blue.")
@click.option("--problems", is_flag=True, help="Leave out what is Ready.")
@click.option("--watch", "-w", is_flag=True, help="Go on, and show every change, until Ctrl-C.")
@output_option("text", "json", meaning="Text for people, JSON for programs.")
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write one self-contained page to look at in a browser; - is standard output.",
)
@click.option("--fail", is_flag=True, help="Exit with 1 unless every JWK, and every connection shown, is Ready.")
@cluster_options
def status(
    names: tuple[str, ...],
    namespace: str | None,
    all_namespaces: bool,
    selector: str | None,
    problems: bool,
    watch: bool,
    output: str,
    html: Path | None,
    fail: bool,
    kubeconfig: str | None,
    context: str | None,
) -> None:
    """Show which JWK is in which environment, and what is wrong.

    JWKs by environments, with the reason of each that is not Ready, below them what is wrong and what to do about it.
    What an environment has is what the last write to the JWK reported: nothing is asked of Apinizer.

    Exit status: 0, also when something is not Ready, unless --fail is given, and when Ctrl-C ends --watch; 1 when the
    cluster cannot be asked, or a JWK that was named does not exist.

    \b
    Examples:
      jwk-operator status -n team-a
      jwk-operator status --all-namespaces --problems
      jwk-operator status --all-namespaces --html status.html
    """
    _check(watch=watch, html=html, fail=fail, output=output, selector=selector)

    async def look() -> tuple[Board, list[str]]:
        async with open_cluster(kubeconfig, context, namespace) as cluster:
            scope = Scope(None if all_namespaces else cluster.namespace, frozenset(names), selector)
            objects = Objects(cluster.client, scope)
            with terminal.progress(f"Reading JWKs of {scope}"):
                await objects.read()
            for note in objects.board().notes:
                click.echo(f"Note: {note}.", err=True)
            if watch:
                async with aclosing(objects.boards()) as boards:
                    await follow(boards, problems=problems, as_json=output == "json")
            return objects.board(), objects.missing()

    try:
        board, missing = carry_out(look())
    except KeyboardInterrupt:
        if watch:
            return
        raise
    _tell(board.problems() if problems else board, output, html)
    if missing:
        raise click.ClickException(f"no JWK {', '.join(missing)} in {board.where}")
    if fail and not board.fine:
        raise click.exceptions.Exit(1)


def _check(*, watch: bool, html: Path | None, fail: bool, output: str, selector: str | None) -> None:
    if watch and (html or fail):
        raise click.UsageError("--watch has no end to write a page or exit status at: leave out --html and --fail")
    if html and output == "json":
        raise click.UsageError("give either --html or --output json")
    if selector is not None:
        try:
            parse_selector(selector)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--selector") from error


def _tell(board: Board, output: str, html: Path | None) -> None:
    if html is not None:
        _write(html, page(board))
    elif output == "json":
        click.echo(json.dumps(document(board), indent=2, ensure_ascii=False))
    else:
        terminal.show(Screen(board))


def _write(file: Path, text: str) -> None:
    if str(file) == "-":
        click.echo(text.encode(), nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"--html: {file} cannot be written: {error.strerror}; name another file") from error
    click.echo(f"{file} written.", err=True)
