"""How a panel is planned before it has a place, and what Grafana is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dashboard.kinds import CUSTOM, OPTIONS

Panel = dict[str, Any]
Thresholds = tuple[tuple[float | None, str], ...]

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
ACTS = 'count(jwk_operator_watch_age_seconds{resource="jwks"})'
"""How many operators act. There is none where this is empty, and then nobody knows how anything is."""


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
    thresholds: Thresholds = ((None, "green"),)
    options: dict[str, Any] = field(default_factory=dict)
    """What is said otherwise than for every panel of the kind."""
    defaults: dict[str, Any] = field(default_factory=dict)
    overrides: tuple[dict[str, Any], ...] = ()
    transformations: tuple[dict[str, Any], ...] = ()


def stat(
    title: str,
    text: str,
    expr: str,
    *thresholds: tuple[float | None, str],
    width: int = 3,
    texts: dict[str, str] | None = None,
) -> Plan:
    """One number, or a text in its place."""
    defaults: dict[str, Any] = {"noValue": "No operator acts"}
    if texts:
        defaults["mappings"] = _mappings(texts)
    colors = thresholds or ((None, "blue"),)
    return Plan("stat", title, text, (Query(expr, instant=True),), width, 4, thresholds=colors, defaults=defaults)


def lines(title: str, text: str, unit: str, *queries: Query, width: int = 12) -> Plan:
    """Lines over time."""
    return Plan("timeseries", title, text, queries, width, unit=unit)


def states(title: str, text: str, query: Query, thresholds: Thresholds, texts: dict[str, str]) -> Plan:
    """Bars over time, one for each series, with a text and a color for each value."""
    defaults = {"mappings": _mappings(texts), "color": {"mode": "thresholds"}}
    return Plan("state-timeline", title, text, (query,), 12, thresholds=thresholds, defaults=defaults)


def times(title: str, text: str, *queries: tuple[Query, str]) -> Plan:
    """Bars over time in one color for each query: where nothing is drawn there was nothing."""
    colors = tuple(
        {
            "matcher": {"id": "byFrameRefID", "options": _letter(number)},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}],
        }
        for number, (_, color) in enumerate(queries)
    )
    return Plan("state-timeline", title, text, tuple(query for query, _ in queries), 12, overrides=colors)


def _mappings(texts: dict[str, str]) -> list[dict[str, Any]]:
    results = {value: {"text": shown, "index": index} for index, (value, shown) in enumerate(texts.items())}
    return [{"type": "value", "options": results}]


def table(title: str, text: str, columns: dict[str, str], *queries: tuple[str, str, str], width: int = 12) -> Plan:
    """Rows of labels (`columns` has their titles), each with one value of every query: (title, unit, expression)."""
    number = len(queries)
    values = {f"Value #{_letter(index)}" if number > 1 else "Value": query[0] for index, query in enumerate(queries)}
    titles = {**columns, **values}
    order = {name: index for index, name in enumerate(titles)}
    organized = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": titles}
    units = tuple(
        {"matcher": {"id": "byName", "options": shown}, "properties": [{"id": "unit", "value": unit}]}
        for shown, unit, _ in queries
    )
    return Plan(
        "table",
        title,
        text,
        tuple(Query(expr, instant=True) for _, _, expr in queries),
        width,
        defaults={"noValue": "None"},
        overrides=units,
        transformations=({"id": "merge", "options": {}}, {"id": "organize", "options": organized}),
    )


def rendered(plan: Plan, place: dict[str, int]) -> Panel:
    """Return a panel as Grafana is to have it."""
    targets = [
        {
            "refId": _letter(number),
            "datasource": _SOURCE,
            "expr": query.expr,
            "legendFormat": query.legend,
            **({"instant": True, "range": False, "format": "table"} if query.instant else {"range": True}),
        }
        for number, query in enumerate(plan.queries)
    ]
    steps = [{"value": value, "color": color} for value, color in plan.thresholds]
    defaults = {"unit": plan.unit, "thresholds": {"mode": "absolute", "steps": steps}, **plan.defaults}
    if plan.kind in CUSTOM:
        defaults["custom"] = CUSTOM[plan.kind]
    return {
        "type": plan.kind,
        "title": plan.title,
        "description": plan.text,
        "datasource": _SOURCE,
        "gridPos": place,
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": list(plan.overrides)},
        "options": {**OPTIONS[plan.kind], **plan.options},
        "transformations": list(plan.transformations),
    }


def _letter(number: int) -> str:
    return chr(ord("A") + number)
