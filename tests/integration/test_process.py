"""The process itself: which namespaces it serves, its logs, its ports, and a start before the CRDs are there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

from controlplane import ControlPlane
from harness.cluster import Cluster
from harness.fixtures import MakeSpace
from harness.keys import pasted
from harness.objects import deployed
from harness.operator import OperatorProcess
from harness.processes import BIN
from harness.rbac import CLUSTER_WIDE, SINGLE_NAMESPACE, Account, install, shipped
from harness.simulator import TOKEN, SimulatorProcess
from harness.space import Space
from harness.waiting import until


def test_serves_only_the_namespaces_given(cluster: Cluster, make_space: MakeSpace, tmp_path: Path) -> None:
    first, second, other = make_space(), make_space(), make_space()
    for space in (first, second, other):
        space.connect()
        space.jwk("one", pasted())
    account = install(cluster, shipped(SINGLE_NAMESPACE), first.name, (first.name, second.name), tmp_path)
    arguments = ("--namespace", first.name, "--namespace", second.name, "--log-format", "json")
    with OperatorProcess(account.kubeconfig, tmp_path, arguments) as operator:
        assert first.wait("one").ready == second.wait("one").ready == deployed(2)
        operator.wait_passes(2)
        assert other.get("one").status == {"observedGeneration": -1}
        reference = {"kind": "ClusterApinizerConnection", "name": "any"}
        first.jwk("two", pasted(), connectionRef=reference)
        assert first.wait("two", "ConnectionNotFound").message == (
            "ClusterApinizerConnection any cannot be used: this operator serves single namespaces; use an "
            "ApinizerConnection."
        )
        assert operator.probe("/healthz") == (200, "ok")
        assert operator.probe("/readyz") == (200, "ok")
        assert operator.metric("jwk_operator_jwks") == 3
        assert operator.metric("jwk_operator_apinizer_requests_total", call="create", status="200") == 2
        operator.stop()
    lines = [json.loads(line) for line in operator.text().splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*(set(line) for line in lines))
    assert lines[-1]["message"] == "stopped"
    assert any(line.get("action") == "create" and line["namespace"] == first.name for line in lines)


def test_a_namespace_with_nothing_in_it(cluster: Cluster, make_space: MakeSpace, tmp_path: Path) -> None:
    """Of metadata alone, the API server writes an empty list as null."""
    space, home = make_space(), make_space()
    account = install(cluster, shipped(SINGLE_NAMESPACE), home.name, (space.name,), tmp_path)
    with OperatorProcess(account.kubeconfig, tmp_path, ("--namespace", space.name)) as operator:
        space.connect()
        space.jwk("one", pasted())
        assert space.wait("one").ready == deployed(2)
    assert "error" not in operator.text()


def test_a_port_in_use_is_one_line(cluster: Cluster, make_space: MakeSpace, tmp_path: Path) -> None:
    home = make_space()
    account = install(cluster, shipped(CLUSTER_WIDE), home.name, (), tmp_path)
    operator = OperatorProcess(account.kubeconfig, tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        operator.probe_port = taken.getsockname()[1]
        operator.start(wait=False)
        assert operator.process.wait() == 1
    lines = [line for line in operator.text().splitlines() if " debug " not in line]
    assert lines == [f"Error: port {operator.probe_port} on 127.0.0.1 cannot be used: Address already in use"]


def test_crds_come_later(simulator: SimulatorProcess, tmp_path: Path) -> None:
    with ControlPlane() as plane:
        cluster = Cluster.of(plane)
        home = cluster.new_namespace("operator")
        account = install(cluster, shipped(CLUSTER_WIDE), home, (), tmp_path)
        with OperatorProcess(account.kubeconfig, tmp_path).start(wait=False) as operator:
            until(lambda: "cannot start yet" in operator.text(), operator.text)
            assert "install the CRDs (kubectl apply --server-side -f crds/)" in operator.text()
            assert operator.probe("/readyz") == (503, "starting")
            assert operator.probe("/healthz") == (200, "ok")
            cluster.install_crds()
            operator.wait_ready()
            space = Space(cluster, cluster.new_namespace(), simulator.take_project(), simulator.url, TOKEN)
            space.connect()
            space.jwk("one", pasted())
            assert space.wait("one").ready == deployed(2)
        cluster.close()


def test_the_log_level_changes_at_run_time(account: Account, space: Space, tmp_path: Path) -> None:
    arguments = ("--namespace", space.name, "--log-level", "warning")
    with OperatorProcess(account.kubeconfig, tmp_path, arguments) as operator:

        def set_level(level: str) -> None:
            command = [str(BIN / "jwk-operator"), "log-level", level, "--pid", str(operator.process.pid)]
            subprocess.run(command, check=True, timeout=30)

        space.jwk("quiet", pasted())
        space.wait("quiet")
        set_level("debug")
        until(lambda: "log level is debug from now on" in operator.text(), "it is told")
        space.jwk("loud", pasted())
        space.wait("loud")
        until(lambda: "name=loud" in operator.text(), "it is logged")
        set_level("reset")
        until(lambda: "log level is warning from now on" in operator.text(), "it is told")
        space.jwk("still", pasted())
        space.wait("still")
        operator.stop()
        log = operator.text()
    assert "name=quiet" not in log
    assert "name=still" not in log


def test_a_process_that_is_not_there_has_no_log_level() -> None:
    command = [str(BIN / "jwk-operator"), "log-level", "debug", "--pid", "4194304"]
    done = subprocess.run(command, check=False, timeout=30, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "Error: process 4194304 cannot be told: No such process; check --pid\n"


def test_a_sigterm_while_it_is_being_loaded_ends_it_well() -> None:
    program = (
        "import os, signal\n"
        "from jwk_operator.cli import main\n"
        "main.import_module = lambda _: os.kill(os.getpid(), signal.SIGTERM)\n"
        "main.main(['run', '--all-namespaces'])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
