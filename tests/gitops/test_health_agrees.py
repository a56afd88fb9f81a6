"""Argo CD, kstatus and `kubectl wait` make of real objects, in every state, what the table in the docs says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops.judges import judged
from gitops.machine import GitOps
from harness.cluster import Cluster
from health.states import State, connection_states, jwk_states, outdated, without_status
from health.verdicts import Verdicts, expected

STATES = [*jwk_states(), *connection_states("ApinizerConnection"), *connection_states("ClusterApinizerConnection")]
UNSEEN = Verdicts("Progressing", "InProgress", ready=False)


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    name = cluster.new_namespace("health")
    yield name
    cluster.discard_namespace(name)


@pytest.fixture(scope="module")
def kubeconfig(cluster: Cluster) -> Path:
    return cluster.plane.dir / "kubeconfig"


def made(cluster: Cluster, state: State, namespace: str) -> dict[str, Any]:
    """Create an object in this state and return it as the API server has it."""
    document = state.object
    own = None if state.kind.startswith("Cluster") else namespace
    metadata = {"name": document["metadata"]["name"], **({"namespace": own} if own else {})}
    deleting = "deletionTimestamp" in document["metadata"]
    if deleting:
        metadata["finalizers"] = document["metadata"]["finalizers"]
    cluster.apply({**{key: document[key] for key in ("apiVersion", "kind", "spec")}, "metadata": metadata})
    if "status" in document:
        cluster.patch(state.kind, own, state.name, {"status": document["status"]}, "/status")
    if deleting:
        cluster.delete(state.kind, own, state.name)
    found = cluster.find(state.kind, own, state.name)
    assert found is not None
    return found


@pytest.mark.parametrize("state", [pytest.param(state, id=state.name) for state in STATES])
def test_everybody_agrees(gitops: GitOps, cluster: Cluster, namespace: str, kubeconfig: Path, state: State) -> None:
    found = made(cluster, state, namespace)
    assert found["status"] == state.object["status"], "the schema lets everything through"
    assert judged(gitops, kubeconfig, found) == expected(state)
    if state.kind.startswith("Cluster"):
        cluster.delete(state.kind, None, state.name)


@pytest.mark.parametrize("state", [STATES[0], STATES[-1]], ids=lambda state: state.kind)
def test_before_the_operator_has_looked(
    gitops: GitOps, cluster: Cluster, namespace: str, kubeconfig: Path, state: State
) -> None:
    new = without_status(state)
    assert judged(gitops, kubeconfig, made(cluster, new, namespace)) == UNSEEN
    if state.kind.startswith("Cluster"):
        cluster.delete(state.kind, None, new.name)


def test_before_the_operator_has_looked_at_a_change(
    gitops: GitOps, cluster: Cluster, namespace: str, kubeconfig: Path
) -> None:
    deployed = outdated(STATES[0])
    assert judged(gitops, kubeconfig, made(cluster, deployed, namespace)).ready
    changed = cluster.patch("JWK", namespace, deployed.name, {"spec": {"suspend": True}})
    assert judged(gitops, kubeconfig, changed) == UNSEEN
