"""docs/reference/alerts.md: every alert with its expression and its runbook page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from reference.table import Row, head, table

RULES = Path("manifests/monitoring/prometheusrule.yaml")
_HEAD = """\
[manifests/monitoring](../../manifests/monitoring/kustomization.yaml) installs them for the Prometheus operator, with
the ServiceMonitor and the dashboard; in the chart they are `metrics.prometheusRule.enabled`. Each has its runbook page.

"""


def render(root: Path) -> str:
    """Return the page."""
    rules = yaml.safe_load((root / RULES).read_text(encoding="utf-8"))
    return head("Alerts", RULES.as_posix()) + _HEAD + table(("alert", "severity", "for", "while"), _rows(rules))


def _rows(rules: dict[str, Any]) -> Iterator[Row]:
    for group in rules["spec"]["groups"]:
        for rule in group["rules"]:
            page = rule["annotations"]["runbook_url"].removeprefix("docs/")
            yield (
                f"[{rule['alert']}](../{page})",
                rule["labels"]["severity"],
                rule.get("for", "at once"),
                f"`{rule['expr']}`",
            )
