"""What the dashboard shows when all is well, when it is not, and when nobody knows: its queries, asked by promtool."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gotools import find_tool
from monitoring.test_dashboard import PANELS, of_all

Series = dict[str, float]
Answers = dict[str, list[Series]]
"""By the title of a panel, what each of its queries brings: values by labels."""

WELL: Series = {
    'jwk_operator_watch_age_seconds{resource="jwks"}': 60,
    'jwk_operator_jwks{connection="a",reason="Deployed",waits_for="nobody"}': 5,
    'jwk_operator_jwks{connection="a",reason="Suspended",waits_for="nobody"}': 1,
    'jwk_operator_environments{connection="a",environment="prod",outcome="deployed"}': 5,
    'jwk_operator_environments{connection="a",environment="test",outcome="optional"}': 5,
    'jwk_operator_deployment_unknown{connection="a"}': 0,
    'jwk_operator_connection_ready{connection="a",reason="Connected"}': 1,
    'jwk_operator_connection_ready_since_timestamp_seconds{connection="a"}': 10,
    'jwk_operator_circuit_open{connection="a"}': 0,
}
TROUBLE: Series = {
    **WELL,
    'jwk_operator_jwks{connection="a",reason="Rejected",waits_for="user"}': 2,
    'jwk_operator_jwks_waiting_since_timestamp_seconds{connection="a",reason="Rejected",waits_for="user"}': 20,
    'jwk_operator_jwks{connection="b",reason="CircuitOpen",waits_for="operator"}': 3,
    'jwk_operator_jwks_waiting_since_timestamp_seconds{connection="b",reason="CircuitOpen",waits_for="operator"}': 30,
    'jwk_operator_environments{connection="a",environment="prod",outcome="failed"}': 4,
    'jwk_operator_environments_failing_since_timestamp_seconds{connection="a",environment="prod"}': 40,
    'jwk_operator_connection_ready{connection="b",reason="CircuitOpen"}': 0,
    'jwk_operator_connection_ready_since_timestamp_seconds{connection="b"}': 50,
    'jwk_operator_circuit_open{connection="b"}': 1,
    'ALERTS{alertname="JWKStalled",alertstate="firing",severity="warning",reason="Rejected"}': 1,
    'ALERTS{alertname="JWKNotSettling",alertstate="pending",severity="warning",reason="CircuitOpen"}': 1,
}
TABLES = {
    "What is not deployed, since when, and why": 2,
    "Where it is missing, and since when": 2,
    "JWKs that wait, and where they are missing, over time": 3,
    "Alerts that fire": 1,
    "Connections that cannot be used, since when, and why": 2,
}
NOTHING: Answers = {title: [{}] * queries for title, queries in TABLES.items()}
NUMBERS = (
    "Everything is deployed everywhere",
    "Deployed",
    "Left alone",
    "Wait for somebody",
    "Not settled yet",
    "Missing somewhere",
    "Unusable connections",
)


def numbers(*values: float) -> Answers:
    """One number for each of the panels at the top."""
    return {title: [{"{}": value}] for title, value in zip(NUMBERS, values, strict=True)}


WORLDS: dict[str, tuple[Series, Answers]] = {
    "all is well": (
        WELL,
        {**NOTHING, **numbers(0, 5, 1, 0, 0, 0, 0), "Of them act": [{"{}": 1}], "Ready": [{'{connection="a"}': 1}]},
    ),
    "nothing is there to be deployed": (
        {'jwk_operator_watch_age_seconds{resource="jwks"}': 60},
        {**NOTHING, **numbers(0, 0, 0, 0, 0, 0, 0), "Ready": [{}]},
    ),
    "of some nobody knows": (
        {**WELL, 'jwk_operator_deployment_unknown{connection="a"}': 2},
        {
            **NOTHING,
            **numbers(1, 5, 1, 0, 0, 0, 0),
            "Where it is missing, and since when": [{'{connection="a", environment="not known"}': 2}, {}],
        },
    ),
    "of some nobody knows, others are in trouble": (
        {**TROUBLE, 'jwk_operator_deployment_unknown{connection="a"}': 2},
        numbers(3, 5, 1, 2, 3, 4, 1),
    ),
    "trouble": (
        TROUBLE,
        {
            **numbers(2, 5, 1, 2, 3, 4, 1),
            "What is not deployed, since when, and why": [
                {
                    '{connection="a", reason="Rejected", waits_for="user"}': 2,
                    '{connection="b", reason="CircuitOpen", waits_for="operator"}': 3,
                },
                {
                    '{connection="a", reason="Rejected", waits_for="user"}': 20000,
                    '{connection="b", reason="CircuitOpen", waits_for="operator"}': 30000,
                },
            ],
            "Where it is missing, and since when": [
                {'{connection="a", environment="prod"}': 4},
                {'{connection="a", environment="prod"}': 40000},
            ],
            "JWKs that wait, and where they are missing, over time": [
                {'{reason="Rejected"}': 2},
                {'{reason="CircuitOpen"}': 3},
                {'{environment="prod"}': 4},
            ],
            "Alerts that fire": [{'{alertname="JWKStalled", severity="warning"}': 1}],
            "Connections that cannot be used, since when, and why": [
                {'{connection="b", reason="CircuitOpen"}': 3},
                {'{connection="b", reason="CircuitOpen"}': 50000},
            ],
            "Ready": [{'{connection="a"}': 1, '{connection="b"}': -2}],
        },
    ),
    # Neither green nor 0: it is not known.
    "operators run, and none acts": (
        {'jwk_operator_build_info{version="1"}': 1},
        {**NOTHING, **{title: [{}] for title in NUMBERS}, "Of them act": [{"{}": 0}], "Replicas": [{"{}": 1}]},
    ),
    "no operator": ({}, {**NOTHING, **{title: [{}] for title in (*NUMBERS, "Of them act", "Replicas")}}),
}


def questions(answers: Answers) -> list[dict[str, Any]]:
    """As promtool wants them."""
    asked = []
    for title, expected in answers.items():
        (panel,) = [panel for panel in PANELS if panel["title"] == title]
        assert len(panel["targets"]) == len(expected), title
        for target, samples in zip(panel["targets"], expected, strict=True):
            found = [{"labels": labels, "value": value} for labels, value in samples.items()]
            asked.append({"expr": of_all(target["expr"]), "eval_time": "5m", "exp_samples": found})
    return asked


@pytest.mark.timeout(900)
def test_the_answers(tmp_path: Path) -> None:
    tests = [
        {
            "name": name,
            "interval": "1m",
            "input_series": [{"series": series, "values": f"{value}x10"} for series, value in world.items()],
            "promql_expr_test": questions(answers),
        }
        for name, (world, answers) in WORLDS.items()
    ]
    (tmp_path / "answers.yaml").write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": tests}))
    command = [str(find_tool("promtool")), "test", "rules", "answers.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
