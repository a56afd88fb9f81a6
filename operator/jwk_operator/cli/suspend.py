"""`jwk-operator suspend` and `resume`: let JWKs rest, and let them go on."""

from __future__ import annotations

import json

import click

from jwk_operator.cli.jwk_steps import FIELD_MANAGER, Done, perform
from jwk_operator.cli.settling import Wish
from jwk_operator.cli.targets import Choice, target_options
from jwk_operator.kube.client import JWKS, KubeClient, Raw
from jwk_operator.kube.store import key_of

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@click.command(context_settings={"show_default": True})
@target_options
def suspend(choice: Choice) -> None:
    """Let JWKs rest until they are resumed.

    Meanwhile nothing is changed in Apinizer for them. It sets spec.suspend. Where that field stands in Git as well,
    Argo CD or Flux sets it back: a warning says so, and the place to change it is Git. A resource that is deleted while
    it is suspended leaves its JWK in Apinizer.

    Exit status: 0 when every JWK is suspended, even if it was before; 1 when one is not, or --timeout has passed.

    \b
    Examples:
      jwk-operator suspend -n NAMESPACE NAME --wait
      jwk-operator suspend -n NAMESPACE --selector team=shop
      jwk-operator resume -n NAMESPACE NAME
    """
    perform(choice, _suspend, Wish("suspended"))


@click.command(context_settings={"show_default": True})
@target_options
def resume(choice: Choice) -> None:
    """Let suspended JWKs go on.

    It sets spec.suspend to false. Where that field stands in Git as well, Argo CD or Flux sets it back: a warning says
    so, and the place to change it is Git.

    Exit status: 0 when no JWK is suspended any more and, with --wait, every one is ready; 1 when one is not, or
    --timeout has passed.

    \b
    Examples:
      jwk-operator resume -n NAMESPACE NAME --wait
      jwk-operator resume -n NAMESPACE --all
    """
    perform(choice, _resume, Wish("resumed"))


async def _suspend(client: KubeClient, raw: Raw) -> Done:
    return await _set(client, raw, True, "suspended")


async def _resume(client: KubeClient, raw: Raw) -> Done:
    return await _set(client, raw, False, "resumed")


async def _set(client: KubeClient, raw: Raw, wanted: bool, done: str) -> Done:
    if bool(raw["spec"].get("suspend")) is wanted:
        return Done(raw, "suspended already" if wanted else "not suspended")
    patched = await client.merge_patch(JWKS, *key_of(raw), {"spec": {"suspend": wanted}}, manager=FIELD_MANAGER)
    others = _appliers(raw)
    if others:
        what = "spec.suspend stands in what {} applies, which will set it back; change it there, in Git for example"
        return Done(patched, done, what.format(" and ".join(others)))
    if wanted and "deletionTimestamp" in raw["metadata"]:
        return Done(patched, done, "it is being deleted, and now leaves its JWK in Apinizer")
    return Done(patched, done)


def _appliers(raw: Raw) -> list[str]:
    """Return who applies a manifest in which spec.suspend stands, from the API server or from the client.

    The latter leaves the manifest in an annotation. That a plain update owns the field says nothing: it may only have
    had the default filled in.
    """
    fields = [
        (item["manager"], item["operation"], item.get("fieldsV1") or {})
        for item in raw["metadata"].get("managedFields") or ()
    ]
    found = {name for name, how, owned in fields if how == "Apply" and "f:suspend" in owned.get("f:spec", {})}
    if _stands_in(raw["metadata"].get("annotations") or {}):
        found |= {name for name, _, owned in fields if f"f:{_LAST_APPLIED}" in _annotations(owned)}
    return sorted(found)


def _annotations(owned: Raw) -> Raw:
    return dict(owned.get("f:metadata", {}).get("f:annotations", {}))


def _stands_in(annotations: dict[str, str]) -> bool:
    try:
        return "suspend" in json.loads(annotations.get(_LAST_APPLIED, "{}"))["spec"]
    except (KeyError, TypeError, ValueError):
        return False
