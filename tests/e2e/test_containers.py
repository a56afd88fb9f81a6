"""What kubelet does to the operator's container: probes that fail when they should, and the limit of its memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e import disturbances
from e2e.installs import Chart, installed
from e2e.target import NAME, PATIENCE, SYSTEM, Target, is_ready, own, restarts
from harness.keys import ec, pasted
from harness.objects import Object
from harness.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

_MANY = 300


@pytest.fixture(scope="module")
def running(target: Target) -> Iterator[Target]:
    """The operator, installed by the Helm chart, with JWKs that are deployed."""
    with installed(target, Chart(target)):
        disturbances.settled(target, "one", "two")
        yield target


def test_memory_stays_below_the_limit_with_many_jwks(running: Target, capsys: pytest.CaptureFixture[str]) -> None:
    leader = running.leader()
    key = ec()
    expected = {f"many-{number}" for number in range(_MANY)}
    running.apply(*(own("JWK", name, pasted(key)) for name in sorted(expected)))
    outcomes = running.demo().outcomes
    until(
        lambda: expected <= {name for (_, name), outcome in outcomes().items() if outcome.ready == "True"},
        lambda: (
            f"{_MANY} JWKs are Ready: {[(key, found) for key, found in outcomes().items() if found.ready != 'True']}"
        ),
        PATIENCE,
    )
    assert running.leader() == leader
    peak, limit = int(running.python(leader, disturbances.PEAK)) // 1024, _limit(running.pod(leader))
    with capsys.disabled():
        print(f" {peak} MiB of {limit} with {_MANY} JWKs")
    assert peak < limit
    assert [restarts(pod) for pod in running.pods()] == [0, 0]


def test_a_container_that_is_out_of_memory_comes_back_and_nothing_is_done_twice(running: Target) -> None:
    leader = running.leader()
    before = running.versions()
    disturbances.leave_in_flight(running, "out-of-memory")
    running.exhaust(leader, disturbances.EXHAUST)
    status = until(lambda: _restarted(running.pod(leader)), lambda: str(running.pod(leader)["status"]), PATIENCE)
    assert status["lastState"]["terminated"]["reason"] == "OOMKilled", status
    running.ready("out-of-memory")
    running.looked_at(running.leader(), len(before))
    assert running.creates("out-of-memory") == 1
    assert before.items() <= running.versions().items()
    assert {call for call, name in running.writes() if name != "out-of-memory"} == set()
    running.rolled_out()


def test_without_rights_the_leader_is_not_ready_and_is_left_running(running: Target) -> None:
    path = f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{NAME}"
    binding = running.get(path)
    first = running.leader()
    running.kubectl("delete", "clusterrolebinding", NAME)
    try:
        running.kubectl("-n", SYSTEM, "delete", "pod", first)
        leader = running.leader(first)
        until(lambda: not is_ready(running.pod(leader)), lambda: str(running.pod(leader)["status"]), PATIENCE)
        answer = running.http.get(f"/api/v1/namespaces/{SYSTEM}/pods/{leader}:8081/proxy/readyz")
        assert (answer.status_code, answer.text) == (503, "starting")
        until(lambda: _events(running, leader, "Readiness probe failed", "503"), lambda: f"an event of {leader}")
        others = [pod for pod in running.pods() if pod["metadata"]["name"] != leader]
        until(lambda: all(is_ready(running.pod(pod["metadata"]["name"])) for pod in others), "who waits is ready")
        assert restarts(running.pod(leader)) == 0, "a new start would not help"
    finally:
        metadata = {name: binding["metadata"][name] for name in ("name", "labels", "annotations")}
        running.apply({**binding, "metadata": metadata})
    until(lambda: is_ready(running.pod(leader)), lambda: str(running.pod(leader)["status"]), PATIENCE)
    disturbances.settled(running, "allowed-again")
    assert running.writes() == [("create", "allowed-again")]


def test_a_stuck_container_is_restarted_and_the_work_goes_on(running: Target) -> None:
    # Nothing but the pace of the probe is changed: as shipped, kubelet looks on for a minute.
    probe = {"periodSeconds": 2, "timeoutSeconds": 2, "failureThreshold": 3, "terminationGracePeriodSeconds": 1}
    disturbances.within_reach(running, livenessProbe=probe)
    leader = running.leader()
    before = running.versions()
    running.control.clear_requests()
    disturbances.leave_in_flight(running, "stuck")
    running.python(leader, disturbances.STOP)
    until(lambda: _restarted(running.pod(leader)), lambda: str(running.pod(leader)["status"]), PATIENCE)
    until(lambda: _events(running, leader, "Liveness probe failed"), lambda: f"an event of {leader}")
    running.ready("stuck")
    disturbances.settled(running, "after-the-restart")
    running.looked_at(running.leader(), len(before))
    assert (running.creates("stuck"), running.creates("after-the-restart")) == (1, 1)
    assert before.items() <= running.versions().items()


def _limit(pod: Object) -> int:
    """Return the container's limit in MiB."""
    text = str(pod["spec"]["containers"][0]["resources"]["limits"]["memory"])
    assert text.endswith("Mi"), text
    return int(text.removesuffix("Mi"))


def _restarted(pod: Object) -> Object | None:
    """Return the status of a container that runs again after an end."""
    for status in pod["status"].get("containerStatuses", ()):
        if status["restartCount"] and "running" in status["state"] and status["ready"]:
            return dict(status)
    return None


def _events(target: Target, pod: str, *texts: str) -> bool:
    """Whether there is an Event about a pod whose message has all of the texts."""
    found = target.items(f"/api/v1/namespaces/{SYSTEM}/events")
    messages = [event["message"] for event in found if event["involvedObject"].get("name") == pod]
    return any(all(text in message for text in texts) for message in messages)
