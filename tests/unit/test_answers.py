"""What answers of the Management API mean (its contract's table of errors)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from jwk_operator.api.remote import RemoteEntry
from jwk_operator.apinizer.answers import (
    Deployment,
    EnvironmentOutcome,
    Verdict,
    classify_error,
    read_deployment,
    read_list,
)
from strategies import JSON_VALUES

TAKEN = "JWK (name: my-jwk) is already exist! Try update operation if want to change its value."
GONE = "JWK (name: my-jwk) is not found!"
NO_PROJECT = "Project(MyProject) was not found or user does not have privilege to access it!"
V = Verdict

ON_EVERY_CALL = [
    (400, "JWK name can not be empty!", V.REJECTED),
    (400, "Source type is required!", V.REJECTED),
    (400, "URL is required for URL source type!", V.REJECTED),
    (400, "Certificate (name: my-certificate) is not found!", V.REJECTED),
    (400, "projectName value can not be empty!", V.REJECTED),
    (400, "Project not found for name: (MyProject) or user has not privilege to access it!", V.PROJECT_MISSING),
    (400, TAKEN, V.EXISTS),
    (400, "JWK (name: other) is already exist!", V.EXISTS),
    (409, "", V.EXISTS),
    (409, "duplicate", V.EXISTS),
    (401, "Invalid token", V.UNAUTHORIZED),
    (401, "Token is invalid or expired", V.UNAUTHORIZED),
    (403, "You do not have permission to perform this action", V.FORBIDDEN),
    (404, NO_PROJECT, V.PROJECT_MISSING),
    (404, "project x", V.PROJECT_MISSING),
    (429, "Rate limit exceeded. Please try again later.", V.RATE_LIMITED),
    (500, "An unexpected error occurred. Please try again later.", V.SERVER_ERROR),
    (502, "", V.SERVER_ERROR),
    (503, TAKEN, V.SERVER_ERROR),
    (408, "", V.SERVER_ERROR),
    (405, "", V.REJECTED),
    (413, "", V.REJECTED),
    (422, "", V.REJECTED),
]


@pytest.mark.parametrize(("status", "text", "verdict"), ON_EVERY_CALL)
@pytest.mark.parametrize("creates", [True, False])
def test_error_on_any_call(status: int, text: str, creates: bool, verdict: Verdict) -> None:
    assert classify_error(status, text, creates=creates) is verdict


@pytest.mark.parametrize(
    ("status", "text", "on_create", "on_others"),
    [
        (400, GONE, V.REJECTED, V.MISSING),
        (400, "JWK (name: a (b)) is not found! Try create operation.", V.REJECTED, V.MISSING),
        (404, GONE, V.PROJECT_MISSING, V.MISSING),
        (404, "", V.PROJECT_MISSING, V.MISSING),
        (404, "Projection is odd", V.PROJECT_MISSING, V.MISSING),
    ],
)
def test_error_that_depends_on_the_call(status: int, text: str, on_create: Verdict, on_others: Verdict) -> None:
    assert classify_error(status, text, creates=True) is on_create
    assert classify_error(status, text, creates=False) is on_others


ONE = {"environmentName": "prod", "success": True, "message": "done"}


@pytest.mark.parametrize(
    ("result", "deployment"),
    [
        (None, None),
        ([], None),
        ("yes", None),
        ({}, Deployment(False, "", ())),
        ({"success": True, "message": "ok"}, Deployment(True, "ok", ())),
        ({"success": "true", "message": None}, Deployment(False, "", ())),
        ({"success": True, "environmentResults": {}}, Deployment(True, "", ())),
        (
            {"success": True, "environmentResults": [ONE]},
            Deployment(True, "", (EnvironmentOutcome("prod", True, "done"),)),
        ),
        (
            {"success": False, "environmentResults": [None, 1, {}, {"environmentName": ""}, {"environmentName": "dr"}]},
            Deployment(False, "", (EnvironmentOutcome("dr", False, ""),)),
        ),
    ],
)
def test_read_deployment(result: Any, deployment: Deployment | None) -> None:
    assert read_deployment({"deploymentResult": result}) == deployment


def test_failed_environments() -> None:
    outcomes = (EnvironmentOutcome("a", False, ""), EnvironmentOutcome("b", True, ""))
    assert Deployment(False, "", outcomes).failed == ("a",)
    assert Deployment(True, "", outcomes).lacks == "a"
    assert Deployment(False, "", outcomes[1:]).lacks == "every environment"
    assert Deployment(True, "", outcomes[1:]).lacks is None


FULL = {
    "name": "a",
    "description": "d",
    "sourceType": "URL",
    "sourceUrl": "u",
    "type": "EC",
    "kid": "k",
    "projectId": 1,
}


@pytest.mark.parametrize(
    ("body", "entries"),
    [
        ({}, None),
        ({"resultList": None}, None),
        ({"resultList": {}}, None),
        ({"resultList": [1]}, None),
        ({"resultList": [{}]}, None),
        ({"resultList": [{"name": "a"}, {"name": None}]}, None),
        ({"resultList": []}, {}),
        ({"resultList": [FULL]}, {"a": RemoteEntry("d", "URL", "u", "EC", "k")}),
        ({"resultList": [{"name": "a"}]}, {"a": RemoteEntry("", "", None, None, None)}),
        ({"resultList": [{"name": "a", "kid": "", "type": None}]}, {"a": RemoteEntry("", "", None, None, None)}),
        (
            {"resultList": [{"name": "a"}, {"name": "A"}]},
            {name: RemoteEntry("", "", None, None, None) for name in ("a", "A")},
        ),
    ],
)
def test_read_list(body: dict[str, Any], entries: dict[str, RemoteEntry] | None) -> None:
    assert read_list(body) == entries


@given(JSON_VALUES)
def test_malformed_lists_and_results_never_raise(value: Any) -> None:
    read_list({"resultList": value})
    read_list({"resultList": [value]})
    read_deployment({"deploymentResult": value})
    read_deployment({"deploymentResult": {"environmentResults": [value]}})


@given(JSON_VALUES)
def test_what_a_list_shows_is_text(value: Any) -> None:
    entries = read_list({"resultList": [{"name": "a", "sourceUrl": value, "type": value, "kid": value}]})
    assert entries is not None
    shown = entries["a"]
    assert all(part is None or isinstance(part, str) for part in (shown.source_url, shown.type, shown.kid))
