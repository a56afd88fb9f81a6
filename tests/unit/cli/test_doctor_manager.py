"""What doctor says of a manager's answers, and of JWKs and what they name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jwk_operator.api.names import RemoteName
from jwk_operator.api.reasons import Reason
from jwk_operator.apinizer.answers import Answer, EnvironmentEntry, Verdict
from jwk_operator.cli.doctor.clocks import Dated
from jwk_operator.cli.doctor.findings import Finding, Level
from jwk_operator.cli.doctor.inventory import User
from jwk_operator.cli.doctor.manager import Asked, judge_manager
from jwk_operator.cli.doctor.references import judge_status
from jwk_operator.cli.doctor.users import judge_environments, judge_users, judge_writing
from jwk_operator.kube.jwks import read, trim
from jwk_operator.reconcile.connections import Resolved
from jwk_operator.reconcile.state import Problem

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
DATED = Dated("Wed, 06 May 2026 07:08:09 GMT", NOW)
SOURCE = "Secret team/default, key token"


def asked(answer: Answer | None = None, *, issued: bool = False, expires: datetime | None = None) -> Asked:
    """Return what came of one project; `answer` came instead of its list."""
    environments = (EnvironmentEntry("test"),)
    found = Asked(issued, DATED, expires, [("list", 200)], {"shop": answer or {}}, {"shop": 0.012})
    if answer is None:
        found.environments["shop"] = environments
    return found


def judged(given: Asked, check: str) -> Finding:
    (found,) = (finding for finding in judge_manager(given, SOURCE, NOW) if finding.check == check)
    return found


def test_all_is_well() -> None:
    found = judge_manager(asked(), SOURCE, NOW)
    assert {finding.level for finding in found} == {Level.OK}
    assert [finding.text for finding in found[1:]] == [
        "from Secret team/default, key token, accepted; when it ends is not in it",
        'project "shop" has 0 JWKs, listed in 12 ms',
        'project "shop" has test',
    ]


@pytest.mark.parametrize(
    ("issued", "ends", "level", "text"),
    [
        (False, timedelta(days=8), Level.OK, f"from {SOURCE}, accepted, until 2026-05-14 07:08 UTC"),
        (False, timedelta(days=6), Level.WARNING, f"from {SOURCE}, accepted; it ends at 2026-05-12 07:08 UTC"),
        (False, timedelta(0), Level.WARNING, f"from {SOURCE}, accepted, although it ended at 2026-05-06 07:08 UTC"),
        (True, timedelta(hours=1), Level.OK, "issued by the token call, accepted, until 2026-05-06 08:08 UTC"),
        (True, timedelta(seconds=90), Level.WARNING, "issued by the token call, accepted, for less than two minutes"),
    ],
)
def test_ends_of_tokens(issued: bool, ends: timedelta, level: Level, text: str) -> None:
    found = judged(asked(issued=issued, expires=NOW + ends), "token")
    assert (found.level, found.text) == (level, text)
    assert bool(found.remedy) == (level is not Level.OK)


@pytest.mark.parametrize(
    ("answer", "level", "text"),
    [
        (
            Answer(Verdict.FORBIDDEN, "You may not", 403, "forbidden"),
            Level.FAILED,
            'project "shop": You may not (403)',
        ),
        (Answer(Verdict.PROJECT_MISSING, "No project", 404), Level.FAILED, 'project "shop": No project (404)'),
        (Answer(Verdict.RATE_LIMITED, "slow down", 429, retry_after=7), Level.WARNING, "for 7 s"),
        (Answer(Verdict.SERVER_ERROR, "Maintenance.", 503), Level.FAILED, "Maintenance (503)"),
        (Answer(Verdict.UNREACHABLE, "it refuses; check it"), Level.FAILED, "it refuses"),
    ],
)
def test_what_came_instead_of_a_list(answer: Answer, level: Level, text: str) -> None:
    found = judged(asked(answer), "list")
    assert found.level is level
    assert found.text.endswith(text)
    assert found.remedy
    assert judged(asked(answer), "environments").text == "not checked, because list failed"


def test_a_token_that_cannot_be_had() -> None:
    given = asked(Answer(Verdict.UNREACHABLE, "the token call failed: no answer; check it"), issued=True)
    given.statuses = [("token", 0)]
    found = {finding.check: finding for finding in judge_manager(given, SOURCE, NOW)}
    assert found["token"] == Finding("token", Level.FAILED, "the token call failed: no answer", "check it")
    assert found["list"].text == found["environments"].text == "not checked, because token failed"


def test_a_token_that_has_ended_and_was_not_tried() -> None:
    given = Asked(issued=False, expires=NOW - timedelta(days=1))
    assert judged(given, "token").level is Level.FAILED
    assert judged(given, "list").text == "not checked, as nobody names a project"


def test_a_token_that_is_refused_as_it_has_ended() -> None:
    given = asked(Answer(Verdict.UNAUTHORIZED, "Token is invalid or expired", 401), expires=NOW - timedelta(days=1))
    found = judged(given, "token")
    assert found.text == f"{SOURCE}: Token is invalid or expired (401); it ended at 2026-05-05 07:08 UTC"


def test_no_answer_that_tells_of_the_token() -> None:
    given = asked(Answer(Verdict.SERVER_ERROR, "Maintenance", 503))
    given.statuses = [("list", 503)]
    assert judged(given, "token").level is Level.SKIPPED


def test_a_project_without_environments() -> None:
    given = asked()
    given.environments["shop"] = ()
    assert judged(given, "environments").level is Level.WARNING


def test_not_every_project_is_asked_for() -> None:
    given = asked()
    given.left_out = 3
    assert judge_manager(given, SOURCE, NOW)[-1].text == "3 more projects not checked"


# --- JWKs -------------------------------------------------------------------------------------------------------------


def user(name: str, status: dict[str, Any] | None = None, problem: Problem | None = None, **spec: Any) -> User:
    metadata = {"name": name, "namespace": "team", "uid": name, "generation": 1}
    generate = {"type": "EC", "ec": {"curveType": "P256"}}
    fields = {"sourceType": "GENERATE", "generate": generate, **spec}
    key = ("ApinizerConnection", "team", "default")
    target = None if problem else RemoteName("shop", name)
    jwk = read(trim({"metadata": metadata, "spec": fields, "status": status or {}}))
    return User(jwk, Resolved(key, target=target, problem=problem))


def test_jwks_with_the_same_trouble_are_told_together() -> None:
    problem = Problem(Reason.CONNECTION_NOT_FOUND, "ApinizerConnection default does not exist; create it.")
    users = [user("a", problem=problem), user("b"), user("c", problem=problem)]
    assert judge_users(users, labels_known=True) == [
        Finding("JWKs", Level.FAILED, "team/a, team/c: ApinizerConnection default does not exist", "create it")
    ]


def test_a_spec_that_cannot_be_read() -> None:
    (found,) = judge_users([user("a", sourceType="MAGIC")], labels_known=True)
    assert found.level is Level.FAILED
    assert "team/a: The spec cannot be read: spec.sourceType" in found.text
    assert "MAGIC" not in found.text


def test_labels_that_may_not_be_read_leave_it_open_who_may_use_a_connection() -> None:
    users = [user("a", problem=Problem(Reason.CONNECTION_NOT_ALLOWED, "not allowed; add it."))]
    assert judge_users(users, labels_known=True)[0].level is Level.FAILED
    assert judge_users(users, labels_known=False)[0].level is Level.SKIPPED


def test_environments_of_projects_that_were_not_asked_for_are_not_missing() -> None:
    users = [user("a", requiredEnvironments=["moon"])]
    assert judge_environments(users, {}) == []
    (found,) = judge_environments(users, {"shop": (EnvironmentEntry("test"),)})
    assert found.text == 'team/a: spec.requiredEnvironments names "moon", which project "shop" does not have'


@pytest.mark.parametrize(
    ("http_status", "level", "text"),
    [
        (200, Level.OK, "was carried out; doctor itself writes nothing"),
        (403, Level.FAILED, "was forbidden (403)"),
    ],
)
def test_the_last_write_tells_of_the_right_to_write(http_status: int, level: Level, text: str) -> None:
    def operation(time: str, status: int, kind: str = "Update") -> dict[str, Any]:
        return {"lastOperation": {"type": kind, "time": time, "httpStatus": status}}

    found = judge_writing(
        [
            user("old", operation("2026-05-01T00:00:00Z", 200)),
            user("new", operation("2026-05-02T10:00:00Z", http_status)),
            user("listed", operation("2026-05-03T00:00:00Z", 200, "List")),
            user("rejected", operation("2026-05-03T00:00:00Z", 400)),
        ]
    )
    last = "the update of team/new by the operator at 2026-05-02 10:00 UTC"
    assert (found.level, found.text) == (level, f"{last} {text}")


# --- a connection's status --------------------------------------------------------------------------------------------


def connection(**status: Any) -> dict[str, Any]:
    return {"metadata": {"generation": 2}, "spec": {}, "status": status}


def condition(status: str, reason: str) -> list[dict[str, Any]]:
    time = "2026-05-06T07:08:09Z"
    return [{"type": "Ready", "status": status, "reason": reason, "message": "It is so.", "lastTransitionTime": time}]


@pytest.mark.parametrize(
    ("raw", "level", "text"),
    [
        (connection(observedGeneration=2, conditions=condition("True", "Connected")), Level.OK, "Connected: It is so"),
        (connection(observedGeneration=2, conditions=condition("False", "CircuitOpen")), Level.FAILED, "It is so"),
        (connection(observedGeneration=2, conditions=condition("Unknown", "RateLimited")), Level.WARNING, "It is so"),
        (connection(observedGeneration=1, conditions=condition("True", "Connected")), Level.WARNING, "on this spec"),
        (connection(conditions="edited"), Level.WARNING, "no operator has reported on this spec"),
        (
            {"metadata": {"deletionTimestamp": "2026-05-06T07:08:09Z"}, "spec": {}, "status": {}},
            Level.WARNING,
            "the connection is being deleted",
        ),
    ],
)
def test_what_the_operator_reports(raw: dict[str, Any], level: Level, text: str) -> None:
    found = judge_status(raw)
    assert found.level is level
    assert found.text.endswith(text)
