"""Fixtures for tests that need a real API server, the simulator and the operator; imported by conftest files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from controlplane import ControlPlane
from harness.audit import AuditLog
from harness.cluster import Cluster
from harness.operator import OperatorProcess
from harness.rbac import CLUSTER_WIDE, Account, install, shipped
from harness.simulator import TOKEN, SimulatorProcess
from harness.space import Space

MakeSpace = Callable[..., Space]

__all__ = [
    "MakeSpace",
    "account",
    "admin",
    "audit",
    "cluster",
    "make_space",
    "operator",
    "simulator",
    "space",
]


@pytest.fixture(scope="session")
def admin(control_plane: ControlPlane) -> Iterator[Cluster]:
    """The API server as an administrator uses it, perhaps without the CRDs."""
    cluster = Cluster.of(control_plane)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def cluster(admin: Cluster) -> Cluster:
    """The API server with the CRDs. Other tests may remove them, so each module makes sure."""
    admin.install_crds()
    return admin


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """The simulator that all tests share; each has a project of its own in it."""
    with SimulatorProcess(tmp_path_factory.mktemp("simulator")) as process:
        yield process


@pytest.fixture(scope="module")
def account(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The operator's ServiceAccount under the cluster-wide RBAC as it ships."""
    home = cluster.new_namespace("operator")
    yield install(cluster, shipped(CLUSTER_WIDE), home, (), tmp_path_factory.mktemp("account"))
    cluster.discard_namespace(home)


@pytest.fixture(scope="module")
def operator(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    """The operator for all namespaces, running; shared by the tests of a module. Its end must be a clean one."""
    with OperatorProcess(account.kubeconfig, tmp_path_factory.mktemp("operator")) as process:
        yield process


@pytest.fixture
def audit(cluster: Cluster, account: Account) -> AuditLog:
    """The requests of the operator's ServiceAccount from now on."""
    log = AuditLog(cluster, account.user)
    log.mark()
    return log


@pytest.fixture
def make_space(cluster: Cluster, simulator: SimulatorProcess) -> Iterator[MakeSpace]:
    """Makes namespaces, each with a project of its own unless one is given; they are discarded after the test."""
    made: list[Space] = []

    def make(project: str | None = None, url: str | None = None, labels: dict[str, str] | None = None) -> Space:
        own = project or simulator.take_project()
        space = Space(cluster, cluster.new_namespace("test", labels), own, url or simulator.url, TOKEN)
        made.append(space)
        return space

    yield make
    for space in made:
        cluster.discard_namespace(space.name)


@pytest.fixture
def space(make_space: MakeSpace) -> Space:
    """A namespace with a working connection named default, for a project of its own."""
    space = make_space()
    space.connect()
    return space
