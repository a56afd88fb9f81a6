"""Several operators, one of which acts: hand-over at its end, after kill -9, after a pause, and when it is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.audit import AuditLog
from harness.cluster import Cluster
from harness.keys import pasted
from harness.operator import OperatorProcess
from harness.rbac import CLUSTER_WIDE, Account, install, leader_election, shipped
from harness.simulator import SimulatorProcess
from harness.space import Space
from harness.waiting import until
from harness.wire import Wire

DURATION = 6.0


class Replicas:
    """Two operators that compete for a Lease, with an account each, by which the audit log tells them apart."""

    def __init__(self, cluster: Cluster, accounts: tuple[Account, Account], folder: Path, opened: ExitStack) -> None:
        self.cluster = cluster
        self.home = home = home_of(accounts[0])
        self.writes_of_first = AuditLog(cluster, accounts[0].user)
        port = urlsplit(cluster.plane.server).port
        assert port
        self.wire = opened.enter_context(Wire(port))
        self.arguments = (
            "--all-namespaces",
            "--leader-elect",
            *("--lease-namespace", home, "--lease-duration", str(DURATION)),
        )
        ways = (self.wire.kubeconfig(accounts[0].kubeconfig, port), accounts[1].kubeconfig)
        self.first, self.second = (
            opened.enter_context(self._operator(way, folder / name)) for name, way in zip("ab", ways, strict=True)
        )

    def _operator(self, kubeconfig: Path, folder: Path) -> OperatorProcess:
        folder.mkdir()
        operator = OperatorProcess(kubeconfig, folder, self.arguments)
        operator.start()
        if not self.is_led():
            until(self.is_led, "somebody leads")
        return operator

    @property
    def holder(self) -> str:
        """Who has the Lease."""
        found = self.cluster.find("Lease", self.home, "jwk-operator")
        return str(found["spec"].get("holderIdentity") or "") if found else ""

    def is_led(self) -> bool:
        """Whether anybody has it."""
        return bool(self.holder)

    def leads(self, operator: OperatorProcess) -> bool:
        """Whether the Lease is this operator's."""
        return self.holder.split(".")[-2:-1] == [str(operator.process.pid)]


def home_of(account: Account) -> str:
    """Return the namespace of an account."""
    return account.user.split(":")[2]


