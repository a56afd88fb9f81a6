"""A real API server that has the CRDs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controlplane import ControlPlane
from crd.server import NAMESPACE, Server
from jwk_operator.api.crd import RESOURCES

Kubectl = Callable[..., str]

PROJECT = Path(__file__).parents[2]


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
    return lambda: kubectl("apply", "--server-side", "--force-conflicts", "-k", str(PROJECT / "crds"))


@pytest.fixture(scope="session")
def server(control_plane: ControlPlane, kubectl: Kubectl, apply_crds: Callable[[], str]) -> Iterator[Server]:
    """The API server with the CRDs established and a namespace for these tests."""
    apply_crds()
    names = [f"crd/{resource.name}" for resource in RESOURCES]
    kubectl("wait", "--for=condition=Established", "--timeout=60s", *names)
    with control_plane.client() as client:
        server = Server(client)
        server.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        yield server
