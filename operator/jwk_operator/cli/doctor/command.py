"""`jwk-operator doctor`: say what is wrong, and what to do about it."""

from __future__ import annotations

import click

from jwk_operator.cli.cluster import carry_out, cluster_options, namespace_options
from jwk_operator.cli.doctor.examine import Question, examine
from jwk_operator.cli.doctor.show import as_json, show_text
from jwk_operator.cli.options import output_option
from jwk_operator.cli.proxies import ProxyFor, proxy_option


class _Account(click.ParamType[tuple[str, str]]):
    """A ServiceAccount as NAMESPACE/NAME."""

    name = "NAMESPACE/NAME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        namespace, _, name = value.partition("/")
        if not namespace or not name or "/" in name:
            self.fail(f"{value!r} is no NAMESPACE/NAME, such as jwk-operator-system/jwk-operator", param, ctx)
        return namespace, name


@click.command()
@click.argument("connections", nargs=-1, metavar="[CONNECTION]...")
@namespace_options
@cluster_options
@click.option(
    "--service-account",
    type=_Account(),
    help="The operator's ServiceAccount: its rights are asked for, and the operator is looked for in its namespace. "
    "The default is that of the Deployment that is found; without one, your own rights are asked for.",
)
@proxy_option
@output_option("text", "json", meaning="Text for people, JSON for programs.")
def doctor(
    connections: tuple[str, ...],
    namespace: str | None,
    all_namespaces: bool,
    context: str | None,
    kubeconfig: str | None,
    service_account: tuple[str, str] | None,
    proxy_for: ProxyFor,
    output: str,
) -> None:
    """Find out what is wrong, from the cluster to Apinizer.

    It checks cluster, CRDs, operator, RBAC, and every connection as far as Apinizer. Each line says what was checked,
    how it went (ok, warning, failed, skipped) and what to do about it. Nothing is written: the cluster is asked by GET
    and for access reviews, Apinizer for lists, environments and a token. What is checked on the way to Apinizer holds
    for the machine that doctor runs on.

    CONNECTION is the name of an ApinizerConnection or ClusterApinizerConnection; the default is all of the namespace
    and all that its JWKs use.

    Exit status: 0 when nothing failed, 1 when something did.

    \b
    Examples:
      jwk-operator doctor --all-namespaces
      jwk-operator doctor --namespace team-a default
      jwk-operator doctor --all-namespaces --output json
    """
    question = Question(
        kubeconfig=kubeconfig,
        context=context,
        namespace=namespace,
        everywhere=all_namespaces,
        account=service_account,
        names=connections,
        proxy_for=proxy_for,
    )
    sections = carry_out(examine(question))
    if output == "json":
        click.echo(as_json(sections))
    else:
        show_text(sections)
    if any(section.has_failed for section in sections):
        raise click.exceptions.Exit(1)
