"""The scripts for Argo CD pass the test cases beside them, as they would in Argo CD's own repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops.machine import GitOps
from harness.cluster import ROOT
from health import __main__ as generated
from health.argocd import ANY_TIME, CONFIG, FOLDER, KINDS
from health.states import connection_states, jwk_states
from jwk_operator.api.reasons import ConnectionReason, Reason

REQUESTED = "apiops.apinizer.com/reconcile-requested-at"


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def cases() -> list[Any]:
    return [
        pytest.param(kind, case, id=f"{kind}-{Path(case['inputPath']).stem}")
        for kind in KINDS
        for case in load(ROOT / FOLDER / kind / "health_test.yaml")["tests"]
    ]


@pytest.mark.parametrize(("kind", "case"), cases())
def test_health(gitops: GitOps, kind: str, case: dict[str, Any]) -> None:
    folder = ROOT / FOLDER / kind
    found = gitops.lua("health", (folder / "health.lua").read_text(), load(folder / case["inputPath"]))
    assert found == case["healthStatus"]


def scripts(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("*/action.lua")}


@pytest.mark.parametrize("kind", KINDS)
def test_discovery(gitops: GitOps, kind: str) -> None:
    folder = ROOT / FOLDER / kind / "actions"
    tests = load(folder / "action_test.yaml")["discoveryTests"]
    assert len(tests) == (3 if kind == "JWK" else 1)
    for case in tests:
        found = gitops.lua("discovery", (folder / "discovery.lua").read_text(), load(folder / case["inputPath"]))
        assert found == {action["name"]: {"disabled": action["disabled"]} for action in case["result"]}
        assert set(found) == scripts(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_actions(gitops: GitOps, kind: str) -> None:
    folder = ROOT / FOLDER / kind / "actions"
    tests = load(folder / "action_test.yaml")["actionTests"]
    assert {case["action"] for case in tests} == scripts(folder)
    for case in tests:
        script = (folder / case["action"] / "action.lua").read_text()
        found = gitops.lua("action", script, load(folder / case["inputPath"]))
        annotations = found["metadata"].get("annotations") or {}
        if REQUESTED in annotations:
            # Argo CD's own test does the same for the annotations that it knows (testNormalizer in util/lua)
            annotations[REQUESTED] = ANY_TIME
        assert found == load(folder / case["expectedOutputPath"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("annotations", [None, {"other": "kept"}])
def test_reconcile_asks_by_the_annotation(gitops: GitOps, kind: str, annotations: dict[str, str] | None) -> None:
    folder = ROOT / FOLDER / kind / "actions"
    document = load(folder / "testdata" / "active.yaml")
    if annotations:
        document["metadata"]["annotations"] = annotations
    found = gitops.lua("action", (folder / "reconcile" / "action.lua").read_text(), document)
    when = found["metadata"]["annotations"].pop(REQUESTED)
    assert when.endswith("Z")
    # to Lua an empty table is an empty list; Argo CD merges what changed, so that nothing comes of it here
    assert (found["metadata"].pop("annotations") or {}) == (annotations or {})
    document["metadata"].pop("annotations", None)
    assert found == document


def test_the_snippet_holds_the_scripts() -> None:
    data = load(ROOT / CONFIG)["data"]
    for kind in KINDS:
        script = (ROOT / FOLDER / kind / "health.lua").read_text()
        assert data[f"resource.customizations.health.apiops.apinizer.com_{kind}"] == script
        actions = yaml.safe_load(data[f"resource.customizations.actions.apiops.apinizer.com_{kind}"])
        wanted = {"reconcile", "suspend", "resume"} if kind == "JWK" else {"reconcile"}
        assert {item["name"] for item in actions["definitions"]} == wanted


def test_drift_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for script in (ROOT / FOLDER).glob("**/*.lua"):
        copy = tmp_path / script.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(script.read_text())
    assert generated.main(["--check"], tmp_path) == 1
    (tmp_path / generated.PAGE).parent.mkdir(parents=True)
    assert generated.main([], tmp_path) == 0
    assert generated.main(["--check"], tmp_path) == 0
    (tmp_path / FOLDER / "JWK" / "testdata" / "old.yaml").write_text("")
    capsys.readouterr()
    assert generated.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err.endswith("JWK/testdata/old.yaml has drifted: run make generate\n")
    assert generated.main([], tmp_path) == 0
    assert generated.main(["--check"], tmp_path) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_states_are_what_they_are_called(kind: str) -> None:
    states = jwk_states() if kind == "JWK" else connection_states(kind)
    reasons: list[str] = [reason.value for reason in (Reason if kind == "JWK" else ConnectionReason)]
    assert [state.reason for state in states if not state.when] == reasons
    assert all(state.conditions["Ready"]["reason"] == state.reason for state in states)
    more = [(state.reason, state.conditions["Ready"]["status"]) for state in states if state.when]
    assert more == ([("Suspended", "True"), ("Suspended", "Unknown")] if kind == "JWK" else [("NotProbed", "True")])
