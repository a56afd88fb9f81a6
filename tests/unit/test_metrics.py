"""What the metrics say: of resources and connections as they are, of passes as they end, of calls as they are made."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from jwk_operator.apinizer.budget import Budget
from jwk_operator.kube.client import ApiError
from jwk_operator.reconcile.reconciler import Result
from jwk_operator.reconcile.state import Cause
from jwk_operator.runtime.figures import ConnectionFigures, Figures, figures
from jwk_operator.runtime.logs import JsonFormatter
from jwk_operator.runtime.metrics import Metrics
from jwk_operator.runtime.observing import Observer

PLACE = "ApinizerConnection/team/default"
KEY = ("team", "one")


def jwk(generation: int = 1, **status: Any) -> dict[str, Any]:
    """A trimmed JWK; `reason` stands for a whole Ready condition."""
    reason = status.pop("reason", None)
    if reason is not None:
        status.setdefault("observedGeneration", generation)
        ready = {"type": "Ready", "status": "False", "reason": reason, "message": "", "observedGeneration": generation}
        status["conditions"] = [{**ready, "lastTransitionTime": "2027-01-01T00:00:00Z"}]
    metadata = {"namespace": "team", "name": "one", "uid": "u", "generation": generation, "annotations": {}}
    return {"metadata": metadata, "spec": {"sourceType": "URL", "url": "https://a"}, "status": status}


def samples(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """The values of a metric by its labels' values."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
        if sample.name == f"jwk_operator_{name}"
    }


def test_jwks_are_counted_by_connection_and_reason() -> None:
    shared = jwk(reason="Deployed")
    shared["spec"]["connectionRef"] = {"kind": "ClusterApinizerConnection", "name": "shared"}
    found = figures(
        [jwk(reason="Deployed"), jwk(reason="Deployed"), jwk(reason="Unauthorized"), jwk(), shared, jwk(2)], []
    )
    assert found.jwks == {
        (PLACE, "Deployed", "nobody"): 2,
        (PLACE, "Unauthorized", "user"): 1,
        (PLACE, "New", "operator"): 2,
        ("ClusterApinizerConnection/shared", "Deployed", "nobody"): 1,
    }


@pytest.mark.parametrize(
    "status",
    [
        {"reason": "made up by somebody", "observedGeneration": 1},
        {"conditions": [{}], "observedGeneration": 1},
        {"conditions": None, "observedGeneration": 1},
        {"reason": "Deployed", "observedGeneration": 0},
    ],
)
def test_a_status_that_says_nothing_of_the_newest_spec_counts_as_new(status: dict[str, Any]) -> None:
    assert figures([jwk(**status)], []).jwks == {(PLACE, "New", "operator"): 1}


def test_environments_are_counted_by_outcome() -> None:
    results = [{"environmentName": "dev", "success": True}, {"environmentName": "prod", "success": False}]
    deployed = {"environmentResults": results}
    found = figures([jwk(reason="Deployed", deploymentResult=deployed)] * 2, [])
    assert found.environments == {(PLACE, "dev", "deployed"): 2, (PLACE, "prod", "failed"): 2}


def test_an_environment_that_is_not_required_does_not_fail() -> None:
    time = "2027-01-01T00:00:00Z"
    results = [
        {"environmentName": name, "success": False, "lastTransitionTime": time} for name in ("dev", "prod", "test")
    ]
    some, none, every = (jwk(reason="Deployed", deploymentResult={"environmentResults": results}) for _ in range(3))
    some["spec"]["requiredEnvironments"] = ["prod"]
    none["spec"]["requiredEnvironments"] = []
    assert figures([some, none], []).failing_since == {(PLACE, "prod"): 1798761600.0}
    assert figures([some, none, every], []).environments == {
        (PLACE, "dev", "optional"): 2,
        (PLACE, "dev", "failed"): 1,
        (PLACE, "prod", "optional"): 1,
        (PLACE, "prod", "failed"): 2,
        (PLACE, "test", "optional"): 2,
        (PLACE, "test", "failed"): 1,
    }


