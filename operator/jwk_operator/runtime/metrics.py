"""Metrics in Prometheus' format. Labels are bounded: names of connections and environments, never of JWKs or keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.apinizer.term import NotLeaderError
from jwk_operator.kube.client import ApiError, ApiUnavailableError
from jwk_operator.runtime.figures import ConnectionFigures, Figures

_CALL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_PASS_BUCKETS = (*_CALL_BUCKETS, 300, 900)
"""For what waits behind others under the limits of a connection, however quick each call is."""
_READY_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)

DRIFT = (Reason.DRIFTED, Reason.MISSING_REMOTELY)
"""What is reported when Apinizer has something else than what was made there."""
EXPECTED_ERRORS = (ApiError, ApiUnavailableError, NotLeaderError)
"""What a pass may end in without anything being wrong with the operator itself."""
_RETRIED = tuple(reason for reason in Reason if reason.waiting is Waiting.OPERATOR and reason not in DRIFT)


class Metrics:
    """The operator's metrics, in a registry of their own that outlives its terms as leader."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._resources()
        self._connections()
        self._work()
        self._calls()
        Info("jwk_operator_build", "The version that runs.", registry=self.registry).info(
            {"version": version("jwk-operator")}
        )
        # A series that begins at 1 has not risen, to Prometheus: what is looked for begins at 0.
        for error in EXPECTED_ERRORS:
            self.errors.labels(error.__name__)
        for reason in _RETRIED:
            self.retries.labels(reason)

    def _resources(self) -> None:
        self.jwks = self._gauge(
            "jwks",
            "JWKs by connection, reason of Ready (New until the newest spec has a status), and who has to act: nobody, "
            "user or operator.",
            "connection",
            "reason",
            "waits_for",
        )
        self.waiting_since = self._gauge(
            "jwks_waiting_since_timestamp_seconds",
            "Since when the JWK that has waited longest is not Ready, by connection, reason and who has to act: user "
            "or operator.",
            "connection",
            "reason",
            "waits_for",
        )
        self.environments = self._gauge(
            "environments",
            "JWKs by connection, environment and outcome of their last deployment: deployed, failed, or optional where "
            "it failed and spec.requiredEnvironments does not name the environment.",
            "connection",
            "environment",
            "outcome",
        )
        self.failing_since = self._gauge(
            "environments_failing_since_timestamp_seconds",
            "Since when the JWK that has been missing longest is missing, by connection and environment.",
            "connection",
            "environment",
        )
        self.untold = self._gauge(
            "deployment_unknown",
            "JWKs that are Ready while no answer ever told what their environments have: taken over as they were, or "
            "the answer was lost.",
            "connection",
        )
        self.time_to_ready = self._histogram(
            "time_to_ready_seconds",
            "From when the operator learned of a changed spec until it is deployed.",
            _READY_BUCKETS,
        )
        self.drift = self._counter(
            "drift",
            "Differences found between Apinizer and what was made there, by connection.",
            "connection",
            "reason",
        )

    def _connections(self) -> None:
        self.ready = self._gauge(
            "connection_ready", "Whether a connection is Ready, 1 or 0, with the reason.", "connection", "reason"
        )
        self.ready_since = self._gauge(
            "connection_ready_since_timestamp_seconds", "When Ready took its present value.", "connection"
        )
        self.circuit = self._gauge("circuit_open", "Whether only probes are sent, 1 or 0.", "connection")
        self.token = self._gauge(
            "token_expiration_timestamp_seconds",
            "When the token in use ends, where that is known, and whether the operator renews it: true or false.",
            "connection",
            "renewed",
        )

    def _work(self) -> None:
        self.passes = self._counter(
            "reconcile", "Passes over a JWK, by what was done and the reason reported.", "action", "reason"
        )
        self.pass_seconds = self._histogram(
            "reconcile_duration_seconds",
            "Duration of passes, by outcome: done, or error where the pass is repeated.",
            _PASS_BUCKETS,
            "outcome",
        )
        self.errors = self._counter(
            "reconcile_errors",
            "Passes over JWKs, and looks at connections, that ended in an error and are repeated.",
            "kind",
        )
        self.retries = self._counter(
            "retries", "Passes that try again what failed before, by the reason reported then.", "reason"
        )
        self.queue = self._gauge("queue_depth", "JWKs that wait for a worker, or for their connection to have room.")
        self.queue_age = self._gauge("queue_oldest_seconds", "For how long the first of them has waited.")
        self.busy = self._gauge("busy_workers", "Workers that have a JWK in hand.")
        self.watch_age = self._gauge(
            "watch_age_seconds",
            "Seconds since the watch of a resource was last asked for; it is asked for anew every five minutes.",
            "resource",
        )

    def _calls(self) -> None:
        self.calls = self._counter(
            "apinizer_requests",
            "Calls to Apinizer, by connection, call, HTTP method and HTTP status (0: no answer).",
            "connection",
            "call",
            "method",
            "status",
        )
        self.call_seconds = self._histogram(
            "apinizer_request_duration_seconds", "Duration of calls to Apinizer.", _CALL_BUCKETS, "connection", "call"
        )
        self.budget_seconds = self._histogram(
            "budget_wait_seconds",
            "For how long calls waited for their turn under the limits of the connection.",
            _PASS_BUCKETS,
            "connection",
        )

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"jwk_operator_{name}", text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"jwk_operator_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"jwk_operator_{name}", text, labels, buckets=buckets, registry=self.registry)

    # --- what others tell ------------------------------------------------------------------------------------------

    def failed(self, error: BaseException) -> None:
        """Count what ended in an error and is repeated."""
        self.errors.labels(type(error).__name__).inc()

    def called(self, connection: str, call: str, method: str, status: int, seconds: float) -> None:
        """Count one call to Apinizer."""
        self.calls.labels(connection, call, method, str(status)).inc()
        self.call_seconds.labels(connection, call).observe(seconds)

    def waited(self, connection: str, seconds: float) -> None:
        """Take in for how long a call waited for its turn."""
        self.budget_seconds.labels(connection).observe(seconds)

    def forgotten(self, connection: str) -> None:
        """Show nothing more of the calls of a connection that is gone for good."""
        for metric in self._by_connection():
            metric.remove_by_labels({"connection": connection})

    def keep(self, connections: Collection[str]) -> None:
        """Show calls of these connections alone: others went while somebody else was leading."""
        for connection in _connections_of(*self._by_connection()).difference(connections):
            self.forgotten(connection)

    def _by_connection(self) -> tuple[Counter | Histogram, ...]:
        """What outlives a scrape and has a connection's name on it."""
        return self.calls, self.call_seconds, self.budget_seconds

    def watched(self, ages: Mapping[str, float]) -> None:
        """Take in how old the watches are, by resource."""
        self.watch_age.clear()
        for resource, age in ages.items():
            self.watch_age.labels(resource).set(age)

    def show(self, figures: Figures, *, queue_depth: int = 0, queue_age: float = 0, busy: int = 0) -> None:
        """Take in how everything is now."""
        self.queue.set(queue_depth)
        self.queue_age.set(queue_age)
        self.busy.set(busy)
        for gauge in (
            self.jwks,
            self.waiting_since,
            self.environments,
            self.failing_since,
            self.untold,
            self.ready,
            self.ready_since,
            self.circuit,
            self.token,
        ):
            gauge.clear()
        for place, number in figures.jwks.items():
            self.jwks.labels(*place).set(number)
        for place, since in figures.waiting_since.items():
            self.waiting_since.labels(*place).set(since)
        for result, number in figures.environments.items():
            self.environments.labels(*result).set(number)
        for where, since in figures.failing_since.items():
            self.failing_since.labels(*where).set(since)
        self._show_drift(figures.connections)
        for name in figures.connections:
            self.untold.labels(name)
        for name, number in figures.untold.items():
            self.untold.labels(name).set(number)
        for name, connection in figures.connections.items():
            self._show_connection(name, connection)

    def _show_drift(self, connections: Collection[str]) -> None:
        """Have a series of each connection before anything is found on it, and none of those that are gone."""
        for gone in _connections_of(self.drift).difference(connections):
            self.drift.remove_by_labels({"connection": gone})
        for name in connections:
            for reason in DRIFT:
                self.drift.labels(name, reason)

    def _show_connection(self, name: str, connection: ConnectionFigures) -> None:
        self.ready.labels(name, connection.reason).set(connection.ready)
        self.circuit.labels(name).set(connection.circuit_open)
        if connection.since is not None:
            self.ready_since.labels(name).set(connection.since)
        if connection.token_end is not None:
            self.token.labels(name, str(connection.renews_token).lower()).set(connection.token_end)

    def render(self) -> bytes:
        """Return everything in the text format."""
        return generate_latest(self.registry)


def _connections_of(*metrics: Counter | Histogram) -> set[str]:
    """The connections that series of these metrics name."""
    families = (family for metric in metrics for family in metric.collect())
    return {sample.labels["connection"] for family in families for sample in family.samples}
