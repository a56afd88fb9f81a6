"""`jwk-operator doctor` on clusters: none at all, one that does not answer, CRDs, the operator and RBAC."""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.doctoring import (
    BEFORE,
    CLOCK,
    CLUSTER,
    CRDS,
    IMAGE,
    NO_JWKS,
    OPERATOR,
    PROJECT,
    RBAC,
    REACHED,
    SECRET,
    TOKEN,
    WRITING,
    Doctor,
    end,
    install_deployment,
    masked,
    set_available,
)
from cli.tool import Tool
from controlplane import ControlPlane
from harness.audit import AuditLog
from harness.cluster import CRDS as CRD_FILES
from harness.cluster import Cluster, documents
from harness.rbac import CLUSTER_WIDE, install, shipped, without
from harness.space import Space
from harness.tls import make_authority

NOTHING_ELSE = """\

CRDs
skipped  definitions   not checked, because cluster failed

operator
skipped  installation  not checked, because cluster failed

RBAC
skipped  rights        not checked, because cluster failed

connections
skipped  connections   not checked, because cluster failed
"""
NO_SERVER = """\
skipped  version       not checked, because server failed
skipped  clock         not checked, because server failed
"""
CHECKS = BEFORE.split("ApinizerConnection", 1)[1]
CONNECTION = f"ApinizerConnection{CHECKS}" + SECRET + REACHED + CLOCK + TOKEN + PROJECT + WRITING


def test_no_cluster(offline: Tool) -> None:
    done = offline("doctor")
    assert done.out == (
        """\
cluster
failed   access        kubeconfig ~/.kube/config: no access to a cluster: ~/.kube/config is not there, or empty → set KUBECONFIG to a file that works
skipped  server        not checked, because access failed
skipped  version       not checked, because access failed
skipped  clock         not checked, because access failed
"""  # noqa: E501 - as it is printed
        + NOTHING_ELSE
        + end(failed=1, skipped=7)
    )
    assert (done.status, done.err) == (1, "")


def test_no_cluster_as_json(offline: Tool) -> None:
    done = offline("doctor", "--output", "json")
    found = json.loads(done.out)
    assert found["summary"] == {"ok": 0, "warning": 0, "failed": 1, "skipped": 7}
    assert found["findings"][-1] == {
        "about": "connections",
        "check": "connections",
        "result": "skipped",
        "text": "not checked, because cluster failed",
        "remedy": "",
    }
    assert done.status == 1


def changed(cluster: Cluster, folder: Path, *, user: dict[str, Any] | None = None, **fields: Any) -> Path:
    """Write the administrator's kubeconfig with other fields of the cluster, or another user."""
    content = yaml.safe_load(cluster.plane.kubeconfig.read_text())
    content["clusters"][0]["cluster"] |= fields
    if user is not None:
        content["users"][0]["user"] = user
    path = folder / "changed.kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    ("server", "finding"),
    [
        (
            "https://127.0.0.1:1",
            "it refuses connections → check that it runs, and the port in the kubeconfig",
        ),
        (
            "https://cluster.invalid:6443",
            "its host name cannot be resolved → check the server https://cluster.invalid:6443 in the kubeconfig",
        ),
    ],
)
def test_a_server_that_cannot_be_reached(
    offline: Tool, cluster: Cluster, tmp_path: Path, server: str, finding: str
) -> None:
    path = changed(cluster, tmp_path, server=server)
    done = offline("doctor", "--kubeconfig", str(path))
    assert masked(done.out, [(str(path), "FILE")]) == (
        f"""\
cluster
ok       access        context controlplane of kubeconfig FILE, server {server}
failed   server        {finding}
"""
        + NO_SERVER
        + NOTHING_ELSE
        + end(ok=1, failed=1, skipped=6)
    )
    assert (done.status, done.err) == (1, "")