@pytest.mark.parametrize(
    ("reason", "deployed", "counts"),
    [
        ("Adopted", "Unknown", True),
        ("Deployed", "Unknown", True),
        ("Deployed", "True", False),
        ("Suspended", "Unknown", False),
        ("Updating", "Unknown", False),
    ],
)
def test_those_of_whose_environments_nothing_is_known_are_counted(reason: str, deployed: str, counts: bool) -> None:
    raw = jwk(reason=reason)
    raw["status"]["conditions"].append({"type": "Deployed", "status": deployed, "reason": reason})
    key = ("ApinizerConnection", "team", "default")
    metrics = Metrics()
    metrics.show(figures([raw], [(key, {"spec": {}, "status": {}})]))
    assert samples(metrics, "deployment_unknown") == {(PLACE,): int(counts)}


def test_one_that_was_never_looked_at_has_waited_since_it_exists() -> None:
    never, edited = jwk(observedGeneration=-1), jwk(2, reason="Deployed", observedGeneration=1)
    for raw in (never, edited):
        raw["metadata"]["creationTimestamp"] = "1970-01-01T00:00:05Z"
    assert figures([never, edited], []).waiting_since == {(PLACE, "New", "operator"): 5}
    assert figures([edited], []).waiting_since == {}, "since when it was edited is not known"


def test_since_when_is_that_of_the_first() -> None:
    def since(time: str, reason: str, generation: int = 1) -> dict[str, Any]:
        found = jwk(reason=reason)
        found["status"]["conditions"][0]["lastTransitionTime"] = f"1970-01-01T00:00:{time}Z"
        found["metadata"]["generation"] = generation
        result = {
            "environmentName": "prod",
            "success": reason == "Deployed",
            "lastTransitionTime": "1970-01-01T00:01:00Z",
        }
        found["status"]["deploymentResult"] = {"environmentResults": [result]}
        return found

    later, first, fine, edited = (
        since("09", "Rejected"),
        since("07", "Rejected"),
        since("01", "Deployed"),
        since("02", "Rejected", 2),
    )
    found = figures([later, first, fine, edited], [])
    assert found.waiting_since == {(PLACE, "Rejected", "user"): 7}
    assert found.failing_since == {(PLACE, "prod"): 60}
    metrics = Metrics()
    metrics.show(found)
    assert samples(metrics, "jwks_waiting_since_timestamp_seconds") == {(PLACE, "Rejected", "user"): 7}
    assert samples(metrics, "environments_failing_since_timestamp_seconds") == {(PLACE, "prod"): 60}


def test_a_reason_that_somebody_made_up_is_no_label() -> None:
    odd = {"conditions": [{"type": "Ready", "status": "False", "reason": "made up by somebody"}]}
    metrics = Metrics()
    metrics.show(figures([], [(("ApinizerConnection", "team", "default"), {"spec": {}, "status": odd})]))
    assert samples(metrics, "connection_ready") == {(PLACE, ""): 0}
    assert samples(metrics, "connection_ready_since_timestamp_seconds") == {}


def test_connections_show_what_their_status_says() -> None:
    time = "2027-01-01T00:00:00Z"
    condition = {"type": "Ready", "status": "True", "reason": "Connected", "lastTransitionTime": time}
    ready = {"conditions": [condition], "tokenExpiresAt": time}
    key = ("ApinizerConnection", "team", "default")
    client = {"auth": {"clientCredentialsSecretRef": {"name": "a"}}}
    other: tuple[tuple[str, str, str], dict[str, Any]] = (
        ("ClusterApinizerConnection", "", "b"),
        {"spec": {}, "status": {}},
    )
    found = figures([], [(key, {"spec": client, "status": ready}), other])
    assert found.connections == {
        PLACE: ConnectionFigures(True, False, "Connected", 1798761600.0, 1798761600.0, renews_token=True),
        "ClusterApinizerConnection/b": ConnectionFigures(ready=False, circuit_open=False),
    }
    opened = {"circuit": {"state": "Open"}}
    assert figures([], [(key, {"spec": {}, "status": opened})]).connections[PLACE].circuit_open


