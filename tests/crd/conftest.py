"""A real API server that has the CRDs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from controlplane import ControlPlane
from crd.server import NAMESPACE, Server
from harness.cluster import CRDS, Cluster, documents

Kubectl = Callable[..., str]


@pytest.fixture(scope="session")
def kubectl(control_plane: ControlPlane) -> Kubectl:
    """Return a function that runs kubectl as administrator and returns its output."""
    program = shutil.which("kubectl")
    assert program is not None, "these tests need kubectl on the PATH"

    def run(*arguments: str) -> str:
        command = [program, "--kubeconfig", str(control_plane.kubeconfig), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def apply_crds(kubectl: Kubectl) -> Callable[[], str]:
    """Return a function that applies crds/ as the documentation says."""
    return lambda: kubectl("apply", "--server-side", "--force-conflicts", "-k", str(CRDS))


@pytest.fixture(scope="session")
def server(control_plane: ControlPlane, apply_crds: Callable[[], str]) -> Iterator[Server]:
    """The API server with the CRDs established and a namespace for these tests."""
    apply_crds()
    # not by kubectl wait: it fails while a CRD that was only just created has null for its conditions
    with closing(Cluster.of(control_plane)) as cluster:
        cluster.wait_served(documents(CRDS.glob("*.yaml")))
    with control_plane.client() as client:
        server = Server(client)
        server.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        yield server