def test_a_server_with_a_certificate_of_another_authority(offline: Tool, cluster: Cluster, tmp_path: Path) -> None:
    other = base64.b64encode(make_authority(tmp_path, "other").ca.read_bytes()).decode()
    authority: dict[str, Any] = {"certificate-authority-data": other}
    path = changed(cluster, tmp_path, **authority)
    done = offline("doctor", "--kubeconfig", str(path))
    assert masked(done.out, [(str(path), "FILE"), (cluster.plane.server, "SERVER")]) == (
        """\
cluster
ok       access        context controlplane of kubeconfig FILE, server SERVER
failed   server        its TLS certificate is not accepted: unable to get local issuer certificate → correct certificate-authority-data in the kubeconfig
"""  # noqa: E501
        + NO_SERVER
        + NOTHING_ELSE
        + end(ok=1, failed=1, skipped=6)
    )


def test_a_login_that_is_not_accepted(offline: Tool, cluster: Cluster, tmp_path: Path) -> None:
    path = changed(cluster, tmp_path, user={"token": "planted-login-77"})
    done = offline("doctor", "--kubeconfig", str(path))
    assert "planted-login" not in done.out + done.err
    assert masked(done.out, [(str(path), "FILE"), (cluster.plane.server, "SERVER")]) == (
        """\
cluster
ok       access        context controlplane of kubeconfig FILE, server SERVER
failed   server        401: it does not accept the login → log in anew, or correct the user of the context
skipped  version       not checked, because server failed
ok       clock         this machine's clock and that of the API server agree within 30 s
"""
        + NOTHING_ELSE
        + end(ok=2, failed=1, skipped=5)
    )
    assert done.status == 1


def test_a_context_that_is_not_there(tool: Tool) -> None:
    done = tool("doctor", "--context", "nowhere")
    assert done.out.splitlines()[1].startswith("failed   access        context nowhere of kubeconfig ")
    assert (done.status, done.err) == (1, "")


@pytest.fixture
def other_home(cluster: Cluster) -> Iterator[str]:
    """A namespace for another ServiceAccount."""
    name = cluster.new_namespace("other")
    yield name
    cluster.discard_namespace(name)


def test_nothing_but_reads_and_questions_about_rights_reach_the_cluster(
    cluster: Cluster, operator_home: str, other_home: str, space: Space, tmp_path: Path
) -> None:
    administrator = shipped(CLUSTER_WIDE)
    administrator[0]["rules"] = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    own = install(cluster, administrator, other_home, (), tmp_path)
    log = AuditLog(cluster, own.user)
    log.mark()
    doctor = Doctor(Tool(tmp_path, own.kubeconfig), cluster, operator_home, own.kubeconfig)
    done = doctor(space)
    assert done.err == ""
    writes = {(request.verb, request.resource) for request in log.requests() if request.writes}
    assert writes == {("create", "subjectaccessreviews")}


