"""Secrets among the manifests: a key that a JWK refers to can be looked at if its Secret is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jwk_operator.manifests import Manifest
from jwk_operator.manifests.fields import mapping, secret_texts, text


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
    entries = secret_texts(secret.content)
    return key in entries, entries.get(key)
