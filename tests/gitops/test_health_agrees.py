"""Argo CD, kstatus and `kubectl wait` make of real objects, in every state, what the table in the docs says."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops.machine import GitOps
from harness.cluster import ROOT, Cluster
from health.argocd import FOLDER
from health.states import State, connection_states, jwk_states, without_status
from health.verdicts import expected

STATES = [*jwk_states(), *connection_states("ApinizerConnection"), *connection_states("ClusterApinizerConnection")]


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


def argo(gitops: GitOps, state: State, found: dict[str, Any]) -> str:
    """What Argo CD shows. Of what is being deleted it says Progressing itself, and the script agrees."""
    script = (ROOT / FOLDER / state.kind / "health.lua").read_text()
    return str(gitops.lua("health", script, found)["status"])


@pytest.mark.parametrize("state", [pytest.param(state, id=state.name) for state in STATES])
def test_everybody_agrees(gitops: GitOps, cluster: Cluster, namespace: str, kubeconfig: Path, state: State) -> None:
    found = made(cluster, state, namespace)
    assert found["status"] == state.object["status"], "the schema lets everything through"
    told = expected(state)
    assert argo(gitops, state, found) == told.argo
    assert gitops.kstatus(found) == told.kstatus
    assert waits_no_longer(kubeconfig, state, namespace) is told.ready
    if state.kind.startswith("Cluster"):
        cluster.delete(state.kind, None, state.name)


@pytest.mark.parametrize("state", [STATES[0], STATES[-1]], ids=lambda state: state.kind)
def test_before_the_operator_has_looked(
    gitops: GitOps, cluster: Cluster, namespace: str, kubeconfig: Path, state: State
) -> None:
    new = without_status(state)
    found = made(cluster, new, namespace)
    assert argo(gitops, new, found) == "Progressing"
    assert gitops.kstatus(found) == "InProgress"
    assert not waits_no_longer(kubeconfig, new, namespace)
    if state.kind.startswith("Cluster"):
        cluster.delete(state.kind, None, new.name)


def waits_no_longer(kubeconfig: Path, state: State, namespace: str) -> bool:
    """Whether `kubectl wait` for Ready ends at once."""
    executable = shutil.which("kubectl")
    assert executable, "kubectl is not installed"
    where = [] if state.kind.startswith("Cluster") else ["-n", namespace]
    target = f"{state.kind.lower()}.apiops.apinizer.com/{state.name}"
    command = [
        executable,
        f"--kubeconfig={kubeconfig}",
        "wait",
        *where,
        "--for=condition=Ready",
        target,
        "--timeout=0s",
    ]
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
