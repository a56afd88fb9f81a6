"""The generated reference: every metric, flag, variable and alert is in it, and drift is found."""

from __future__ import annotations

from pathlib import Path

import click
import yaml

from harness.cluster import ROOT
from jwk_operator.runtime.metrics import Metrics
from reference import alerts, cli, metrics
from reference.__main__ import FOLDER, files, main


def test_every_metric_with_its_labels() -> None:
    page = metrics.render()
    for family in Metrics().registry.collect():
        assert f"| `{family.name}" in page
    assert "| `jwk_operator_drift_total` | counter | `connection`, `reason` |" in page
    assert "| `jwk_operator_time_to_ready_seconds` | histogram |  |" in page
    assert "| `jwk_operator_build_info` | info | `version` |" in page


def test_every_flag_with_its_variable() -> None:
    page = cli.render()
    for name, command in cli.commands():
        assert f"## jwk-operator {name}\n" in page
        for option in (param for param in command.params if isinstance(param, click.Option)):
            assert all(f"`{flag}`" in page for flag in option.opts)
            assert option.envvar is None or f"| `{option.envvar}` |" in page


def test_every_alert() -> None:
    rules = yaml.safe_load((ROOT / alerts.RULES).read_text())
    page = alerts.render(ROOT)
    for group in rules["spec"]["groups"]:
        for rule in group["rules"]:
            assert f"[{rule['alert']}](../operations/runbooks/{rule['alert']}.md)" in page


def test_drift_is_found_and_mended(tmp_path: Path) -> None:
    for path in (alerts.RULES, *files(ROOT)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text((ROOT / path).read_text())
    assert main(["--check"], tmp_path) == 0
    (tmp_path / FOLDER / "cli.md").write_text("stale")
    (tmp_path / FOLDER / "alerts.md").unlink()
    assert main(["--check"], tmp_path) == 1
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
