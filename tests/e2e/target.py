"""The cluster under test: any one that KUBECONFIG names, with an image that its nodes can have.

What a user does is done with kubectl and helm. What is looked at comes through `kubectl proxy`, which works with every
kind of login; so do the demo's view of the cluster and the simulator's control API.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import yaml
from kubernetes.client import ApiClient, Configuration

from apinizer_simulator.control import SimulatorControl
from demo.cluster import Cluster
from e2e.backend import BACKEND, MANAGER, PROJECT, TOKEN
from harness.objects import API_VERSION, Object
from harness.waiting import until

SYSTEM = "jwk-operator-system"
TEAM = "jwk-operator-e2e"
NAME = "jwk-operator"
PATIENCE = 90.0
"""Seconds for whatever takes a pod to start, or a Lease to run out."""

_WRITES = ("create", "update", "delete", "generate")


@dataclass(frozen=True, slots=True)
class Target:
    """The cluster, seen by its administrator."""

    image: str
    http: httpx.Client

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl and return its output; the test fails with its message when it fails."""
        return run("kubectl", *arguments, stdin=stdin)

    def apply(self, *objects: Object) -> None:
        """Apply objects on the server's side."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def get(self, path: str) -> Object:
        """Return what the API server has at a path."""
        answer = self.http.get(path)
        assert answer.is_success, f"GET {path}: {answer.status_code} {answer.text[:500]}"
        return dict(answer.json())

    def items(self, path: str) -> list[Object]:
        """Return the objects of a collection."""
        return list(self.get(path)["items"])

    def rolled_out(self, namespace: str = SYSTEM, name: str = NAME) -> None:
        """Wait until a Deployment is rolled out; the test fails with the pods' state and logs when it is not."""
        try:
            self.kubectl("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=150s")
        except AssertionError as error:
            state = self.kubectl("-n", namespace, "describe", "pods")
            logs = self.kubectl("-n", namespace, "logs", f"deployment/{name}", "--tail=40", "--all-pods")
            raise AssertionError(f"{error}\n{state[-3000:]}\n{logs}") from None

    # --- the simulated Apinizer ------------------------------------------------------------------------------------

    @property
    def control(self) -> SimulatorControl:
        """The control API of the simulator in the cluster."""
        return SimulatorControl(f"{self.http.base_url}/api/v1/namespaces/{BACKEND}/services/simulator:http/proxy")

    def writes(self) -> list[tuple[str, str]]:
        """Return call and name of each writing request that Apinizer has had, oldest first."""
        return [(record["call"], record["name"]) for record in self.control.requests() if record["call"] in _WRITES]

    def demo(self) -> Cluster:
        """Return the cluster as the demo sees it."""
        configuration = Configuration(host=str(self.http.base_url))
        configuration.proxy = None
        return Cluster(ApiClient(configuration))

    # --- the operator's pods ---------------------------------------------------------------------------------------

    def pods(self) -> list[Object]:
        """Return the operator's pods, without those that are about to go."""
        found = self.items(f"/api/v1/namespaces/{SYSTEM}/pods?labelSelector=app.kubernetes.io/name={NAME}")
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def pod(self, name: str) -> Object:
        """Return one pod of the operator."""
        return self.get(f"/api/v1/namespaces/{SYSTEM}/pods/{name}")

    def leader(self, *others: str) -> str:
        """Wait until a pod holds the Lease that is there and is none of the others; return its name."""

        def look() -> str | None:
            answer = self.http.get(f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/{NAME}")
            holder = (answer.json().get("spec") or {}).get("holderIdentity") or "" if answer.is_success else ""
            name = str(holder).partition("_")[0]
            return name if name not in others and name in names(self.pods()) else None

        return until(look, lambda: f"a leader besides {others} among {names(self.pods())}", PATIENCE)

    def figures(self, pod: str) -> dict[str, float]:
        """Return the metrics of a pod of the operator, summed over their labels."""
        answer = self.http.get(f"/api/v1/namespaces/{SYSTEM}/pods/{pod}:8080/proxy/metrics")
        found: dict[str, float] = {}
        for line in answer.text.splitlines() if answer.is_success else ():
            if not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                name = series.partition("{")[0]
                found[name] = found.get(name, 0) + float(value)
        return found

    def looked_at(self, pod: str, jwks: int) -> None:
        """Wait until a pod has passed over so many JWKs and has nothing left to do."""

        def done() -> bool:
            figures = self.figures(pod)
            return figures.get("jwk_operator_reconcile_total", 0) >= jwks and figures["jwk_operator_queue_depth"] == 0

        until(done, lambda: f"{pod} looks at {jwks} JWKs: {self.figures(pod)}", PATIENCE)

    def python(self, pod: str, code: str) -> str:
        """Run Python code in the operator's container, as its user and within its limits."""
        return self.kubectl("-n", SYSTEM, "exec", pod, "--", "/opt/jwk-operator/bin/python", "-c", code)

    def exhaust(self, pod: str, code: str) -> None:
        """Run Python code in the operator's container that it may not survive."""
        command = ["kubectl", "-n", SYSTEM, "exec", pod, "--", "/opt/jwk-operator/bin/python", "-c", code]
        subprocess.run(command, capture_output=True, check=False, timeout=120)

    # --- JWKs of the tests' own ------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Make the tests' namespace, with a connection that works."""
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "apinizer", "namespace": TEAM}}
        auth = {"tokenSecretRef": {"name": "apinizer"}}
        spec = {"baseUrl": MANAGER, "projectName": PROJECT, "auth": auth}
        self.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}},
            {**secret, "stringData": {"token": TOKEN}},
            own("ApinizerConnection", "default", spec),
        )

    def ready(self, *jwks: str, seconds: int = int(PATIENCE)) -> None:
        """Wait until JWKs of the tests are Ready."""
        names = [f"jwk/{name}" for name in jwks]
        self.kubectl("-n", TEAM, "wait", "--for=condition=Ready", *names, f"--timeout={seconds}s")

    def versions(self) -> dict[str, str]:
        """Return the resourceVersion of each JWK of the tests: a write of anybody changes it."""
        jwks = self.items(f"/apis/{API_VERSION}/namespaces/{TEAM}/jwks")
        return {jwk["metadata"]["name"]: jwk["metadata"]["resourceVersion"] for jwk in jwks}

    def creates(self, name: str) -> int:
        """Return how often Apinizer was told to create a JWK of that name."""
        return self.writes().count(("create", name))


