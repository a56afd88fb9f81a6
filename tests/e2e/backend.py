"""The simulated Apinizer in the cluster: from the operator's image and a ConfigMap with its source, so that no second
image is needed. Beside it in its pod the JWK Set is served that the examples with `sourceType: URL` name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo import acts

ROOT = Path(__file__).parents[2]
BACKEND = "simulated-apinizer"
TOKEN = "e2e-token-0123456789"
PROJECT = "e2e"
"""A project for the tests' own JWKs, beside that of the demo."""
MANAGER = f"http://simulator.{BACKEND}.svc"
KEYSET = "http://127.0.0.1:8081/jwks.json"
"""As the simulator sees it, which is who fetches it."""

_PYTHON = "/opt/jwk-operator/bin/python"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - in its own pod
_LISTEN = ["--host", _EVERYWHERE, "--port", "8080", "--control-anywhere"]
_SERVE = [*_LISTEN, "--project", PROJECT, "--seed", "/data/seed.json"]
_DOCUMENTS = {"seed.json": json.dumps(acts.seed(TOKEN)), "jwks.json": acts.keyset().decode()}


def manifests(image: str) -> list[dict[str, Any]]:
    """Return the simulator's namespace and everything in it."""
    sources = {path.name: path.read_text() for path in (ROOT / "simulator/apinizer_simulator").glob("*.py")}
    labels = {"app": "simulator"}
    simulator = {
        **_container("simulator", image, "apinizer_simulator", _SERVE),
        "env": [{"name": "PYTHONPATH", "value": "/simulator"}],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/_simulator/healthz", "port": "http"}, "periodSeconds": 1},
    }
    keyset = _container("keyset", image, "http.server", ["--directory", "/data", "--bind", "127.0.0.1", "8081"])
    volumes = [{"name": name, "configMap": {"name": name}} for name in ("source", "data")]
    template = {
        "metadata": {"labels": labels},
        # nothing waits for its end, and http.server does not end by itself
        "spec": {"containers": [simulator, keyset], "volumes": volumes, "terminationGracePeriodSeconds": 1},
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": BACKEND}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _named("source"), "data": sources},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _named("data"), "data": _DOCUMENTS},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": _named("simulator"),
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _named("simulator"),
            "spec": {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
        },
    ]


def _container(name: str, image: str, module: str, arguments: list[str]) -> dict[str, Any]:
    mounts = {"source": "/simulator/apinizer_simulator", "data": "/data"}
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [_PYTHON, "-m", module, *arguments],
        "volumeMounts": [{"name": volume, "mountPath": path} for volume, path in mounts.items()],
    }


def _named(name: str) -> dict[str, str]:
    return {"name": name, "namespace": BACKEND}
