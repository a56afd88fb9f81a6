"""Namespaces as the operator remembers them."""

from __future__ import annotations

from jwk_operator.kube.store import Raw


def trim_namespace(raw: Raw) -> Raw:
    """Return what the operator needs of a namespace: its labels, by which shared connections select."""
    return {"metadata": {name: raw["metadata"].get(name) for name in ("name", "uid", "resourceVersion", "labels")}}
