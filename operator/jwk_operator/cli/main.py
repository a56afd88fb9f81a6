"""`jwk-operator`: the entry point of every command."""

from __future__ import annotations

from importlib.metadata import version

import click

from jwk_operator.cli.absent import absent

# kopf asks the clients of Kubernetes for two classes, to know them when it meets them, and httpx has a command line
# of its own: for nothing of use here both would load 18 MB and take as long as everything else together.
with absent("kubernetes", "kubernetes_asyncio", "pykube", "rich", "pygments"):
    from jwk_operator.cli.crds import crds
    from jwk_operator.cli.log_level import log_level
    from jwk_operator.cli.run import run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("jwk-operator"), prog_name="jwk-operator")
def main() -> None:
    """Bring JSON Web Keys in Apinizer under kubectl apply."""


main.add_command(run)
main.add_command(crds)
main.add_command(log_level)
