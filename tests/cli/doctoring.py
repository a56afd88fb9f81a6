"""`jwk-operator doctor` for tests: what is healthy everywhere, and output without what differs from run to run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli.tool import Done, Tool
from harness.cluster import Cluster
from harness.rbac import Account
from harness.simulator import CLIENTS, READER
from harness.space import Space

IMAGE = "registry.example.com/jwk-operator:0.1.0"
DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"

CLUSTER = """\
cluster
ok       access                      context controlplane of kubeconfig FILE, server SERVER
ok       server                      it answers, and accepts the login
ok       version                     VERSION; 1.30 and newer are supported
ok       clock                       this machine's clock and that of the API server agree within 30 s

"""
CRDS = """\
CRDs
ok       jwks                        established, serves v1alpha1, and its schema is this program's own
ok       apinizerconnections         established, serves v1alpha1, and its schema is this program's own
ok       clusterapinizerconnections  established, serves v1alpha1, and its schema is this program's own

"""
OPERATOR = f"""\
operator
ok       Deployment                  SYSTEM/jwk-operator: 2 of 2 replicas available, image {IMAGE}
ok       Lease                       SYSTEM/jwk-operator: held by pod-one, which renews it

"""
RBAC = """\
RBAC
ok       rights                      ServiceAccount SYSTEM/jwk-operator has all of the 21 rights that the operator needs

"""
NO_JWKS = """\
JWKs and connections
ok       JWKs                        none

"""
UNTIL_JWKS = CLUSTER + CRDS + OPERATOR + RBAC
HEAD = UNTIL_JWKS + NO_JWKS
SPEC = """\
ApinizerConnection TEAM/default
ok       spec                        admitted, for project "shop"
"""
STATUS = """\
warning  status                      no operator has reported on this spec → see that an operator is running and serves this namespace
"""  # noqa: E501 - as it is printed
SECRET = """\
ok       secrets                     Secret TEAM/default, key token
"""
REACHED = """\
warning  address                     http://MANAGER is without encryption → use https in spec.baseUrl, so that nobody on the way can read the token
ok       DNS                         127.0.0.1 is an address
ok       connection                  the manager accepts connections on port PORT, in N ms
"""  # noqa: E501
CLOCK = """\
ok       clock                       this machine's clock and that of the manager agree within 30 s
"""
TOKEN = """\
ok       token                       from Secret TEAM/default, key token, accepted; when it ends is not in it
"""
UNTOLD = """\
skipped  token                       from Secret TEAM/default, key token; the manager has not said whether it accepts it → see to the other lines first
"""  # noqa: E501
PROJECT = """\
ok       list                        project "shop" has 0 JWKs, listed in N ms
ok       environments                project "shop" has development, production
"""
WRITING = """\
skipped  writing                     not checked: SECRETS + DEPLOY_UNDEPLOY and the right to write show only when something is written → the first JWK says Forbidden in its status if a right is missing
"""  # noqa: E501
BEFORE = HEAD + SPEC + STATUS

_MASKED = (
    (r"\bv1\.\d+\.\d+\b", "VERSION"),
    (r"\bin \d+ ms\b", "in N ms"),
    (r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", "DATE"),
)


def install_deployment(cluster: Cluster, namespace: str) -> None:
    """Make what a running operator shows of itself: a Deployment with its replicas, and a Lease that is held."""
    labels = {"app.kubernetes.io/name": "jwk-operator"}
    pod = {"serviceAccountName": "jwk-operator", "containers": [{"name": "operator", "image": IMAGE}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "jwk-operator", "labels": labels}}
    cluster.request("POST", DEPLOYMENTS.format(namespace), {**body, "spec": spec})
    set_available(cluster, namespace, 2)
    lease = {"holderIdentity": "pod-one", "leaseDurationSeconds": 3600, "renewTime": f"{datetime.now(UTC):%FT%T.%fZ}"}
    metadata = {"name": "jwk-operator", "namespace": namespace}
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
    cluster.apply({**body, "spec": lease})


def set_available(cluster: Cluster, namespace: str, replicas: int) -> None:
    """Have the Deployment say so many replicas are available."""
    path = f"{DEPLOYMENTS.format(namespace)}/jwk-operator/status"
    status = {"replicas": 2, "readyReplicas": replicas, "availableReplicas": replicas}
    cluster.request("PATCH", path, {"status": status}, "application/merge-patch+json")


@dataclass(frozen=True, slots=True)
class Doctor:
    """Runs doctor for the operator that is installed in `home`."""

    tool: Tool
    cluster: Cluster
    home: str
    kubeconfig: Path
    secrets: list[str] = field(default_factory=list)
    """What must show in no output."""

    def __call__(self, space: Space, *arguments: str, masks: Iterable[tuple[str, str]] = (), **env: str) -> Done:
        """Look at a namespace. The output has names for what differs from run to run."""
        account = ("--service-account", f"{self.home}/jwk-operator")
        done = self.tool("doctor", "-n", space.name, *account, *arguments, **env)
        for secret in (space.token, *self.secrets):
            assert secret not in done.out + done.err
        url = urlsplit(space.url)
        known = (
            *masks,
            (str(self.kubeconfig), "FILE"),
            (self.cluster.plane.server, "SERVER"),
            (space.url, f"{url.scheme}://MANAGER"),
            (f"port {url.port}", "port PORT"),
            (space.name, "TEAM"),
            (self.home, "SYSTEM"),
            (space.project, "shop"),
        )
        return Done(done.status, masked(done.out, known), masked(done.err, known))


def masked(text: str, known: Iterable[tuple[str, str]]) -> str:
    """Replace what differs from run to run."""
    for value, name in known:
        text = text.replace(value, name)
    for pattern, name in _MASKED:
        text = re.sub(pattern, name, text)
    return text


def end(**counts: int) -> str:
    """Return the last line."""
    return f"\n{', '.join(f'{number} {level}' for level, number in counts.items())}\n"


def not_reached(failure: str, *checks: str) -> str:
    """Return the lines of what was not checked."""
    every = (*checks, "clock", "token", "list", "environments")
    return "".join(f"skipped  {check:26}  not checked, because {failure} failed\n" for check in every)


@pytest.fixture(scope="module")
def operator_home(cluster: Cluster, account: Account) -> str:
    """The namespace of an operator that seems to run, as far as a Deployment and a Lease show."""
    namespace = account.user.split(":")[2]
    install_deployment(cluster, namespace)
    return namespace


@pytest.fixture
def doctor(tool: Tool, cluster: Cluster, operator_home: str) -> Doctor:
    """Doctor for that operator, run by an administrator."""
    return Doctor(tool, cluster, operator_home, cluster.plane.kubeconfig, [READER, *CLIENTS.values()])
