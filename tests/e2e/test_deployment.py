"""The Deployment itself on a real node: from kubectl apply to "deployed everywhere", over a restart, to deletion."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.conftest import PROJECT, SYSTEM, TEAM, TOKEN, Target
from harness.keys import pasted

pytestmark = pytest.mark.e2e

API_VERSION = "apiops.apinizer.com/v1alpha1"


def _object(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, "namespace": TEAM}, "spec": spec}


@pytest.fixture(scope="module")
def connected(target: Target) -> Target:
    """The cluster with a connection that works."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "apinizer", "namespace": TEAM}}
    connection = {
        "baseUrl": f"http://simulator.{TEAM}.svc",
        "projectName": PROJECT,
        "auth": {"tokenSecretRef": {"name": "apinizer"}},
    }
    target.apply({**secret, "stringData": {"token": TOKEN}}, _object("ApinizerConnection", "default", connection))
    return target


def _apply_and_wait(target: Target, name: str) -> dict[str, Any]:
    target.apply(_object("JWK", name, pasted()))
    target.kubectl("-n", TEAM, "wait", "--for=condition=Ready", f"jwk/{name}", "--timeout=60s")
    found: dict[str, Any] = json.loads(target.kubectl("-n", TEAM, "get", "jwk", name, "-o", "json"))
    return found


def test_a_key_is_deployed_survives_a_restart_and_is_deleted(connected: Target) -> None:
    first = _apply_and_wait(connected, "first")
    results = first["status"]["deploymentResult"]["environmentResults"]
    assert {item["environmentName"]: item["success"] for item in results} == {"development": True, "production": True}

    connected.kubectl("-n", SYSTEM, "rollout", "restart", "deployment/jwk-operator")
    connected.rolled_out(SYSTEM, "jwk-operator")
    _apply_and_wait(connected, "second")
    after = json.loads(connected.kubectl("-n", TEAM, "get", "jwk", "first", "-o", "json"))
    assert after["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert connected.simulator("requests/summary")["creates"] == {"first": 1, "second": 1}

    connected.kubectl("-n", TEAM, "delete", "jwk", "first", "second", "--timeout=60s")
    assert connected.simulator("jwks")["jwks"] == []


def test_the_container_is_confined_and_does_not_crash(connected: Target) -> None:
    pods = json.loads(connected.kubectl("-n", SYSTEM, "get", "pods", "-o", "json"))["items"]
    running = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    assert [status["restartCount"] for pod in running for status in pod["status"]["containerStatuses"]] == [0, 0]
    look = "import os, pwd; print(os.getuid(), pwd.getpwuid(os.getuid()).pw_name, os.access('/', os.W_OK))"
    python = ("/opt/jwk-operator/bin/python", "-c", look)
    seen = connected.kubectl("-n", SYSTEM, "exec", "deployment/jwk-operator", "--", *python)
    assert seen.strip() == "65532 jwk-operator False"
