"""Every metric is fed by a running operator, and a scrape of them is what Prometheus' own linter wants to see."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gotools import find_tool
from harness.cluster import Cluster
from harness.fixtures import MakeSpace
from harness.keys import ec, pasted
from harness.operator import OperatorProcess
from harness.rbac import SINGLE_NAMESPACE, install, shipped, without
from harness.simulator import CLIENTS, SimulatorProcess
from harness.space import Space
from harness.waiting import until
from jwk_operator.runtime.metrics import Metrics

STATUS = ("apiops.apinizer.com", "jwks/status", "patch")


@pytest.mark.timeout(900)
def test_each_has_a_sample(
    cluster: Cluster, make_space: MakeSpace, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    space = make_space()
    rights = shipped(SINGLE_NAMESPACE)
    account = install(cluster, without(rights, STATUS), space.name, (space.name,), tmp_path)
    with OperatorProcess(account.kubeconfig, tmp_path, ("--namespace", space.name)) as operator:
        space.secret("client", client_id="client-one", client_secret=CLIENTS["client-one"])
        keys = {"clientIdKey": "client.id", "clientSecretKey": "client.secret"}  # the harness makes dots of underscores
        space.connection(auth={"clientCredentialsSecretRef": {"name": "client", **keys}})
        space.jwk("one", pasted())
        until(lambda: operator.metric("jwk_operator_reconcile_errors_total", kind="ApiError") > 0, "a pass that fails")
        install(cluster, rights, space.name, (space.name,), tmp_path)
        space.wait("one")
        space.wait_connection("Connected")
        _trouble(space, simulator)
        failing = "jwk_operator_environments_failing_since_timestamp_seconds"
        until(lambda: operator.metric(failing) > 0, "the newest status is known")
        assert operator.metric("jwk_operator_reconcile_duration_seconds_count", outcome="error") >= 1
        scraped = operator.metrics()
    fed = {
        family.name.removesuffix("_info")
        for family in text_string_to_metric_families(scraped)
        if any(sample.value for sample in family.samples) or (family.type == "gauge" and family.samples)
    }
    assert {family.name for family in Metrics().registry.collect()} - fed == set()
    command = [str(find_tool("promtool")), "check", "metrics"]
    done = subprocess.run(command, input=scraped, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _trouble(space: Space, simulator: SimulatorProcess) -> None:
    """An environment that fails, a create call that is lost, and a JWK that somebody deletes."""
    simulator.control.fail_environment(space.project, "production")
    space.jwk("half", pasted(), redeployPolicy="Never")
    space.wait("half", "DeploymentFailed")
    simulator.control.fail_environment(space.project, "production", failing=False)
    simulator.control.fault("drop", project=space.project, call="create")
    space.jwk("lost", pasted(ec("kid")))
    space.wait("lost")
    simulator.control.tamper("delete", space.project, "lost")
    space.handled("lost", "now")
    space.wait("lost")
