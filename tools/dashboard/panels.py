"""The panels, from left to right and from top to bottom: what is not deployed, since when, why; then what it costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Panel = dict[str, Any]

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_OF = 'connection=~"$connection"'
WIDTH = 24


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression and how its series are called. `instant` asks for the newest value alone."""

    expr: str
    legend: str = ""
    instant: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One panel before it has a place. `text` is what its corner explains; `unit` is one of Grafana's names."""

    kind: str
    title: str
    text: str
    queries: tuple[Query, ...]
    width: int
    height: int = 8
    unit: str = "short"
    thresholds: tuple[tuple[float | None, str], ...] = ((None, "green"),)
    extra: dict[str, Any] = field(default_factory=dict)


def _stat(title: str, text: str, expr: str, *thresholds: tuple[float | None, str]) -> Plan:
    return Plan("stat", title, text, (Query(expr, instant=True),), 4, 4, thresholds=thresholds or ((None, "blue"),))


def _lines(title: str, text: str, unit: str, *queries: Query, width: int = 12) -> Plan:
    return Plan("timeseries", title, text, queries, width, unit=unit)


def _table(title: str, text: str, query: Query, unit: str = "short") -> Plan:
    hidden = {"Time": True, "__name__": True, "instance": True, "job": True, "pod": True, "namespace": True}
    transformation = {"id": "organize", "options": {"excludeByName": hidden}}
    format_as = {"transformations": [transformation]}
    return Plan("table", title, text, (query,), 12, unit=unit, extra=format_as)


def _quantile(quantile: float, metric: str, *labels: str) -> str:
    by = ", ".join(("le", *labels))
    return f"histogram_quantile({quantile}, sum by ({by}) (rate(jwk_operator_{metric}_bucket[$__rate_interval])))"


_BAD = ((None, "green"), (1.0, "red"))
_LATE = ((None, "green"), (1.0, "orange"))

