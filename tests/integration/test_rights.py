"""The operator uses exactly the rights that ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.audit import AuditLog
from harness.cluster import Cluster
from harness.fixtures import MakeSpace
from harness.keys import pasted
from harness.objects import API_VERSION, REQUESTED, deployed
from harness.operator import OperatorProcess
from harness.rbac import CLUSTER_WIDE, SINGLE_NAMESPACE, granted, install, shipped
from harness.simulator import SimulatorProcess
from harness.space import Space
from harness.waiting import until


def _everything(space: Space, home: Space, simulator: SimulatorProcess, cluster_wide: bool) -> None:
    """Walk through all that needs a right: connections, Secrets, ConfigMaps, labels, Events, a stale object."""
    space.connect()
    space.jwk("one", pasted())
    assert space.wait("one").ready == deployed(2)
    # changed by somebody else between the list and the claim, so that the object has to be read again
    before = len(simulator.requests(space.project, "list"))
    simulator.control.fault("delay", project=space.project, call="list", seconds=1)
    two = space.object("JWK", "two", pasted())
    two["metadata"]["annotations"] = {REQUESTED: "now"}
    space.cluster.create(two)
    until(lambda: len(simulator.requests(space.project, "list")) > before, "the list was asked for")
    space.annotate("two", somebody="else")
    assert space.wait("two").ready == deployed(2)
    space.jwk("taken", pasted(), name="one")
    space.wait("taken", "NameConflict")
    for number in range(1, 3):
        simulator.control.tamper("delete", space.project, "two")
        space.annotate("two", **{REQUESTED: f"{number}"})
        simulator.wait_calls(space.project, 2 + number, "create")
        space.wait_for("two", lambda jwk, n=number: jwk.handled == f"{n}" and jwk.reason == "Deployed", "looked at")  # type: ignore[misc]
    space.config_map("ca", other="x")
    space.connection("guarded", tls={"caRef": {"kind": "ConfigMap", "name": "ca"}}, auth=_token())
    space.jwk("guarded", pasted(), connectionRef={"name": "guarded"})
    space.wait("guarded", "SecretKeyNotFound")
    space.jwk("alone", pasted(), connectionRef={"name": "nowhere"})
    space.wait("alone", "ConnectionNotFound")
    if cluster_wide:
        _shared(space, home)
    for name in space.jwks():
        space.delete(name)
        space.wait_gone(name)
    assert space.events("taken")
    missing = [event for event in space.events("two") if event.reason == "MissingRemotely"]
    assert [event.count for event in missing] == [2], "the same news is counted"


def _token() -> dict[str, dict[str, str]]:
    return {"tokenSecretRef": {"name": "default"}}


def _shared(space: Space, home: Space) -> None:
    name = f"shared-{space.name}"
    token = {"tokenSecretRef": {"name": "default", "namespace": space.name}}
    spec = {"baseUrl": space.url, "projectName": space.project, "auth": token}
    allowed = {"allowedNamespaces": {"selector": {"matchLabels": {"team": "blue"}}}}
    kind = "ClusterApinizerConnection"
    space.cluster.apply(
        {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": {**spec, **allowed}}
    )
    home.jwk("alone", pasted(), connectionRef={"kind": kind, "name": "nowhere"})
    home.wait("alone", "ConnectionNotFound")
    home.jwk("shared", pasted(), connectionRef={"kind": kind, "name": name})
    home.wait("shared", "ConnectionNotAllowed")
    home.cluster.patch("Namespace", None, home.name, {"metadata": {"labels": {"team": "blue"}}})
    home.wait("shared")
    home.delete("shared")
    home.wait_gone("shared")
    space.cluster.delete(kind, None, name)


@pytest.mark.parametrize("overlay", [CLUSTER_WIDE, SINGLE_NAMESPACE])
def test_granted_is_what_is_used(
    cluster: Cluster, make_space: MakeSpace, simulator: SimulatorProcess, tmp_path: Path, overlay: str
) -> None:
    space, home = make_space(), make_space()
    account = install(cluster, shipped(overlay), home.name, (space.name,), tmp_path)
    audit = AuditLog(cluster, account.user)
    audit.mark()
    leads = ("--leader-elect", "--lease-namespace", home.name)
    arguments = ("--all-namespaces",) if overlay == CLUSTER_WIDE else ("--namespace", space.name)
    with OperatorProcess(account.kubeconfig, tmp_path, (*arguments, *leads)) as operator:
        _everything(space, home, simulator, overlay == CLUSTER_WIDE)
        operator.stop()
    assert audit.forbidden() == []
    used, rights = audit.used(), granted(overlay)
    assert used - rights == set(), "asked for without a right"
    assert rights - used == set(), "granted but never asked for"
