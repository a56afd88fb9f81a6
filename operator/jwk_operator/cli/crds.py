"""`jwk-operator crds`: print the custom resource definitions that this version needs."""

from __future__ import annotations

import click

from jwk_operator.api.crd import render_crds


@click.command()
def crds() -> None:
    """Print the CRDs as YAML.

    Exit status: 0.

    \b
    Example:
      jwk-operator crds | kubectl apply --server-side -f -
    """
    click.echo("---\n".join(render_crds().values()), nl=False)
