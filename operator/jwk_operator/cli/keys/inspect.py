"""`jwk-operator keys inspect`: what a key is, without showing it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from jwk_operator.cli import terminal
from jwk_operator.cli.cluster import carry_out, cluster_options, namespace_option, open_cluster
from jwk_operator.cli.keys.reading import Material, NothingReadError, from_cluster, from_file, keys_of
from jwk_operator.cli.keys.report import KeyReport, report_all
from jwk_operator.cli.options import output_option

_IN_CLUSTER = ("secret", "jwk")
_STYLES = {"error": "red", "warning": "yellow"}
_WIDTH = 12


@click.command(context_settings={"show_default": True})
@click.argument("source")
@namespace_option
@cluster_options
@output_option("text", "json", meaning="Text for people, JSON for programs.")
def inspect(source: str, namespace: str | None, kubeconfig: str | None, context: str | None, output: str) -> None:
    """Tell what keys are without showing them.

    That is type, size, kid, thumbprint, what is private, and what is wrong with them. SOURCE is a file, or - for
    standard input: a JWK, a JWK Set, keys and certificates as PEM, or a manifest of Secrets or JWKs. Or it is something
    in the cluster: secret/NAME, secret/NAME:KEY, or jwk/NAME for what is behind its jwkStr or jwkStrFrom. No private
    value is printed, only the names of the members that are private.

    Exit status: 0 when every key is one that can be used; 1 when one has an error, or nothing could be read.

    \b
    Examples:
      jwk-operator keys inspect -n NAMESPACE secret/signing-key
      jwk-operator keys new --type EC --output jwk | jwk-operator keys inspect -
    """
    now = datetime.now(UTC)
    try:
        kind, _, name = source.partition("/")
        if kind in _IN_CLUSTER and name:
            found = carry_out(_from_cluster(kubeconfig, context, namespace, kind, name))
        else:
            found = from_file(source)
        reports = [
            report
            for item in found
            for report in report_all(item.where, keys_of(item), now, item.kid, named=not item.is_pem)
        ]
    except NothingReadError as error:
        raise click.ClickException(str(error)) from None
    if output == "json":
        click.echo(json.dumps({"keys": [report.as_json() for report in reports]}, indent=2))
    else:
        _show(reports)
    if not all(report.valid for report in reports):
        raise click.exceptions.Exit(1)


async def _from_cluster(
    kubeconfig: str | None, context: str | None, namespace: str | None, kind: str, name: str
) -> list[Material]:
    async with open_cluster(kubeconfig, context, namespace, may_write=lambda: False) as cluster:
        with terminal.progress(f"reading {kind}/{name}"):
            return await from_cluster(cluster, kind, name)


def _show(reports: list[KeyReport]) -> None:
    from rich.text import Text

    for number, report in enumerate(reports):
        lines = [Text(line) for line in ([""] if number else [])] + [Text(report.where, "bold")]
        for name, value in report.lines():
            lines.append(Text.assemble("  ", (f"{name:<{_WIDTH}}", _STYLES.get(name, "")), value))
        terminal.show(*lines)
