"""Pods come and go: rollouts, a drained node, a leader that is lost. The work goes on, and nothing is done twice."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e import disturbances
from e2e.installs import Kustomize, installed
from e2e.target import NAME, PATIENCE, SYSTEM, Target, is_ready, names, own, run
from harness.keys import pasted
from harness.objects import Object
from harness.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

_SETTLED = ("one", "two", "three")


@pytest.fixture(scope="module")
def running(target: Target) -> Iterator[Target]:
    """The operator, installed by kustomize, with JWKs that are deployed."""
    with installed(target, Kustomize(target)):
        disturbances.settled(target, *_SETTLED)
        yield target


@pytest.mark.parametrize("cause", ["pod template", "restart"])
def test_a_rollout_writes_nothing_to_apinizer(running: Target, cause: str) -> None:
    before, pods = running.versions(), names(running.pods())
    if cause == "restart":
        running.kubectl("-n", SYSTEM, "rollout", "restart", f"deployment/{NAME}")
    else:
        patch = json.dumps({"spec": {"template": {"metadata": {"annotations": {"e2e": "new"}}}}})
        running.kubectl("-n", SYSTEM, "patch", "deployment", NAME, "--type=merge", "--patch", patch)
    running.rolled_out()
    leader = running.leader(*pods)
    running.looked_at(leader, len(before))
    assert not set(pods) & set(names(running.pods()))
    assert running.versions() == before
    assert running.writes() == []


def test_a_drain_honours_the_budget_and_the_work_goes_on(running: Target) -> None:
    old = names(running.pods())
    before = running.versions()
    with _drain(running, {pod["spec"]["nodeName"] for pod in running.pods()}) as (process, output):
        until(lambda: "violate the pod's disruption budget" in output.read_text(), output.read_text, PATIENCE)
        stays, waits = until(lambda: _one_of_two(running), lambda: str(names(running.pods())), PATIENCE)
        assert stays["metadata"]["name"] in old
        assert "nodeName" not in waits["spec"], "there is no node that could take it"
        refusal = _evict(stays["metadata"]["name"])
        assert "TooManyRequests" in refusal, refusal
        disturbances.settled(running, "while-draining")
        for node in _cordoned(running):
            running.kubectl("uncordon", node)
        assert process.wait(PATIENCE) == 0, output.read_text()
    running.rolled_out()
    assert not set(old) & set(names(running.pods())), output.read_text()
    disturbances.settled(running, "after-the-drain")
    assert sorted(running.writes()) == [("create", "after-the-drain"), ("create", "while-draining")]
    assert before.items() <= running.versions().items()


def test_a_lost_leader_is_replaced_and_nothing_is_created_twice(running: Target) -> None:
    disturbances.within_reach(running)
    lost = running.leader()
    before = running.versions()
    running.control.clear_requests()
    disturbances.leave_in_flight(running, "in-flight")
    # Stopped first: kubelet would ask it to end even though the API server has forgotten it, and it would give the
    # Lease back. Now it neither ends nor says anything, until kubelet kills it.
    running.python(lost, disturbances.STOP)
    running.apply(own("JWK", "meanwhile", pasted()))
    running.kubectl("-n", SYSTEM, "delete", "pod", lost, "--grace-period=0", "--force")
    running.ready("in-flight", "meanwhile")
    running.leader(lost)
    assert (running.creates("in-flight"), running.creates("meanwhile")) == (1, 1)
    assert {jwk["name"] for jwk in running.control.jwks()} == set(running.versions())
    assert before.items() <= running.versions().items(), "the others were left alone"


@contextmanager
def _drain(target: Target, nodes: set[str]) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run `kubectl drain` for the operator's pods alone, and make sure that the nodes can be used afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output"
        selector = f"--pod-selector=app.kubernetes.io/name={NAME}"
        for node in names(target.items("/api/v1/nodes")):
            target.kubectl("cordon", node)  # all of them, so that no other one takes the pods
        with path.open("wb") as output:
            command = ["kubectl", "drain", *sorted(nodes), selector, "--ignore-daemonsets", "--timeout=180s"]
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process, path
        finally:
            process.kill()
            process.wait()
            for node in _cordoned(target):
                target.kubectl("uncordon", node)


def _one_of_two(target: Target) -> tuple[Object, Object] | None:
    """Return the pod that is ready and the one that is not, as soon as there is one of each."""
    pods = target.pods()
    ready, other = ([pod for pod in pods if is_ready(pod) is wanted] for wanted in (True, False))
    return (ready[0], other[0]) if len(ready) == len(other) == 1 else None


def _cordoned(target: Target) -> list[str]:
    return names([node for node in target.items("/api/v1/nodes") if node["spec"].get("unschedulable")])


def _evict(pod: str) -> str:
    """Ask for an eviction that must be refused; return what the API server says."""
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": SYSTEM}}
    path = f"/api/v1/namespaces/{SYSTEM}/pods/{pod}/eviction"
    with pytest.raises(AssertionError) as refused:
        run("kubectl", "create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
    return str(refused.value)