@pytest.fixture(scope="module")
def other_account(cluster: Cluster, account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """A second account with the same rights, to the Lease of the first one as well."""
    home = cluster.new_namespace("operator")
    other = install(cluster, shipped(CLUSTER_WIDE), home, (), tmp_path_factory.mktemp("other-account"))
    (binding,) = (item for item in leader_election() if item["kind"] == "RoleBinding")
    binding["metadata"].update(name="other", namespace=home_of(account))
    binding["subjects"][0]["namespace"] = home
    cluster.apply(binding)
    yield other
    cluster.discard_namespace(home)


@pytest.fixture
def replicas(cluster: Cluster, account: Account, other_account: Account, tmp_path: Path) -> Iterator[Replicas]:
    """Two operators, the first of which leads."""
    home = home_of(account)
    with ExitStack() as opened:
        made = Replicas(cluster, (account, other_account), tmp_path, opened)
        until(lambda: made.leads(made.first), lambda: f"the first leads: {made.holder}")
        yield made
        made.wire.mend()
    cluster.delete("Lease", home, "jwk-operator")


def actors(simulator: SimulatorProcess, operator: OperatorProcess) -> int:
    """How many writes an operator has sent to Apinizer, by its own count."""
    calls = ("create", "update", "delete", "generate")
    return sum(int(operator.metric("jwk_operator_apinizer_requests_total", call=call)) for call in calls)


def test_one_acts_and_hands_over_at_its_end(replicas: Replicas, space: Space, simulator: SimulatorProcess) -> None:
    first, second = replicas.first, replicas.second
    space.jwk("one", pasted())
    space.wait("one")
    assert (actors(simulator, first), actors(simulator, second)) == (1, 0)
    assert second.probe("/readyz")[0] == second.probe("/healthz")[0] == 200, "an update must be able to go on"
    first.stop()
    until(lambda: replicas.leads(second), lambda: f"the second leads: {replicas.holder}")
    space.jwk("two", pasted())
    space.wait("two")
    first.start()
    space.jwk("three", pasted())
    space.wait("three")
    assert replicas.leads(second), "who comes later waits"
    assert actors(simulator, second) == 2
    assert simulator.writes(space.project) == [("create", name) for name in ("one", "two", "three")]


def test_after_kill_9_the_other_goes_on(replicas: Replicas, space: Space, simulator: SimulatorProcess) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    replicas.first.kill()
    space.jwk("two", pasted())
    space.wait("two")
    assert replicas.leads(replicas.second)
    assert simulator.writes(space.project) == [("create", "one"), ("create", "two")]


def test_one_that_was_paused_writes_nothing_more(replicas: Replicas, space: Space, simulator: SimulatorProcess) -> None:
    first, second = replicas.first, replicas.second
    simulator.control.fault("delay", project=space.project, call="list", seconds=1)
    space.jwk("one", pasted())
    until(lambda: simulator.requests(space.project, "list"), "a pass is under way")
    first.pause()
    try:
        until(lambda: replicas.leads(second), lambda: f"the second leads: {replicas.holder}")
        space.wait("one")
        assert actors(simulator, second) == 1
        replicas.writes_of_first.mark()
    finally:
        first.go_on()
    until(lambda: "not leading any more" in first.text(), "the first knows")
    space.jwk("two", pasted())
    space.wait("two")
    assert first.process.returncode is None, "it waits for its turn"
    assert [write for write in replicas.writes_of_first.writes() if write.resource != "leases"] == []
    until(lambda: replicas.writes_of_first.requests(verb="get", resource="leases"), "it asks for its turn, as logged")
    assert (actors(simulator, first), actors(simulator, second)) == (0, 2)
    assert simulator.writes(space.project) == [("create", "one"), ("create", "two")]
    second.stop()
    until(lambda: replicas.leads(first), "its turn comes")
    space.jwk("three", pasted())
    space.wait("three")


def test_one_that_is_cut_off_stops_before_the_other_starts(
    replicas: Replicas, space: Space, simulator: SimulatorProcess
) -> None:
    first, second = replicas.first, replicas.second
    simulator.control.fault("status", project=space.project, call="create", status=503, times=None)
    names = [f"jwk-{number}" for number in range(5)]
    for name in names:
        space.jwk(name, pasted())
    until(lambda: actors(simulator, first) >= len(names), "the first tries again and again")
    replicas.wire.cut()
    until(lambda: replicas.leads(second), lambda: f"the second leads: {replicas.holder}")
    until(lambda: space.name not in first.metrics(), "the first shows nothing of connections any more")
    simulator.control.clear_faults()
    space.wait_all(names)
    assert actors(simulator, first) == 0, "not one write since the other leads"
    assert set(simulator.remote(space.project)) == set(names)
    acted = [record["name"] for record in simulator.requests(space.project, "create") if record["acted"]]
    assert sorted(acted) == names, "each was made once"
    replicas.wire.mend()
    until(lambda: "not leading any more" in first.text(), "the first knows")


def test_a_restart_takes_over_at_once_from_a_process_that_is_gone(
    cluster: Cluster, account: Account, tmp_path: Path, space: Space
) -> None:
    home = home_of(account)
    arguments = ("--all-namespaces", "--leader-elect", "--lease-namespace", home, "--lease-duration", "3600")
    with OperatorProcess(account.kubeconfig, tmp_path, arguments) as operator:
        space.jwk("one", pasted())
        space.wait("one")
        operator.kill()
        operator.start()
        space.jwk("two", pasted())
        space.wait("two")
    cluster.delete("Lease", home, "jwk-operator")


def test_missing_rights_are_named(cluster: Cluster, account: Account, tmp_path: Path) -> None:
    arguments = ("--all-namespaces", "--leader-elect", "--lease-namespace", "default")
    with OperatorProcess(account.kubeconfig, tmp_path, arguments) as operator:
        said = "cannot use Lease default/jwk-operator: 403 Forbidden"
        until(lambda: said in operator.text(), "it says what is missing")
        assert "check that the operator's Role allows it" in operator.text()
