"""The dashboard: its queries can be read by Prometheus, ask for metrics that exist, and its panels do not overlap."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard import __main__ as generated
from dashboard.panels import WIDTH
from gotools import find_tool
from harness.cluster import ROOT
from jwk_operator.runtime.metrics import Metrics

DOCUMENT: dict[str, Any] = json.loads(generated.render())
PANELS: list[dict[str, Any]] = DOCUMENT["panels"]
QUERIES = [target["expr"] for panel in PANELS for target in panel.get("targets", ())]


@pytest.mark.timeout(900)
def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"query:{number}", "expr": query.replace("$__rate_interval", "5m").replace("$connection", ".*")}
        for number, query in enumerate(QUERIES)
    ]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    command = [str(find_tool("promtool")), "check", "rules", "rules.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(QUERIES)} rules found" in done.stdout


def test_every_metric_is_asked_for_and_exists() -> None:
    known = {family.name for family in Metrics().registry.collect()}
    asked = {
        re.sub(r"_(total|bucket)$", "", name) for query in QUERIES for name in re.findall(r"jwk_operator_\w+", query)
    }
    assert asked <= known
    assert known - asked == {
        "jwk_operator_build",
        "jwk_operator_circuit_open",
        "jwk_operator_queue_depth",
        "jwk_operator_reconcile_duration_seconds",
    }


def test_panels_have_places_of_their_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    places = [panel["gridPos"] for panel in PANELS]
    assert all(place["x"] + place["w"] <= WIDTH for place in places)
    for a, b in itertools.combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, (a, b)


def test_drift_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generated.main(["--check"], ROOT) == 0
    (tmp_path / generated.FILE).parent.mkdir(parents=True)
    assert generated.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err == "manifests/monitoring/dashboard.json has drifted: run make generate\n"
    assert generated.main([], tmp_path) == 0
    assert generated.main(["--check"], tmp_path) == 0
