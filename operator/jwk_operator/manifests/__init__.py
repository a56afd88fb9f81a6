"""Manifests: YAML and JSON documents as people write them."""