def own(kind: str, name: str, spec: Object) -> Object:
    """Return an object of the tests' namespace."""
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, "namespace": TEAM}, "spec": spec}


def names(objects: Sequence[Object]) -> list[str]:
    """Return the objects' names."""
    return [item["metadata"]["name"] for item in objects]


def is_ready(pod: Object) -> bool:
    """Whether a pod's condition says so."""
    return any(item["type"] == "Ready" and item["status"] == "True" for item in pod["status"].get("conditions", ()))


def restarts(pod: Object) -> int:
    """Return how often kubelet has started the pod's container anew."""
    return sum(int(status["restartCount"]) for status in pod["status"].get("containerStatuses", ()))


def run(program: str, *arguments: str, stdin: str | None = None) -> str:
    """Run a program and return its output; the test fails with its message when it fails."""
    command = [program, *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{program} {' '.join(arguments)}: {done.stderr or done.stdout}"
    return done.stdout


@contextmanager
def kubectl_proxy() -> Iterator[httpx.Client]:
    """Run `kubectl proxy` and yield a client for it."""
    with subprocess.Popen(["kubectl", "proxy", "--port=0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()  # Starting to serve on 127.0.0.1:43210
            assert "127.0.0.1:" in line, f"kubectl proxy says {line!r}"
            with httpx.Client(base_url=f"http://{line.split()[-1]}", trust_env=False, timeout=30) as client:
                yield client
        finally:
            process.terminate()
