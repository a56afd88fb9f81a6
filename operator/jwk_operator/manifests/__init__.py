"""Manifests: YAML and JSON documents as people write them."""

from jwk_operator.manifests.reading import Manifest, Unreadable, read_manifests

__all__ = ["Manifest", "Unreadable", "read_manifests"]
