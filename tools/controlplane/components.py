"""Command lines of the components. All run with the control plane's folder as working directory.

etcd listens on unix sockets in that folder, with names relative to it, as a socket's path has little room: no port to
lose to another process, and nobody else on the machine can read or write the store.
"""

from __future__ import annotations

import json
from pathlib import Path

from controlplane.binaries import Binaries
from controlplane.pki import SERVICE_RANGE

ETCD = "etcd"
APISERVER = "kube-apiserver"
CONTROLLER_MANAGER = "kube-controller-manager"

_ETCD_CLIENT = "unix://etcd-client:0"
_ETCD_PEER = "unix://etcd-peer:0"

_CONTROLLERS = (
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
    "root-ca-certificate-publisher-controller",
    "clusterrole-aggregation-controller",
    "validatingadmissionpolicy-status-controller",
    "resourcequota-controller",
)


def etcd_command(binaries: Binaries) -> list[str]:
    """Return etcd's command line. It does not force data to the disk: a crash of the machine may lose the store."""
    return [
        str(binaries.etcd),
        "--name=controlplane",
        "--data-dir=etcd",
        f"--listen-client-urls={_ETCD_CLIENT}",
        f"--advertise-client-urls={_ETCD_CLIENT}",
        f"--listen-peer-urls={_ETCD_PEER}",
        f"--initial-advertise-peer-urls={_ETCD_PEER}",
        f"--initial-cluster=controlplane={_ETCD_PEER}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver_command(binaries: Binaries, port: int, *, audit: bool) -> list[str]:
    """Return the API server's command line, for ``audit`` with audit-policy.yaml and audit.log in its folder."""
    command = [
        str(binaries.apiserver),
        f"--etcd-servers={_ETCD_CLIENT}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",  # an Endpoints object may not hold a loopback address
        "--tls-cert-file=pki/apiserver.crt",
        "--tls-private-key-file=pki/apiserver.key",
        "--client-ca-file=pki/ca.crt",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-account-key-file=pki/sa.pub",
        "--service-account-signing-key-file=pki/sa.key",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged",
        "--shutdown-watch-termination-grace-period=2s",  # otherwise open watches hold up a graceful stop for a minute
        "--profiling=false",
    ]
    if audit:
        # never rotated, so that a reader finds every request in one file
        command += ["--audit-policy-file=audit-policy.yaml", "--audit-log-path=audit.log", "--audit-log-maxsize=0"]
    return command


def controller_manager_command(binaries: Binaries) -> list[str]:
    """Return the controller manager's command line: the controllers that need no nodes, and no port of its own."""
    return [
        str(binaries.controller_manager),
        "--kubeconfig=controller-manager.kubeconfig",
        f"--controllers={','.join(_CONTROLLERS)}",
        "--service-account-private-key-file=pki/sa.key",
        "--use-service-account-credentials",  # its own role does not reach far enough to empty a namespace
        "--root-ca-file=pki/ca.crt",
        "--leader-elect=false",
        "--secure-port=0",
        "--bind-address=127.0.0.1",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    ]


def write_audit_policy(folder: Path) -> None:
    """Write the audit policy: every request at level Metadata, one line for each.

    A watch gets its line when it starts, as it may last for hours, all others when they end. ResponseStarted stays in
    the second rule, because a request that fails authentication (401) is logged at that stage only.
    """
    policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "rules": [
            {"level": "Metadata", "verbs": ["watch"], "omitStages": ["RequestReceived", "ResponseComplete"]},
            {"level": "Metadata", "omitStages": ["RequestReceived"]},
        ],
    }
    (folder / "audit-policy.yaml").write_text(json.dumps(policy))
