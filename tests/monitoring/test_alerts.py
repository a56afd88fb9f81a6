"""The alerts: promtool accepts them and sees each fire, each has its page, and they ask for metrics that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gotools import find_tool
from harness.cluster import ROOT
from jwk_operator.runtime.metrics import Metrics

MONITORING = ROOT / "manifests" / "monitoring"
RUNBOOKS = Path("docs/operations/runbooks")
CASES = Path(__file__).parent / "alerts.yaml"


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


RULES = [rule for group in load(MONITORING / "prometheusrule.yaml")["spec"]["groups"] for rule in group["rules"]]
ALERTS = [rule["alert"] for rule in RULES]


@pytest.mark.timeout(900)
def test_promtool_sees_each_fire_when_it_should(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(load(MONITORING / "prometheusrule.yaml")["spec"]))
    (tmp_path / CASES.name).write_text(CASES.read_text())
    for command in (("check", "rules", "--lint-fatal", "rules.yaml"), ("test", "rules", CASES.name)):
        done = subprocess.run(
            [str(find_tool("promtool")), *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_each_is_seen_firing(alert: str) -> None:
    cases = [case for test in load(CASES)["tests"] for case in test.get("alert_rule_test", ())]
    assert any(case["alertname"] == alert and case["exp_alerts"] for case in cases)


@pytest.mark.parametrize("rule", RULES, ids=ALERTS)
def test_each_has_its_page(rule: dict[str, Any]) -> None:
    page = RUNBOOKS / f"{rule['alert']}.md"
    assert rule["annotations"]["runbook_url"] == page.as_posix()
    text = (ROOT / page).read_text()
    assert text.startswith(f"# {rule['alert']}\n")
    assert all(part in text for part in ("**Impact.**", "**Check.**", "**Fix.**"))


def test_no_page_is_left_over() -> None:
    assert {path.stem for path in (ROOT / RUNBOOKS).glob("*.md")} == set(ALERTS)


def test_they_ask_for_metrics_and_labels_that_exist() -> None:
    known = {family.name: family for family in Metrics().registry.collect()}
    names = {name for rule in RULES for name in re.findall(r"jwk_operator_\w+", rule["expr"])}
    for name in names:
        assert re.sub(r"_(total|created|info|count)$", "", name) in known, name
    labels = {label for rule in RULES for label in re.findall(r'(\w+)="', rule["expr"])}
    assert labels == {"waits_for", "outcome", "renewed", "resource"}
