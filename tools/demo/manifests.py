"""The YAML files of this repository as objects: what is shipped, and what a user copies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

ROOT = Path(__file__).parents[2]
OVERLAY = ROOT / "manifests" / "overlays" / "cluster-wide"
EXAMPLES = ROOT / "examples"

CLUSTER_SCOPED = frozenset(
    {"ClusterApinizerConnection", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"}
)
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_FIRST = ("Namespace", "CustomResourceDefinition")
_IN_A_POD = frozenset({"Deployment", "PodDisruptionBudget", "Service"})


def load(path: Path) -> list[Manifest]:
    """Return the objects in a file."""
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def shipped(overlay: Path = OVERLAY) -> list[Manifest]:
    """Return what kustomize makes of the overlay, save for what takes a cluster that runs containers.

    A reading of its own, as kubectl may be missing. It knows as much of kustomize as these objects need.
    """
    namespace = _kustomization(overlay)["namespace"]
    found = [item for item in _collect(overlay) if item["kind"] not in _IN_A_POD]
    found.sort(key=lambda item: item["kind"] not in _FIRST)
    return [_within(namespace, item) for item in found]


def in_namespace(namespace: str, items: Iterable[Manifest]) -> list[Manifest]:
    """Return the objects as ``kubectl apply --namespace`` would make them."""
    return [_placed(namespace, item) for item in items]


def _kustomization(folder: Path) -> Manifest:
    (path,) = (folder / name for name in _KUSTOMIZATION if (folder / name).is_file())
    return load(path)[0]


def _collect(folder: Path) -> Iterator[Manifest]:
    for name in _kustomization(folder)["resources"]:
        path = folder / name
        yield from _collect(path) if path.is_dir() else load(path)


def _within(namespace: str, item: Manifest) -> Manifest:
    for subject in item.get("subjects", []):
        subject["namespace"] = namespace
    return _placed(namespace, item)


def _placed(namespace: str, item: Manifest) -> Manifest:
    if item["kind"] in CLUSTER_SCOPED or "namespace" in item["metadata"]:
        return item
    return {**item, "metadata": {**item["metadata"], "namespace": namespace}}
