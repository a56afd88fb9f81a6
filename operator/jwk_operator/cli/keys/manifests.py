"""The manifests that carry a key into a cluster."""

from __future__ import annotations

from typing import Any

import yaml

from jwk_operator.cli.keys.sealing import CLUSTER_WIDE, NAMESPACE_WIDE

_SCOPE = "sealedsecrets.bitnami.com/{}"


def secret(name: str, namespace: str | None, key: str, value: str) -> str:
    """Return a Secret as YAML."""
    return _yaml(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": _metadata(name, namespace),
            "type": "Opaque",
            "stringData": {key: value},
        }
    )


def sealed_secret(name: str, namespace: str | None, scope: str, key: str, sealed: str) -> str:
    """Return a SealedSecret of Bitnami's controller as YAML."""
    metadata = _metadata(name, namespace)
    if scope in (NAMESPACE_WIDE, CLUSTER_WIDE):
        metadata["annotations"] = {_SCOPE.format(scope): "true"}
    return _yaml(
        {
            "apiVersion": "bitnami.com/v1alpha1",
            "kind": "SealedSecret",
            "metadata": metadata,
            "spec": {"encryptedData": {key: sealed}, "template": {"metadata": metadata, "type": "Opaque"}},
        }
    )


def _metadata(name: str, namespace: str | None) -> dict[str, Any]:
    return {"name": name, **({"namespace": namespace} if namespace else {})}


class _Plain(yaml.SafeDumper):
    """Writes what occurs twice twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as yaml has it
        return True


def _yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Plain, sort_keys=False, width=float("inf"), allow_unicode=True)