def test_what_is_gone_is_shown_no_more() -> None:
    metrics = Metrics()
    metrics.show(figures([jwk(reason="Deployed")], []), queue_depth=3, queue_age=1.5, busy=2)
    assert samples(metrics, "jwks") == {(PLACE, "Deployed", "nobody"): 1}
    assert (samples(metrics, "queue_depth"), samples(metrics, "queue_oldest_seconds")) == ({(): 3}, {(): 1.5})
    assert samples(metrics, "busy_workers") == {(): 2}
    metrics.show(Figures())
    assert samples(metrics, "jwks") == {}


class Watched:
    """An observer whose clock stands until it is moved."""

    def __init__(self) -> None:
        self.time = 100.0
        self.metrics = Metrics()
        self.observer = Observer(self.metrics, lambda: self.time)

    def passed(
        self,
        before: dict[str, Any],
        reason: str,
        cause: Cause = Cause.EVENT,
        action: str = "report",
        news: tuple[str, ...] = (),
    ) -> None:
        self.observer.passed(KEY, cause, before, Result(action, reason, connection=PLACE, news=news), 0.1)

    @property
    def times(self) -> tuple[float, float]:
        """How many times to Ready were taken, and their sum."""
        count, total = (samples(self.metrics, f"time_to_ready_seconds_{what}")[()] for what in ("count", "sum"))
        return count, total


def test_the_time_from_a_change_to_its_deployment_is_taken_once() -> None:
    watched = Watched()
    watched.observer.seen(jwk())
    watched.time += 2
    watched.observer.seen(jwk())
    watched.passed(jwk(), "Unreachable")
    watched.time += 3
    watched.passed(jwk(reason="Unreachable"), "Deployed")
    assert watched.times == (1, 5)
    watched.observer.seen(jwk(reason="Deployed"))
    watched.passed(jwk(reason="Deployed"), "Deployed", action="rest")
    assert watched.times == (1, 5)


def test_a_newer_change_is_what_counts() -> None:
    watched = Watched()
    watched.observer.seen(jwk())
    watched.time += 2
    watched.observer.seen(jwk(2))
    watched.passed(jwk(1), "Deployed")
    assert watched.times == (0, 0), "the pass began before the newer change"
    watched.time += 1
    watched.passed(jwk(2), "Deployed")
    assert watched.times == (1, 1)
    watched.observer.seen(jwk(3))
    watched.observer.gone(KEY)
    watched.passed(jwk(3), "Deployed")
    assert watched.times == (1, 1)


def test_retries_and_drift_are_counted() -> None:
    watched = Watched()
    failed = jwk(reason="Unreachable", failures=2)
    watched.passed(failed, "Unreachable", Cause.TIMER)
    watched.passed(failed, "Unreachable", Cause.EVENT)
    watched.passed(failed, "Unreachable", Cause.TIMER, "rest")
    watched.passed(jwk(reason="DeploymentIncomplete"), "Deployed", Cause.TIMER)
    watched.passed(jwk(reason="RateLimited"), "Deployed", Cause.TIMER)
    watched.passed(jwk(reason="CircuitOpen"), "Deployed", Cause.DEPENDENCY)
    watched.passed(jwk(reason="Updating"), "Deployed", Cause.TIMER)
    watched.passed(jwk(reason="Unauthorized"), "Deployed", Cause.DEPENDENCY)
    counted = {labels: value for labels, value in samples(watched.metrics, "retries_total").items() if value}
    assert counted == {("CircuitOpen",): 1, ("RateLimited",): 1, ("Unreachable",): 1}
    watched.passed(jwk(reason="Deployed"), "Drifted", Cause.CHECKUP, news=("Drifted",))
    watched.passed(jwk(reason="Drifted"), "Drifted", Cause.CHECKUP)
    watched.passed(jwk(reason="Deployed"), "Deployed", Cause.CHECKUP, "update", news=("Drifted", "SourceDetached"))
    assert samples(watched.metrics, "drift_total") == {(PLACE, "Drifted"): 2}