def test_a_crd_that_is_older(doctor: Doctor, cluster: Cluster, space: Space, tmp_path: Path) -> None:
    (crd,) = documents(CRD_FILES.glob("*_apinizerconnections.yaml"))
    older = copy.deepcopy(crd)
    del older["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["readOnly"]
    file = tmp_path / "older.yaml"
    file.write_text(yaml.safe_dump(older))
    cluster.install_crds([file])
    try:
        done = doctor(space)
    finally:
        cluster.install_crds()
    finding = """\
warning  apinizerconnections         its schema is not this program's own: it is older and lacks spec.readOnly → run jwk-operator crds | kubectl apply --server-side -f -
"""  # noqa: E501
    lines = CRDS.splitlines(keepends=True)
    found = CLUSTER + "".join([*lines[:2], finding, *lines[3:]]) + OPERATOR + RBAC + NO_JWKS + CONNECTION
    assert done.out == found + end(ok=18, warning=3, skipped=1)
    assert done.status == 0


@pytest.mark.parametrize(
    ("replicas", "result"),
    [(1, "warning"), (0, "failed ")],
)
def test_replicas_that_are_missing(doctor: Doctor, cluster: Cluster, space: Space, replicas: int, result: str) -> None:
    set_available(cluster, doctor.home, replicas)
    try:
        done = doctor(space)
    finally:
        set_available(cluster, doctor.home, 2)
    finding = f"""\
{result}  Deployment                  SYSTEM/jwk-operator: {replicas} of 2 replicas available, image {IMAGE} → look at kubectl describe pods -n SYSTEM -l app.kubernetes.io/name=jwk-operator and kubectl logs -n SYSTEM -l app.kubernetes.io/name=jwk-operator --prefix
"""  # noqa: E501
    lines = OPERATOR.splitlines(keepends=True)
    found = CLUSTER + CRDS + "".join([lines[0], finding, *lines[2:]]) + RBAC + NO_JWKS + CONNECTION
    counts = {"warning": 3} if replicas else {"warning": 2, "failed": 1}
    assert done.out == found + end(ok=18, **counts, skipped=1)


def test_rights_that_the_operator_lacks(
    doctor: Doctor, cluster: Cluster, other_home: str, space: Space, tmp_path: Path
) -> None:
    lacking = without(without(shipped(CLUSTER_WIDE), ("", "secrets", "get")), ("apiops.apinizer.com", "jwks", "patch"))
    install(cluster, lacking, other_home, (), tmp_path)
    install_deployment(cluster, other_home)
    done = Doctor(doctor.tool, cluster, other_home, doctor.kubeconfig)(space)
    rbac = """\
RBAC
failed   patch jwks                  ServiceAccount SYSTEM/jwk-operator may not patch jwks in namespace TEAM → add to a Role in namespace TEAM that is bound to it: {apiGroups: [apiops.apinizer.com], resources: [jwks], verbs: [patch]}
failed   get secrets                 ServiceAccount SYSTEM/jwk-operator may not get secrets in namespace TEAM → add to a Role in namespace TEAM that is bound to it: {apiGroups: [""], resources: [secrets], verbs: [get]}
ok       rights                      ServiceAccount SYSTEM/jwk-operator has 19 of the 21 rights that the operator needs

"""  # noqa: E501
    found = CLUSTER + CRDS + OPERATOR + rbac + NO_JWKS + CONNECTION
    assert done.out == found + end(ok=19, warning=2, failed=2, skipped=1)
    assert done.status == 1


SECRETS_MISSING = """\
warning  get secrets                       you may not get secrets in namespace TEAM → an operator that logs in as you would need {apiGroups: [""], resources: [secrets], verbs: [get]}
"""  # noqa: E501
LEASE_MISSING = """\
warning  patch leases jwk-operator         you may not patch leases jwk-operator in namespace SYSTEM → an operator that logs in as you would need {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [patch], resourceNames: [jwk-operator]}
"""  # noqa: E501


def test_somebody_without_any_rights(cluster: Cluster, operator_home: str, space: Space, tmp_path: Path) -> None:
    account: dict[str, Any] = {"apiVersion": "v1", "kind": "ServiceAccount"}
    cluster.apply({**account, "metadata": {"name": "nobody", "namespace": space.name}})
    kubeconfig = cluster.plane.kubeconfig_for_serviceaccount(space.name, "nobody", tmp_path / "nobody.kubeconfig")
    done = Doctor(Tool(tmp_path, kubeconfig), cluster, operator_home, kubeconfig)(space)
    lines = done.out.splitlines(keepends=True)
    missing = [line for line in lines if line.startswith("warning")]
    assert len(missing) == 21
    assert [missing[10], missing[-1]] == [SECRETS_MISSING, LEASE_MISSING]
    assert "".join(line for line in lines if line not in missing) == (
        re.sub(r"(ok       \w+ +)", r"\1      ", CLUSTER)
        + """\
CRDs
skipped  jwks                              you may not read CRDs → run doctor as somebody who may get customresourcedefinitions
skipped  apinizerconnections               you may not read CRDs → run doctor as somebody who may get customresourcedefinitions
skipped  clusterapinizerconnections        you may not read CRDs → run doctor as somebody who may get customresourcedefinitions

operator
skipped  Deployment                        you may not list deployments in namespace SYSTEM → run doctor as somebody who may list deployments
skipped  Lease                             you may not list leases in namespace SYSTEM → run doctor as somebody who may list leases

RBAC
skipped  whose                             you may not ask about ServiceAccount SYSTEM/jwk-operator: what follows are your own rights → run doctor as somebody who may create subjectaccessreviews

JWKs and connections
skipped  apinizerconnections               you may not list them in namespace TEAM → run doctor as somebody who may list apinizerconnections
skipped  clusterapinizerconnections        you may not list them in the cluster → run doctor as somebody who may list clusterapinizerconnections
skipped  jwks                              you may not list them in namespace TEAM → run doctor as somebody who may list jwks
"""  # noqa: E501
        + end(ok=4, warning=21, skipped=9)
    )
    assert done.status == 0


@pytest.fixture(scope="module")
def bare() -> Iterator[Cluster]:
    """A cluster of its own, where nobody has installed anything."""
    with ControlPlane() as plane:
        cluster = Cluster.of(plane)
        yield cluster
        cluster.close()


def test_a_cluster_in_which_nothing_is_installed(bare: Cluster, offline: Tool) -> None:
    done = offline("doctor", "--all-namespaces", KUBECONFIG=str(bare.plane.kubeconfig))
    known = [(str(bare.plane.kubeconfig), "FILE"), (bare.plane.server, "SERVER")]
    assert masked(done.out, known) == (
        CLUSTER
        + """\
CRDs
failed   jwks                        the CRD is not there → run jwk-operator crds | kubectl apply --server-side -f -
failed   apinizerconnections         the CRD is not there → run jwk-operator crds | kubectl apply --server-side -f -
failed   clusterapinizerconnections  the CRD is not there → run jwk-operator crds | kubectl apply --server-side -f -

operator
warning  Deployment                  none has the label app.kubernetes.io/name=jwk-operator in the cluster → install the operator (manifests/README.md), or see that jwk-operator run goes on where you start it
warning  Lease                       none is named jwk-operator or jwk-operator-… in the cluster, so no operator elects a leader → with more than one replica, start it with --leader-elect; else see that jwk-operator run is running

RBAC
skipped  whose                       no operator was found: what follows are your own rights → give --service-account NAMESPACE/NAME to have the operator's rights looked at
ok       rights                      you have all of the 25 rights that the operator needs

JWKs and connections
skipped  apinizerconnections         they cannot be listed (404) → see what is said of the CRDs
skipped  clusterapinizerconnections  they cannot be listed (404) → see what is said of the CRDs
skipped  jwks                        they cannot be listed (404) → see what is said of the CRDs
"""  # noqa: E501
        + end(ok=5, warning=2, failed=3, skipped=4)
    )
    assert done.status == 1


def test_the_operator_is_found_with_its_service_account(bare: Cluster, offline: Tool, tmp_path: Path) -> None:
    bare.install_crds()
    home = bare.new_namespace("system")
    install(bare, shipped(CLUSTER_WIDE), home, (), tmp_path)
    install_deployment(bare, home)
    done = offline("doctor", "--all-namespaces", KUBECONFIG=str(bare.plane.kubeconfig))
    known = [(str(bare.plane.kubeconfig), "FILE"), (bare.plane.server, "SERVER"), (home, "SYSTEM")]
    assert masked(done.out, known) == (
        CLUSTER
        + CRDS
        + OPERATOR
        + RBAC.replace("21 rights", "28 rights")
        + """\
JWKs and connections
warning  connections                 there is none in the cluster → create an ApinizerConnection (docs/guide/connections.md), or choose with -n or -A where to look
ok       JWKs                        none
"""  # noqa: E501
        + end(ok=11, warning=1)
    )
    assert (done.status, done.err) == (0, "")
