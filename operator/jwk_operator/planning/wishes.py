"""What manifests wish for: the objects that concern the operator, and each as it would be once it is applied. Pure."""

from __future__ import annotations

import base64
import copy
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from jwk_operator.api.base import API_VERSION
from jwk_operator.api.jwk import ConnectionKind
from jwk_operator.kube.client import Raw
from jwk_operator.kube.store import Key

_KINDS = {
    "JWK": API_VERSION,
    ConnectionKind.NAMESPACED.value: API_VERSION,
    ConnectionKind.CLUSTER.value: API_VERSION,
    "Secret": "v1",
    "ConfigMap": "v1",
    "Namespace": "v1",
}
_WITHOUT_NAMESPACE = (ConnectionKind.CLUSTER.value, "Namespace")


class WishError(ValueError):
    """The manifests contradict one another; the text says where."""


@dataclass(slots=True)
class Wishes:
    """Objects by kind, and in that by namespace (empty for cluster-scoped objects) and name, in order of reading."""

    objects: dict[str, dict[Key, Raw]] = field(default_factory=lambda: {kind: {} for kind in _KINDS})

    @property
    def namespaces(self) -> set[str]:
        """Every namespace that has an object among them."""
        return {namespace for found in self.objects.values() for namespace, _name in found if namespace}

    def of(self, kind: str) -> dict[Key, Raw]:
        """Return the objects of one kind."""
        return self.objects[kind]


def wishes_of(contents: Iterable[tuple[str, Raw]], namespace: str) -> Wishes:
    """Sort manifests, each with the place that it comes from; `namespace` is for those that name none.

    What has nothing to do with the operator is left out. Raises `WishError`.
    """
    wishes = Wishes()
    places: dict[tuple[str, Key], str] = {}
    for place, content in contents:
        kind = str(content.get("kind"))
        if content.get("apiVersion") != _KINDS.get(kind, ""):
            continue
        metadata = content.get("metadata") or {}
        if not isinstance(metadata, dict):
            raise WishError(f"{place}: metadata must be an object")
        own = "" if kind in _WITHOUT_NAMESPACE else str(metadata.get("namespace") or namespace)
        key = own, str(metadata.get("name") or "")
        if key in wishes.of(kind):
            named = "/".join(filter(None, key))
            raise WishError(f"{place}: {kind} {named} is in {places[kind, key]} already; keep one of the two")
        places[kind, key] = place
        placed = {**metadata, "name": key[1], **({"namespace": own} if own else {})}
        wishes.of(kind)[key] = {**content, "metadata": placed}
    return wishes


def applied(wish: Raw, known: Raw | None, now: datetime) -> Raw:
    """Return a JWK or connection as it would be once a manifest was applied to what is known of it.

    Status, finalizers and the operator's records are the cluster's to tell; a new spec is a new generation.
    """
    metadata = wish["metadata"]
    annotations = metadata.get("annotations") or {}
    if known is None:
        made = {name: metadata[name] for name in ("name", "namespace", "labels") if name in metadata}
        made |= {"uid": str(uuid.uuid4()), "resourceVersion": "1", "generation": 1, "annotations": annotations}
        made["creationTimestamp"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"metadata": made, "spec": wish.get("spec") or {}, "status": {}}
    after = copy.deepcopy(known)
    after["spec"] = wish.get("spec") or {}
    after["metadata"]["annotations"] = {**(after["metadata"].get("annotations") or {}), **annotations}
    if after["spec"] != known.get("spec"):
        after["metadata"]["generation"] = int(known["metadata"].get("generation") or 0) + 1
    if after != known:
        _renew(after)
    return after


def deleted(known: Raw, now: datetime) -> Raw | None:
    """Return a JWK as it would be once it was deleted; None where nothing holds it."""
    if not known["metadata"].get("finalizers"):
        return None
    if "deletionTimestamp" in known["metadata"]:
        return known
    after = copy.deepcopy(known)
    after["metadata"]["deletionTimestamp"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    after["metadata"]["generation"] = int(known["metadata"].get("generation") or 0) + 1
    _renew(after)
    return after


def applied_data(wish: Raw, known: Raw | None) -> Raw:
    """Return a Secret or ConfigMap once a manifest was applied; with the version that is known, if that says the same.

    What others have added to it stays, as it does with `kubectl apply`.
    """
    plain = _texts(wish.get("stringData"))
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in plain.items()}
    before = known or {"metadata": {"resourceVersion": "0"}}
    after = {**copy.deepcopy(before), "data": {**(before.get("data") or {}), **_texts(wish.get("data")), **encoded}}
    after["metadata"] = {**after["metadata"], "name": wish["metadata"]["name"], **_namespace_of(wish)}
    if known is None or after["data"] != (known.get("data") or {}):
        _renew(after)
    return after


def applied_labels(wish: Raw, known: Raw | None) -> Raw:
    """Return a namespace once a manifest was applied: labels that others have given it stay."""
    before = known or {"metadata": {"resourceVersion": "0"}}
    labels = {**(before["metadata"].get("labels") or {}), **_texts(wish["metadata"].get("labels"))}
    after = {"metadata": {**before["metadata"], "name": wish["metadata"]["name"], "labels": labels}}
    if known is None or labels != (known["metadata"].get("labels") or {}):
        _renew(after)
    return after


def _texts(value: object) -> dict[str, str]:
    """Return the texts in an object of a manifest that no schema has judged; the API server takes nothing else."""
    found = value if isinstance(value, dict) else {}
    return {str(name): text for name, text in found.items() if isinstance(text, str)}


def _namespace_of(wish: Raw) -> dict[str, str]:
    namespace = wish["metadata"].get("namespace")
    return {"namespace": namespace} if namespace else {}


def _renew(raw: Raw) -> None:
    raw["metadata"]["resourceVersion"] = str(int(raw["metadata"].get("resourceVersion") or 0) + 1)
