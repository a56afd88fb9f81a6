"""docs/reference/metrics.md: every metric with its type, labels and meaning."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics import MetricWrapperBase

from jwk_operator.runtime.metrics import Metrics
from reference.table import Row, head, table

_HEAD = """\
`/metrics` on the port of `--metrics-port`, in the text format of Prometheus. Labels are bounded: they name connections,
environments and reasons, never JWKs or keys. Of several replicas the one that acts shows JWKs and connections. What is
built on them: [alerts](alerts.md), and a Grafana dashboard in
[dashboard.json](../../manifests/monitoring/dashboard.json).

"""
_SUFFIX = {"counter": "_total", "info": "_info"}


def render() -> str:
    """Return the page."""
    titles = ("metric", "type", "labels", "meaning")
    return head("Metrics", "jwk_operator/runtime/metrics.py") + _HEAD + table(titles, _rows())


def _rows() -> Iterator[Row]:
    metrics = Metrics()
    labels = {metric._name: metric._labelnames for metric in vars(metrics).values() if _is_metric(metric)}
    for family in metrics.registry.collect():
        # of an Info the labels are what it says, and it says that from the start
        names = labels.get(family.name, tuple(name for sample in family.samples for name in sample.labels))
        name = f"`{family.name}{_SUFFIX.get(family.type, '')}`"
        yield name, family.type, ", ".join(f"`{label}`" for label in names), family.documentation


def _is_metric(value: object) -> bool:
    return isinstance(value, MetricWrapperBase)
