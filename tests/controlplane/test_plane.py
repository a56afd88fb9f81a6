"""A control plane as the tests and benchmarks use it."""

from __future__ import annotations

import json
import socket
import ssl
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from kubernetes import config
from kubernetes.client import (
    ApiClient,
    ApiException,
    CoreV1Api,
    V1ConfigMap,
    V1Namespace,
    V1ObjectMeta,
    V1ServiceAccount,
)

from controlplane import ControlPlane, ControlPlaneError
from controlplane.tables import format_table, get_table
from controlplane.testing import processes_of, wait_until

LOAD: Callable[[str], ApiClient] = config.new_client_from_config


def namespaces(api: CoreV1Api) -> list[str | None]:
    return [item.metadata.name for item in api.list_namespace().items if item.metadata]


def make_namespace(api: CoreV1Api) -> str:
    name = f"test-{uuid.uuid4().hex[:8]}"
    api.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=name)))
    return name


@pytest.fixture(scope="module")
def api(control_plane: ControlPlane) -> CoreV1Api:
    return CoreV1Api(control_plane.client())


def test_kubeconfig_of_the_administrator_works_and_is_private(control_plane: ControlPlane) -> None:
    client = LOAD(str(control_plane.kubeconfig))
    assert "default" in namespaces(CoreV1Api(client))
    assert stat.S_IMODE(control_plane.kubeconfig.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


def test_nothing_listens_beyond_the_api_server_on_loopback(control_plane: ControlPlane) -> None:
    inodes = set()
    for pid in processes_of(control_plane.dir):
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            try:
                inodes.add(str(handle.readlink()))
            except FileNotFoundError:
                continue
    tables = [Path("/proc/net/tcp").read_text(), Path("/proc/net/tcp6").read_text()]
    lines = [line.split() for table in tables for line in table.splitlines()[1:]]
    listening = [line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in inodes]
    port = urlsplit(control_plane.server).port
    assert listening == [f"0100007F:{port:04X}"]


def test_service_account_without_rights_is_refused(control_plane: ControlPlane, api: CoreV1Api, tmp_path: Path) -> None:
    namespace = make_namespace(api)
    api.create_namespaced_service_account(namespace, V1ServiceAccount(metadata=V1ObjectMeta(name="nobody")))
    path = control_plane.kubeconfig_for_serviceaccount(namespace, "nobody", tmp_path / "kubeconfig")
    assert "client-key" not in path.read_text()
    client = LOAD(str(path))
    with pytest.raises(ApiException) as refused:
        CoreV1Api(client).list_namespaced_secret(namespace)
    assert refused.value.status == httpx.codes.FORBIDDEN
    assert f"system:serviceaccount:{namespace}:nobody" in str(refused.value.body)


def test_token_for_a_missing_service_account_is_refused(control_plane: ControlPlane) -> None:
    with pytest.raises(ControlPlaneError, match=r'no token for default/missing: .*"missing" not found'):
        control_plane.kubeconfig_for_serviceaccount("default", "missing")


def test_namespace_deletion_completes(api: CoreV1Api) -> None:
    namespace = make_namespace(api)
    api.create_namespaced_config_map(namespace, V1ConfigMap(metadata=V1ObjectMeta(name="content")))
    api.delete_namespace(namespace)

    def gone() -> bool:
        return namespace not in namespaces(api)

    wait_until(gone, "deletion of the namespace", seconds=30)


def test_objects_survive_restarts_of_the_api_server(control_plane: ControlPlane, api: CoreV1Api) -> None:
    namespace, server = make_namespace(api), control_plane.server
    control_plane.restart_apiserver(graceful=False)
    assert namespace in namespaces(api)
    control_plane.restart_apiserver()
    assert namespace in namespaces(api)
    assert control_plane.server == server


def test_stopped_api_server_refuses_connections(control_plane: ControlPlane) -> None:
    address = ("127.0.0.1", urlsplit(control_plane.server).port)
    control_plane.stop_apiserver(graceful=False)
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
    finally:
        control_plane.start_apiserver()
    socket.create_connection(address).close()
    with pytest.raises(ControlPlaneError, match="running already"):
        control_plane.start_apiserver()


def test_audit_log_has_one_line_for_each_request(control_plane: ControlPlane) -> None:
    mark, log = f"mark-{uuid.uuid4().hex}", control_plane.audit_log
    assert log is not None
    context = ssl.create_default_context(cafile=str(control_plane.ca))
    anonymous = ssl.create_default_context(cafile=str(control_plane.ca))
    context.load_cert_chain(control_plane.dir / "pki/admin.crt", control_plane.dir / "pki/admin.key")
    headers = {"User-Agent": mark}
    with httpx.Client(base_url=control_plane.server, verify=context, headers=headers, trust_env=False) as client:
        client.get("/api/v1/configmaps")
        client.get("/api/v1/configmaps", params={"watch": "1", "timeoutSeconds": "1"})
        client.get("/api/v1/namespaces/default/configmaps/missing")
    with httpx.Client(base_url=control_plane.server, verify=anonymous, headers=headers, trust_env=False) as client:
        client.get("/api/v1/configmaps", headers={"Authorization": "Bearer wrong"})

    def lines() -> list[tuple[str, int]]:
        events = [json.loads(line) for line in log.read_text().splitlines() if mark in line]
        return [(event["verb"], event["responseStatus"]["code"]) for event in events]

    wait_until(lambda: len(lines()) >= 4, "audit events")
    assert sorted(lines()) == [("get", 404), ("list", 200), ("list", 401), ("watch", 200)]


def test_tables_look_like_those_of_kubectl(control_plane: ControlPlane, api: CoreV1Api) -> None:
    namespace = make_namespace(api)
    with control_plane.client() as client:
        lines = get_table(client, "/api/v1/configmaps").splitlines()
        assert lines[0].split() == ["NAMESPACE", "NAME", "DATA", "AGE"]
        assert any(line.split()[:3] == ["kube-system", "kube-root-ca.crt", "1"] for line in lines)
        assert get_table(client, "/api/v1/namespaces/default/services").splitlines()[0].startswith("NAME         TYPE")
        assert "SELECTOR" in get_table(client, "/api/v1/services", wide=True)
        assert "SELECTOR" not in get_table(client, "/api/v1/services")
        assert get_table(client, f"/api/v1/namespaces/{namespace}/pods") == (
            f"No resources found in {namespace} namespace."
        )
        with pytest.raises(ApiException, match="404"):
            get_table(client, "/api/v1/nonsense")


def test_table_cells() -> None:
    columns = [{"name": "Name"}, {"name": "Ready"}, {"name": "Note"}]
    table = {"columnDefinitions": columns, "rows": [{"cells": ["a", True, "one\ntwo"]}, {"cells": ["b", 3, None]}]}
    assert format_table(table, "/apis/x/v1/things") == "NAME   READY   NOTE\na      true    one...\nb      3"


def test_two_at_once_and_nothing_left_after_the_end(control_plane: ControlPlane) -> None:
    with ControlPlane() as other:
        folder = other.dir
        assert other.server != control_plane.server
        assert len(processes_of(folder)) == 3
        assert other.audit_log is None
    assert processes_of(folder) == []
    assert not folder.exists()
    with pytest.raises(ControlPlaneError, match="not running"):
        other.stop_apiserver()


def test_import_of_the_package_is_light() -> None:
    code = "import controlplane, sys; sys.exit('kubernetes' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
