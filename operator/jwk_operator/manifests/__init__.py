"""Manifests: YAML and JSON documents as people write them."""

from jwk_operator.manifests.reading import Manifest, Unreadable, manifests_in, read_manifests

__all__ = ["Manifest", "Unreadable", "manifests_in", "read_manifests"]
