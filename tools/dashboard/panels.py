"""The panels, from left to right and from top to bottom: what is not deployed, since when, why; then what it costs."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.plans import ACTS, Panel, Plan, Query, lines, rendered, stat, states, table, times

_OF = 'connection=~"$connection"'
WIDTH = 24


def _number(expr: str) -> str:
    """A number that is 0 where an operator acts and has nothing to tell, and nothing where none acts."""
    return f"{expr} or 0 * {ACTS}"


def _jwks(matchers: str) -> str:
    return _number(f"sum(jwk_operator_jwks{{{_OF}, {matchers}}})")


_WAITING = f'jwk_operator_jwks{{{_OF}, waits_for!="nobody"}}'
_MISSING = f'jwk_operator_environments{{{_OF}, outcome="failed"}}'
_UNTOLD = f"jwk_operator_deployment_unknown{{{_OF}}}"
_EVERYWHERE = f"""2 * ((sum({_WAITING}) or 0 * {ACTS}) + (sum({_MISSING}) or 0 * {ACTS}) > bool 0)
+ ((sum({_UNTOLD}) or 0 * {ACTS}) > bool 0)"""
_WHERE = f"""sum by (connection, environment) ({_MISSING}) > 0
or label_replace(sum by (connection) ({_UNTOLD}) > 0, "environment", "not known", "", "")"""
_UNUSABLE = f"max by (connection, reason) (jwk_operator_connection_ready{{{_OF}}}) == 0"
_STATE = f"""max by (connection) (jwk_operator_connection_ready{{{_OF}}})
- 2 * max by (connection) (jwk_operator_circuit_open{{{_OF}}})"""
_TOKENS = f'jwk_operator_token_expiration_timestamp_seconds{{{_OF}, renewed="false"}}'
_CALLS = f"sum by (call, method, status) (rate(jwk_operator_apinizer_requests_total{{{_OF}}}[$__rate_interval]))"


def _when(metric: str, *by: str) -> str:
    """The first of some times: milliseconds since the epoch, as Grafana has them."""
    return f"min by ({', '.join(by)}) (jwk_operator_{metric}_timestamp_seconds{{{_OF}}}) * 1000"


def _of_unusable(expr: str) -> str:
    """What is known of connections, with the reason of those that cannot be used, and without the others."""
    return f"(1 + ({_UNUSABLE})) * on (connection) group_left () {expr}"


def _quantile(quantile: float, metric: str, *labels: str) -> str:
    by = ", ".join(("le", *labels))
    return f"histogram_quantile({quantile}, sum by ({by}) (rate(jwk_operator_{metric}_bucket[$__rate_interval])))"


_BAD = ((None, "green"), (1.0, "red"))
_LATE = ((None, "green"), (1.0, "orange"))
_AGO = "dateTimeFromNow"

ROWS: tuple[tuple[str, tuple[Plan, ...]], ...] = (
    (
        "Is everything deployed everywhere?",
        (
            stat(
                "Everything is deployed everywhere",
                "No JWK waits for anybody, and no environment misses one. Suspended JWKs, those of read-only "
                "connections, and environments that spec.requiredEnvironments leaves out are left alone on purpose. Of "
                "JWKs that were taken over as they were Apinizer does not tell what environments have.",
                _EVERYWHERE,
                (None, "green"),
                (1.0, "orange"),
                (2.0, "red"),
                width=6,
                texts={"0": "Yes", "1": "Not known of all", "2": "No", "3": "No"},
            ),
            stat("Deployed", "Deployed or adopted.", _jwks('reason=~"Deployed|Adopted"'), (None, "green")),
            stat("Left alone", "Suspended, or on a read-only connection.", _jwks('reason=~"Suspended|ReadOnly"')),
            stat(
                "Wait for somebody",
                "A person has to act; the reasons are below. Alert: JWKStalled.",
                _jwks('waits_for="user"'),
                *_BAD,
            ),
            stat(
                "Not settled yet",
                "New, or tried again: the operator goes on by itself. Alert: JWKNotSettling.",
                _jwks('waits_for="operator"'),
                *_LATE,
            ),
            stat(
                "Missing somewhere",
                "Failed deployments, one for each JWK and environment. Alert: JWKEnvironmentMissing.",
                _number(f"sum({_MISSING})"),
                *_BAD,
            ),
            stat(
                "Unusable connections",
                "Nothing changes in Apinizer for their JWKs. Alert: JWKConnectionNotReady.",
                _number(f"count({_UNUSABLE})"),
                *_BAD,
            ),
            table(
                "What is not deployed, since when, and why",
                "Which ones: kubectl get jwk -A -o wide. Reasons are explained in docs/reference/reasons.md; the time "
                "is that of the JWK that has waited longest.",
                {"connection": "Connection", "reason": "Reason", "waits_for": "Waits for"},
                ("JWKs", "short", f"sum by (connection, reason, waits_for) ({_WAITING}) > 0"),
                ("Since", _AGO, _when("jwks_waiting_since", "connection", "reason", "waits_for")),
            ),
            table(
                "Where it is missing, and since when",
                "status.deploymentResult of each JWK has Apinizer's own message. Not known: nobody was ever told, and "
                "spec.redeployPolicy: Always with spec.requiredEnvironments, or a new description, finds out.",
                {"connection": "Connection", "environment": "Environment"},
                ("JWKs", "short", _WHERE),
                ("Since", _AGO, _when("environments_failing_since", "connection", "environment")),
            ),
            times(
                "JWKs that wait, and where they are missing, over time",
                "Red waits for somebody, orange for the operator. Nothing is drawn while all is well.",
                (Query(f'sum by (reason) (jwk_operator_jwks{{{_OF}, waits_for="user"}}) > 0', "{{reason}}"), "red"),
                (
                    Query(f'sum by (reason) (jwk_operator_jwks{{{_OF}, waits_for="operator"}}) > 0', "{{reason}}"),
                    "orange",
                ),
                (Query(f"sum by (environment) ({_MISSING}) > 0", "not in {{environment}}"), "purple"),
            ),
            table(
                "Alerts that fire",
                "Each has its page in docs/operations/runbooks.",
                {"alertname": "Alert", "severity": "Severity"},
                ("Number", "short", 'count by (alertname, severity) (ALERTS{alertname=~"JWK.+", alertstate="firing"})'),
            ),
        ),
    ),
    (
        "Connections",
        (
            table(
                "Connections that cannot be used, since when, and why",
                "kubectl describe apinizerconnection NAME has the message.",
                {"connection": "Connection", "reason": "Reason"},
                ("JWKs", "short", _of_unusable(f"sum by (connection) (jwk_operator_jwks{{{_OF}}})")),
                ("Since", _AGO, _of_unusable(_when("connection_ready_since", "connection"))),
            ),
            states(
                "Ready",
                "While the circuit is open only probes are sent.",
                Query(_STATE, "{{connection}}"),
                ((None, "dark-red"), (0.0, "red"), (1.0, "green")),
                {"1": "Ready", "0": "not Ready", "-1": "circuit open", "-2": "circuit open"},
            ),
            lines(
                "Calls to Apinizer",
                "By call and HTTP status; 0 is no answer.",
                "reqps",
                Query(_CALLS, "{{call}} ({{method}}) {{status}}"),
            ),
            lines(
                "Duration of calls and waits for their turn",
                "95 of 100 are quicker.",
                "s",
                Query(_quantile(0.95, "apinizer_request_duration_seconds", "call"), "{{call}}"),
                Query(_quantile(0.95, "budget_wait_seconds"), "turn"),
            ),
            table(
                "Tokens that nobody renews",
                "When they end. Alert: JWKTokenExpires, seven days before.",
                {"connection": "Connection"},
                ("Ends", _AGO, f"min by (connection) ({_TOKENS}) * 1000"),
            ),
            lines(
                "Retries and drift",
                "Retries follow what failed before; drift is what somebody else changed in Apinizer. Alert: JWKDrift.",
                "ops",
                Query("sum by (reason) (rate(jwk_operator_retries_total[$__rate_interval]))", "retry {{reason}}"),
                Query(
                    f"sum by (reason) (rate(jwk_operator_drift_total{{{_OF}}}[$__rate_interval]))", "drift {{reason}}"
                ),
            ),
        ),
    ),
    (
        "The operator",
        (
            stat(
                "Replicas",
                "Operators that can be scraped. Alert: JWKOperatorDown.",
                "count(jwk_operator_build_info)",
                width=4,
            ),
            stat(
                "Of them act",
                "One leads, or one of each shard. Alert: JWKOperatorIdle.",
                f"{ACTS} or 0 * count(jwk_operator_build_info)",
                (None, "red"),
                (1.0, "green"),
                width=4,
            ),
            stat(
                "Queue",
                "JWKs that wait for their turn. Alert: JWKOperatorBehind.",
                _number("sum(jwk_operator_queue_depth)"),
                width=4,
            ),
            stat(
                "At work",
                "JWKs that workers have in hand. Many for long: Apinizer, or the API server, answers slowly.",
                _number("sum(jwk_operator_busy_workers)"),
                width=4,
            ),
            table(
                "Versions",
                "More than one is a roll-out.",
                {"version": "Version"},
                ("Replicas", "short", "count by (version) (jwk_operator_build_info)"),
                width=8,
            ),
            lines(
                "From a change to its deployment",
                "Half, and 95 of 100, are quicker.",
                "s",
                Query(_quantile(0.5, "time_to_ready_seconds"), "half"),
                Query(_quantile(0.95, "time_to_ready_seconds"), "95 of 100"),
            ),
            lines(
                "Passes",
                "By what was done. Alert on errors: JWKOperatorErrors.",
                "ops",
                Query("sum by (action) (rate(jwk_operator_reconcile_total[$__rate_interval]))", "{{action}}"),
                Query("sum by (kind) (rate(jwk_operator_reconcile_errors_total[$__rate_interval]))", "error {{kind}}"),
            ),
            lines(
                "Duration of passes",
                "95 of 100 are quicker; those that end in an error are repeated.",
                "s",
                Query(_quantile(0.95, "reconcile_duration_seconds", "outcome"), "{{outcome}}"),
            ),
            lines(
                "Queue and watches",
                "How long the first has waited, and how old the watches are. Alert: JWKOperatorStuck.",
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
        found.append(rendered(plan, {"x": left, "y": top, "w": plan.width, "h": plan.height}))
        left, height = left + plan.width, max(height, plan.height)
    return found, top + height
