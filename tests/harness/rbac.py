"""The operator's ServiceAccount with the rights that ship in manifests/overlays."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

from harness.cluster import ROOT, Cluster, documents
from harness.objects import Object

CLUSTER_WIDE = "cluster-wide"
SINGLE_NAMESPACE = "single-namespace"
ACCOUNT = "jwk-operator"

Right = tuple[str, str, str]
"""Group, resource and verb."""


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount and its kubeconfig."""

    user: str
    kubeconfig: Path


def shipped(overlay: str) -> list[Object]:
    """Return the objects of an overlay's rbac.yaml."""
    return documents([ROOT / "manifests" / "overlays" / overlay / "rbac.yaml"])


def leader_election() -> list[Object]:
    """Return the rights to the Lease, which hold in the operator's own namespace."""
    return documents([ROOT / "manifests" / "base" / "leader-election.yaml"])


def granted(overlay: str) -> set[Right]:
    """Return what the shipped rules of an overlay grant, with those for the Lease."""
    return {
        right
        for document in (*shipped(overlay), *leader_election())
        for rule in document.get("rules") or ()
        for right in _rights(rule)
    }


def _rights(rule: Object) -> set[Right]:
    return {(g, r, v) for g in rule["apiGroups"] for r in rule["resources"] for v in rule["verbs"]}


def without(objects: list[Object], right: Right) -> list[Object]:
    """Return the objects with one right taken out of their rules."""
    group, resource, verb = right
    result = copy.deepcopy(objects)
    for document in result:
        rules = [
            {"apiGroups": [g], "resources": [r], "verbs": [v]}
            for rule in document.get("rules") or ()
            for g, r, v in sorted(_rights(rule))
            if (g, r, v) != (group, resource, verb)
        ]
        if "rules" in document:
            document["rules"] = rules
    return result


def install(cluster: Cluster, objects: list[Object], home: str, serves: tuple[str, ...], folder: Path) -> Account:
    """Create the ServiceAccount in the namespace `home` and bind it; `serves` are the namespaces of Roles.

    Cluster-wide objects get a name of their own, so that an installation by another test is none of ours.
    """
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": home}}
    cluster.apply(account)
    for document in objects:
        for namespace in serves if document["kind"] in ("Role", "RoleBinding") else (None,):
            cluster.apply(_placed(document, home, namespace))
    for document in leader_election():
        cluster.apply(_placed(document, home, home))
    kubeconfig = cluster.plane.kubeconfig_for_serviceaccount(home, ACCOUNT, folder / f"{home}.kubeconfig")
    return Account(f"system:serviceaccount:{home}:{ACCOUNT}", kubeconfig)


def _placed(document: Object, home: str, namespace: str | None) -> Object:
    placed = copy.deepcopy(document)
    if namespace:
        placed["metadata"]["namespace"] = namespace
    else:
        placed["metadata"]["name"] = f"{document['metadata']['name']}-{home}"
        if "roleRef" in placed:
            placed["roleRef"]["name"] = f"{document['roleRef']['name']}-{home}"
    for subject in placed.get("subjects") or ():
        subject["namespace"] = home
    return placed
