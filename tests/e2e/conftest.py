"""A cluster with the operator's image: any one that KUBECONFIG names, with an image that its nodes can have.

The simulator runs there too, from the operator's image and a ConfigMap with its source, so that no second image
is needed; its control API is reached through the API server's proxy.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SYSTEM = "jwk-operator-system"
TEAM = "jwk-operator-e2e"
TOKEN = "e2e-token-0123456789"
PROJECT = "e2e"


@dataclass(frozen=True, slots=True)
class Target:
    """The cluster under test."""

    image: str

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl and return its output; the test fails with its message when it fails."""
        done = subprocess.run(
            ["kubectl", *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr or done.stdout}"
        return done.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects on the server's side."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def rolled_out(self, namespace: str, name: str) -> None:
        """Wait until a Deployment is rolled out; the test fails with the pods' state and logs when it is not."""
        try:
            self.kubectl("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=150s")
        except AssertionError as error:
            state = self.kubectl("-n", namespace, "describe", "pods")
            logs = self.kubectl("-n", namespace, "logs", f"deployment/{name}", "--tail=40", "--all-pods")
            raise AssertionError(f"{error}\n{state[-3000:]}\n{logs}") from None

    def simulator(self, path: str) -> Any:
        """GET a path of the simulator's control API."""
        proxy = f"/api/v1/namespaces/{TEAM}/services/simulator:http/proxy/_simulator/{path}"
        return json.loads(self.kubectl("get", "--raw", proxy))


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    """The operator installed cluster-wide as a user does it, and a simulator beside it; removed in the end."""
    image = os.environ.get("JWK_OPERATOR_IMAGE")
    if not image or not os.environ.get("KUBECONFIG"):
        pytest.fail("set KUBECONFIG to a cluster and JWK_OPERATOR_IMAGE to an image that its nodes have or can pull")
    target = Target(image)
    installed = _installed(target)
    try:
        target.apply(*installed)
        target.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/jwks.apiops.apinizer.com")
        target.apply(*_simulator(image))
        target.rolled_out(TEAM, "simulator")
        target.rolled_out(SYSTEM, "jwk-operator")
        yield target
    finally:
        target.kubectl("delete", "namespace", TEAM, "--ignore-not-found", "--timeout=120s")
        manifest = yaml.safe_dump_all(installed)
        target.kubectl("delete", "--ignore-not-found", "--timeout=120s", "-f", "-", stdin=manifest)


def _installed(target: Target) -> list[dict[str, Any]]:
    """Return the cluster-wide overlay with the image under test."""
    objects = list(yaml.safe_load_all(target.kubectl("kustomize", str(ROOT / "manifests/overlays/cluster-wide"))))
    for item in objects:
        if item["kind"] == "Deployment":
            container = item["spec"]["template"]["spec"]["containers"][0]
            container.update(image=target.image, imagePullPolicy="IfNotPresent")
    return objects


def _simulator(image: str) -> list[dict[str, Any]]:
    sources = {path.name: path.read_text() for path in (ROOT / "simulator/apinizer_simulator").glob("*.py")}
    labels = {"app": "simulator"}
    arguments = ["--host", "0.0.0.0", "--port", "8080", "--control-anywhere", "--project", PROJECT, "--token", TOKEN]  # noqa: S104
    container = {
        "name": "simulator",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/opt/jwk-operator/bin/python", "-m", "apinizer_simulator", *arguments],
        "env": [{"name": "PYTHONPATH", "value": "/simulator"}],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/_simulator/healthz", "port": "http"}, "periodSeconds": 1},
        "volumeMounts": [{"name": "source", "mountPath": "/simulator/apinizer_simulator"}],
    }
    pod = {"containers": [container], "volumes": [{"name": "source", "configMap": {"name": "simulator"}}]}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _named("simulator"), "data": sources},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": _named("simulator"),
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _named("simulator"),
            "spec": {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
        },
    ]


def _named(name: str) -> dict[str, str]:
    return {"name": name, "namespace": TEAM}
