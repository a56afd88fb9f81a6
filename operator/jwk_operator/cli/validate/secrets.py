"""Secrets among the manifests: a key that a JWK refers to can be looked at if its Secret is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jwk_operator.cli.validate.findings import mapping, text
from jwk_operator.cli.validate.hiding import base64_text
from jwk_operator.manifests import Manifest


@dataclass(frozen=True, slots=True)
class Secrets:
    """The Secrets by namespace and name."""

    by_name: dict[tuple[str, str], Manifest]

    def find(self, namespace: str, name: str) -> Manifest | None:
        """Return a Secret, or None when it is not among the manifests. One without a namespace may be in any."""
        exact = self.by_name.get((namespace, name)) or self.by_name.get(("", name))
        if exact is not None or namespace:
            return exact
        named = [secret for (_, other), secret in self.by_name.items() if other == name]
        return named[0] if len(named) == 1 else None


def secrets_among(manifests: Iterable[Manifest]) -> Secrets:
    """Return the Secrets among the manifests."""
    found = {}
    for manifest in manifests:
        content = manifest.content
        if content.get("kind") == "Secret" and content.get("apiVersion") == "v1":
            metadata = mapping(content, "metadata")
            found[text(metadata, "namespace"), text(metadata, "name")] = manifest
    return Secrets(found)


def value_in(secret: Manifest, key: str) -> tuple[bool, str | None]:
    """Return whether a Secret has a key, and its text; None where it is no text."""
    plain, encoded = mapping(secret.content, "stringData"), mapping(secret.content, "data")
    if key in plain:
        return True, text(plain, key)
    return key in encoded, base64_text(text(encoded, key)) if key in encoded else None
