"""The dashboard: Grafana's schemas and Prometheus can read it, and its queries give the answers that they promise.

No Grafana can be had here: Debian has no package of it, and its Go module comes without the front end.
"""

from __future__ import annotations

import copy
import itertools
import json
import re
import subprocess
from collections.abc import Callable
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


def of_all(query: str) -> str:
    """A query as Grafana asks it when nothing is chosen."""
    return query.replace("$__rate_interval", "5m").replace("$connection", ".*")


def complaint(document: dict[str, Any]) -> str:
    """What Grafana's schemas have against a dashboard."""
    command, text = [str(find_tool("dashboard"))], json.dumps(document)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode == 0, done.stderr) == (not done.stdout, "")
    return done.stdout.strip()


@pytest.mark.timeout(900)
def test_grafana_can_read_it() -> None:
    assert complaint(DOCUMENT) == ""


def first(document: dict[str, Any], kind: str) -> dict[str, Any]:
    panel: dict[str, Any] = next(panel for panel in document["panels"] if panel["type"] == kind)
    return panel


Break = Callable[[dict[str, Any]], object]
BROKEN: list[tuple[Break, str]] = [
    (lambda whole: whole.update(tiles=[]), "Dashboard: unexpected field 'tiles'"),
    (lambda whole: whole.update(title=1), "title: json: cannot unmarshal number"),
    (lambda whole: whole["templating"]["list"][0].update(extra=1), "VariableModel: unexpected field 'extra'"),
    (lambda whole: first(whole, "row").update(extra=1), "RowPanel: unexpected field 'extra'"),
    (lambda whole: first(whole, "stat").update(extra=1), "Panel: unexpected field 'extra'"),
    (lambda whole: first(whole, "stat").update(type="text"), "no schema is known for a panel of type"),
    (lambda whole: first(whole, "stat")["gridPos"].update(w=25), "gridPos.w: must be <= 24"),
    (lambda whole: first(whole, "stat")["options"].pop("graphMode"), "options.graphMode: required field is missing"),
    (lambda whole: first(whole, "table")["options"].update(showHeader="yes"), "showHeader: json: cannot unmarshal"),
    (lambda whole: first(whole, "state-timeline")["options"].update(extra=1), "Options: unexpected field 'extra'"),
    (lambda whole: fields(whole, "timeseries")["custom"].update(extra=1), "GraphFieldConfig: unexpected field 'extra'"),
    (lambda whole: fields(whole, "stat")["mappings"][0].update(extra=1), "ValueMap: unexpected field 'extra'"),
    (lambda whole: fields(whole, "stat")["thresholds"].pop("mode"), "thresholds.mode: required field is missing"),
    (lambda whole: first(whole, "stat")["targets"][0].update(expr=1), "targets[0].expr: json: cannot unmarshal"),
    (lambda whole: first(whole, "stat")["targets"][0].update(extra=1), "Dataquery: unexpected field 'extra'"),
]


def fields(document: dict[str, Any], kind: str) -> dict[str, Any]:
    defaults: dict[str, Any] = first(document, kind)["fieldConfig"]["defaults"]
    return defaults


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("broken", "told"), BROKEN, ids=[told for _, told in BROKEN])
def test_what_is_broken_is_found(broken: Break, told: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    broken(document)
    assert told in complaint(document)


@pytest.mark.timeout(900)
def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"query:{number}", "expr": of_all(query)} for number, query in enumerate(QUERIES)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    command = [str(find_tool("promtool")), "check", "rules", "rules.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(QUERIES)} rules found" in done.stdout


def test_every_metric_is_asked_for_and_exists() -> None:
    known = {family.name for family in Metrics().registry.collect()}
    asked = {
        re.sub(r"_(total|bucket|info)$", "", name)
        for query in QUERIES
        for name in re.findall(r"jwk_operator_\w+", query)
    }
    assert asked == known


def test_each_alert_has_its_panel() -> None:
    rules = yaml.safe_load((ROOT / "manifests" / "monitoring" / "prometheusrule.yaml").read_text())
    alerts = [rule["alert"] for group in rules["spec"]["groups"] for rule in group["rules"]]
    named = [name for panel in PANELS for name in re.findall(r"\bJWK[A-Z]\w+", panel.get("description", ""))]
    assert sorted(named) == sorted(alerts)


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
