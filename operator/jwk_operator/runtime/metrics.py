"""Metrics in Prometheus' format. Labels are bounded: no names of resources, projects or keys."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest


class Metrics:
    """The operator's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.passes = Counter(
            "jwk_operator_reconcile",
            "Passes over a JWK, by what was done and the reason reported.",
            ("action", "reason"),
            registry=self.registry,
        )
        self.pass_seconds = Histogram(
            "jwk_operator_reconcile_duration_seconds", "Duration of passes.", registry=self.registry
        )
        self.errors = Counter(
            "jwk_operator_reconcile_errors",
            "Passes that ended in an error and are repeated.",
            ("kind",),
            registry=self.registry,
        )
        self.queue = Gauge("jwk_operator_queue_depth", "JWKs that wait for a worker.", registry=self.registry)
        self.known = Gauge("jwk_operator_known_jwks", "JWKs that the operator knows of.", registry=self.registry)
        self.watch_age = Gauge(
            "jwk_operator_watch_age_seconds",
            "Seconds since the watch of a resource was last asked for; it is asked for anew every five minutes.",
            ("resource",),
            registry=self.registry,
        )
        self.calls = Counter(
            "jwk_operator_apinizer_requests",
            "Calls to Apinizer, by call and HTTP status (0: no answer).",
            ("call", "status"),
            registry=self.registry,
        )
        self.call_seconds = Histogram(
            "jwk_operator_apinizer_request_duration_seconds",
            "Duration of calls to Apinizer.",
            ("call",),
            registry=self.registry,
        )
        Info("jwk_operator_build", "The version that runs.", registry=self.registry).info(
            {"version": version("jwk-operator")}
        )

    def called(self, call: str, status: int, seconds: float) -> None:
        """Count one call to Apinizer."""
        self.calls.labels(call, str(status)).inc()
        self.call_seconds.labels(call).observe(seconds)

    def watched(self, ages: Mapping[str, float]) -> None:
        """Take in how old the watches are, by resource."""
        self.watch_age.clear()
        for resource, age in ages.items():
            self.watch_age.labels(resource).set(age)

    def render(self) -> bytes:
        """Return everything in the text format."""
        return generate_latest(self.registry)