def test_what_alerts_look_for_is_there_before_it_happens() -> None:
    metrics = Metrics()
    kinds = ("ApiError", "ApiUnavailableError", "NotLeaderError")
    assert samples(metrics, "reconcile_errors_total") == {(kind,): 0 for kind in kinds}
    assert samples(metrics, "retries_total")["Unreachable",] == 0
    unused = figures([], [(("ApinizerConnection", "team", "default"), {"spec": {}, "status": {}})])
    metrics.show(unused)
    assert samples(metrics, "drift_total") == {(PLACE, "Drifted"): 0, (PLACE, "MissingRemotely"): 0}
    assert set(samples(metrics, "drift_created")) == {(PLACE, "Drifted"), (PLACE, "MissingRemotely")}
    metrics.drift.labels(PLACE, "Drifted").inc()
    metrics.show(unused)
    assert samples(metrics, "drift_total")[PLACE, "Drifted"] == 1
    metrics.show(Figures())
    assert samples(metrics, "drift_total") == {}, "nor is there one of a connection that is gone"


def test_a_line_of_the_log_has_the_action_as_a_field(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "jwk_operator")
    Watched().passed(jwk(), "Deployed", action="create")
    (record,) = caplog.records
    line = json.loads(JsonFormatter().format(record))
    del line["time"]
    assert line == {
        "level": "info",
        "logger": "jwk_operator.runtime.operator",
        "message": "create",
        "namespace": "team",
        "name": "one",
        "connection": PLACE,
        "action": "create",
        "reason": "Deployed",
        "duration": 0.1,
    }


def test_passes_are_timed_by_their_outcome() -> None:
    watched = Watched()
    watched.passed(jwk(), "Deployed")
    watched.observer.failed(KEY, ApiError(500, "InternalError", "m"), 1, 2.0)
    assert samples(watched.metrics, "reconcile_duration_seconds_count") == {("done",): 1, ("error",): 1}
    assert samples(watched.metrics, "reconcile_duration_seconds_sum")["error",] == 2
    assert samples(watched.metrics, "reconcile_errors_total")["ApiError",] == 1


def test_calls_are_counted_by_method_and_status() -> None:
    metrics = Metrics()
    metrics.called(PLACE, "create", "POST", 200, 0.1)
    metrics.called(PLACE, "create", "POST", 200, 0.1)
    metrics.called(PLACE, "list", "GET", 0, 0.1)
    assert samples(metrics, "apinizer_requests_total") == {
        ("create", PLACE, "POST", "200"): 2,
        ("list", PLACE, "GET", "0"): 1,
    }


def test_calls_of_a_connection_that_is_gone_are_shown_no_more() -> None:
    metrics = Metrics()
    others = f"{PLACE}-2", "ClusterApinizerConnection/b"
    for connection in (PLACE, *others):
        metrics.called(connection, "create", "POST", 200, 0.1)
        metrics.called(connection, "list", "GET", 0, 0.1)
        metrics.waited(connection, 0.1)
    metrics.forgotten(PLACE)
    assert all(f'"{PLACE}"' not in line for line in metrics.render().decode().splitlines())
    assert samples(metrics, "budget_wait_seconds_count") == {(other,): 1 for other in others}
    assert samples(metrics, "apinizer_requests_total")["create", others[0], "POST", "200"] == 1
    metrics.keep({others[1], "ApinizerConnection/team/new"})
    assert samples(metrics, "budget_wait_seconds_count") == {(others[1],): 1}
    assert len(samples(metrics, "apinizer_requests_total")) == 2


async def test_the_wait_for_a_turn_is_told() -> None:
    now, waits = 0.0, list[float]()
    budget = Budget(1, clock=lambda: now, waited=waits.append)
    async with budget.turn():
        second = asyncio.create_task(_take(budget))
        await asyncio.sleep(0)
        now = 4.0
    await second
    assert waits == [0.0, 4.0]


async def _take(budget: Budget) -> None:
    async with budget.turn():
        pass


def test_names_follow_the_conventions() -> None:
    metrics = Metrics()
    for family in metrics.registry.collect():
        assert family.name.startswith("jwk_operator_")
        assert family.documentation.endswith(".")
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        assert not family.name.endswith(("_total", "_count", "_sum")), "the client adds those"