ROWS: tuple[tuple[str, tuple[Plan, ...]], ...] = (
    (
        "Is everything deployed everywhere?",
        (
            _stat("JWKs", "All that the operator looks after.", f"sum(jwk_operator_jwks{{{_OF}}})"),
            _stat(
                "Settled",
                "Deployed, adopted, suspended or read-only.",
                f'sum(jwk_operator_jwks{{{_OF}, waits_for="nobody"}})',
            ),
            _stat(
                "Wait for somebody",
                "A person has to act.",
                f'sum(jwk_operator_jwks{{{_OF}, waits_for="user"}}) or vector(0)',
                *_BAD,
            ),
            _stat(
                "Wait for the operator",
                "New, or tried again.",
                f'sum(jwk_operator_jwks{{{_OF}, waits_for="operator"}}) or vector(0)',
                *_LATE,
            ),
            _stat(
                "Environments without a JWK",
                "Failed deployments, one for each JWK and environment.",
                f'sum(jwk_operator_environments{{{_OF}, outcome="failed"}}) or vector(0)',
                *_BAD,
            ),
            _stat(
                "Connections not Ready",
                "Nothing changes in Apinizer for their JWKs.",
                f"count(jwk_operator_connection_ready{{{_OF}}} == 0) or vector(0)",
                *_BAD,
            ),
            _table(
                "What is not settled, and why",
                "Reasons are explained in docs/reference/reasons.md.",
                Query(
                    f'sum by (connection, reason, waits_for) (jwk_operator_jwks{{{_OF}, waits_for!="nobody"}}) > 0',
                    instant=True,
                ),
            ),
            _table(
                "Where JWKs are missing",
                "By connection and environment.",
                Query(
                    f'sum by (connection, environment) (jwk_operator_environments{{{_OF}, outcome="failed"}}) > 0',
                    instant=True,
                ),
            ),
            _lines(
                "Since when: JWKs that are not settled",
                "By reason.",
                "short",
                Query(f'sum by (reason) (jwk_operator_jwks{{{_OF}, waits_for!="nobody"}})', "{{reason}}"),
            ),
            _lines(
                "Since when: environments without a JWK",
                "By environment.",
                "short",
                Query(
                    f'sum by (environment) (jwk_operator_environments{{{_OF}, outcome="failed"}})', "{{environment}}"
                ),
            ),
        ),
    ),
    (
        "Connections",
        (
            Plan(
                "state-timeline",
                "Ready",
                "1 is Ready.",
                (Query(f"max by (connection) (jwk_operator_connection_ready{{{_OF}}})", "{{connection}}"),),
                12,
                thresholds=((None, "red"), (1.0, "green")),
            ),
            _table(
                "Tokens that nobody renews",
                "When they end.",
                Query(
                    f'min by (connection) (jwk_operator_token_expiration_timestamp_seconds{{{_OF}, renewed="false"}})'
                    " * 1000",
                    instant=True,
                ),
                "dateTimeFromNow",
            ),
            _lines(
                "Calls to Apinizer",
                "By call and HTTP status; 0 is no answer.",
                "reqps",
                Query(
                    f"sum by (call, status) (rate(jwk_operator_apinizer_requests_total{{{_OF}}}[$__rate_interval]))",
                    "{{call}} {{status}}",
                ),
            ),
            _lines(
                "Duration of calls and waits for their turn",
                "95 of 100 are quicker.",
                "s",
                Query(_quantile(0.95, "apinizer_request_duration_seconds", "call"), "{{call}}"),
                Query(_quantile(0.95, "budget_wait_seconds"), "turn"),
            ),
        ),
    ),
    (
        "The operator",
        (
            _lines(
                "From a change to its deployment",
                "Half, and 95 of 100, are quicker.",
                "s",
                Query(_quantile(0.5, "time_to_ready_seconds"), "half"),
                Query(_quantile(0.95, "time_to_ready_seconds"), "95 of 100"),
            ),
            _lines(
                "Passes",
                "By what was done.",
                "ops",
                Query("sum by (action) (rate(jwk_operator_reconcile_total[$__rate_interval]))", "{{action}}"),
            ),
            _lines(
                "Errors, retries and drift",
                "Errors are repeated; retries follow what failed before.",
                "ops",
                Query("sum by (kind) (rate(jwk_operator_reconcile_errors_total[$__rate_interval]))", "error {{kind}}"),
                Query("sum by (reason) (rate(jwk_operator_retries_total[$__rate_interval]))", "retry {{reason}}"),
                Query("sum by (reason) (rate(jwk_operator_drift_total[$__rate_interval]))", "drift {{reason}}"),
            ),
            _lines(
                "Queue and watches",
                "How long the first has waited, and how old the watches are.",
                "s",
                Query("max(jwk_operator_queue_oldest_seconds)", "queue"),
                Query("max by (resource) (jwk_operator_watch_age_seconds)", "watch of {{resource}}"),
            ),
        ),
    ),
)


def panels() -> list[Panel]:
    """Return every panel with its place, each row below the one before."""
    found: list[Panel] = []
    top = 0
    for title, plans in ROWS:
        place = {"x": 0, "y": top, "w": WIDTH, "h": 1}
        found.append({"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": place})
        placed, top = _placed(plans, top + 1)
        found += placed
    return [{"id": number, **panel} for number, panel in enumerate(found, start=1)]


def _placed(plans: Iterable[Plan], top: int) -> tuple[list[Panel], int]:
    found: list[Panel] = []
    left = height = 0
    for plan in plans:
        if left + plan.width > WIDTH:
            left, top, height = 0, top + height, 0
        found.append(_panel(plan, {"x": left, "y": top, "w": plan.width, "h": plan.height}))
        left, height = left + plan.width, max(height, plan.height)
    return found, top + height


def _panel(plan: Plan, place: dict[str, int]) -> Panel:
    targets = [
        {
            "refId": chr(ord("A") + number),
            "datasource": _SOURCE,
            "expr": query.expr,
            "legendFormat": query.legend,
            **({"instant": True, "range": False, "format": "table"} if query.instant else {"range": True}),
        }
        for number, query in enumerate(plan.queries)
    ]
    steps = [{"value": value, "color": color} for value, color in plan.thresholds]
    defaults = {"unit": plan.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    return {
        "type": plan.kind,
        "title": plan.title,
        "description": plan.text,
        "datasource": _SOURCE,
        "gridPos": place,
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {},
        **plan.extra,
    }
