"""`jwk-operator reconcile`: have JWKs looked at now."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from jwk_operator.api.base import RECONCILE_ANNOTATION
from jwk_operator.cli.jwk_steps import FIELD_MANAGER, Done, RefusedError, perform
from jwk_operator.cli.settling import Wish
from jwk_operator.cli.targets import Choice, target_options
from jwk_operator.kube.client import JWKS, KubeClient, Raw
from jwk_operator.kube.store import key_of


@click.command(context_settings={"show_default": True})
@target_options
def reconcile(choice: Choice) -> None:
    """Have JWKs looked at now, whatever their state.

    It writes the annotation apiops.apinizer.com/reconcile-requested-at. The operator then compares the JWK with
    Apinizer, repairs what it may, and tries again at once what it had postponed. Neither Argo CD nor Flux takes the
    annotation for a difference to Git.

    Exit status: 0 when every JWK was asked or, with --wait, is ready; 1 when one is not, or --timeout has passed.
    One that is suspended is an error where it is named, and passed over otherwise.

    \b
    Examples:
      jwk-operator reconcile -n NAMESPACE NAME --wait
      jwk-operator reconcile --all-namespaces --all
    """
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    async def ask(client: KubeClient, raw: Raw) -> Done:
        if raw["spec"].get("suspend"):
            name = raw["metadata"]["name"]
            if choice.names:
                raise RefusedError(f"it is suspended, so nothing is done for it; first: jwk-operator resume {name}")
            return Done(raw, "passed over, as it is suspended", waits=False)
        patch = {"metadata": {"annotations": {RECONCILE_ANNOTATION: now}}}
        return Done(await client.merge_patch(JWKS, *key_of(raw), patch, manager=FIELD_MANAGER), "asked for a look")

    perform(choice, ask, Wish("look", now))
