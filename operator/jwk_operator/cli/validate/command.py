"""`jwk-operator validate`: its options and its exit status."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from jwk_operator.cli import terminal
from jwk_operator.cli.inputs import standard_input
from jwk_operator.cli.options import output_option
from jwk_operator.cli.validate.checking import check
from jwk_operator.cli.validate.findings import Level, Report
from jwk_operator.cli.validate.junit import as_junit
from jwk_operator.cli.validate.output import as_json, as_text
from jwk_operator.cli.validate.sarif import as_sarif
from jwk_operator.manifests import read_manifests


@click.command(context_settings={"show_default": True})
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(allow_dash=True))
@output_option(
    "text",
    "json",
    "sarif",
    "junit",
    meaning="Text for people, JSON for programs, SARIF 2.1.0 for code hosts, or JUnit XML for CI systems.",
)
@click.option("--strict", is_flag=True, help="Let warnings fail, too.")
@click.option("--quiet", "-q", is_flag=True, help="Print errors and warnings alone, no facts of keys and no summary.")
def validate(paths: tuple[str, ...], output: str, strict: bool, quiet: bool) -> None:
    """Check manifests of JWKs and connections without a cluster.

    PATH is a file of YAML or JSON, a folder of such files, or - for standard input. A folder that has a kustomization
    file is built first. What the API server would refuse is told in its words, with file and line. Then keys are looked
    at, in spec.jwkStr and in Secrets among the files: whether they can be used, are weak or contradict themselves.
    And names must not be there twice. Objects of other kinds are passed over. No cluster is asked, and no Apinizer.

    Exit status: 0 when all is valid, 1 when something is not or cannot be read.

    \b
    Examples:
      jwk-operator validate examples/connection.yaml examples/jwk-url.yaml
      jwk-operator validate examples/kustomize/production
      kubectl kustomize examples/kustomize/production | jwk-operator validate --strict --output json -
    """
    with terminal.progress("Reading"):
        manifests, unreadable = read_manifests(paths, standard_input())
    with terminal.progress("Validating", len(manifests)) as step:
        report = check(manifests, unreadable, datetime.now(UTC), step)
    _print(report, output, strict=strict, quiet=quiet)
    if report.count(Level.ERROR) or (strict and report.findings):
        raise click.exceptions.Exit(1)


def _print(report: Report, output: str, *, strict: bool, quiet: bool) -> None:
    if output == "text":
        lines = tuple(as_text(report, quiet=quiet))
        if lines:
            terminal.show(*lines)
    elif output == "json":
        click.echo(as_json(report))
    else:
        click.echo(as_sarif(report) if output == "sarif" else as_junit(report, strict=strict))
