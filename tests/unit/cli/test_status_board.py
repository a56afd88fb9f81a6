"""From objects to the board: what each state of a status comes to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.statuses import NOW, conditions, connection, jwk, told
from harness.objects import Object
from jwk_operator.cli.status.board import Board, Delivery, Health, alike, plain, problems
from jwk_operator.cli.status.reading import Scope, missing_names, read_board

TEAM = Scope("team-a")


def board(*jwks: Object, connections: tuple[Object, ...] = (), scope: Scope = TEAM) -> Board:
    return read_board(scope, jwks, connections, NOW)


def outcomes(made: Board) -> dict[str, Delivery]:
    (row,) = made.jwks
    return {outcome.environment: outcome.delivery for outcome in row.outcomes}


def test_every_state_of_an_environment() -> None:
    required = ["reported", "refused", "unknown"]
    results = {"reported": None, "refused": "No", "optional": "No", "extra": None}
    made = board(
        told(jwk("one", requiredEnvironments=required), results), connections=(connection("reported", "silent"),)
    )
    assert outcomes(made) == {
        "reported": Delivery.DEPLOYED,
        "refused": Delivery.FAILED,
        "optional": Delivery.EXCUSED,
        "extra": Delivery.DEPLOYED,
        "unknown": Delivery.NOT_REPORTED,
        "silent": Delivery.NOT_REQUIRED,
    }
    assert made.environments == ("reported", "silent", "extra", "optional", "refused", "unknown")


def test_without_requirements_every_environment_counts() -> None:
    made = board(told(jwk("one"), {"reported": "No"}), connections=(connection("silent"),))
    assert outcomes(made) == {"reported": Delivery.FAILED, "silent": Delivery.NOT_REPORTED}


def test_an_environment_of_another_project_is_none_of_its_own() -> None:
    made = board(
        told(jwk("one"), {"here": None}),
        connections=(connection("here"), connection("elsewhere", name="other", project="Other")),
    )
    assert made.environments == ("here", "elsewhere")
    assert made.jwks[0].outcome("elsewhere") is None


def test_what_one_jwk_of_a_project_reported_its_others_lack() -> None:
    shared = {"kind": "ClusterApinizerConnection", "name": "shared"}
    made = board(
        told(jwk("one"), {"here": None}),
        jwk("two", connectionRef=shared, projectName="Payments"),
        jwk("three", connectionRef=shared, projectName="Other"),
        connections=(connection(), connection(namespace="", name="shared", project=None)),
    )
    found = {row.name: [(one.environment, one.delivery) for one in row.outcomes] for row in made.jwks}
    assert found == {
        "one": [("here", Delivery.DEPLOYED)],
        "two": [("here", Delivery.NOT_REPORTED)],
        "three": [],
    }


@pytest.mark.parametrize(
    ("ready", "also", "health"),
    [
        ("True", None, Health.READY),
        ("False", "Stalled", Health.STALLED),
        ("Unknown", "Reconciling", Health.IN_PROGRESS),
        ("True", "Reconciling", Health.IN_PROGRESS),
        ("False", None, Health.NOT_READY),
        ("Unknown", None, Health.NOT_READY),
    ],
)
def test_health(ready: str, also: str | None, health: Health) -> None:
    made = board(told(jwk("one"), {}, ready, "Suspended", "Why.", also))
    assert made.jwks[0].health is health
    assert made.total == {health: 1}
    assert made.fine is (health is Health.READY)


def test_a_jwk_that_nobody_has_looked_at() -> None:
    for raw in (jwk("one"), {**jwk("one"), "status": {"observedGeneration": -1}}):
        (row,) = board(raw).jwks
        assert (row.health, row.reason) == (Health.IN_PROGRESS, "")
        assert row.message == "No operator has looked at it yet; if that lasts, run jwk-operator doctor."


def test_a_status_about_an_earlier_spec_says_nothing_about_this_one() -> None:
    raw = told(jwk("one"), {})
    raw["metadata"]["generation"] = 2
    (row,) = board(raw).jwks
    assert (row.health, row.reason) == (Health.IN_PROGRESS, "Deployed")
    assert row.message.startswith("The status is about an earlier spec")


def test_a_reason_of_another_version_is_shown_as_it_is() -> None:
    (row,) = board(told(jwk("one"), {}, "False", "FromTheFuture", "Why.", "Stalled")).jwks
    assert (row.health, row.reason, row.message, row.remedy) == (Health.STALLED, "FromTheFuture", "Why.", "")


def test_which_connections_are_shown() -> None:
    jwks = (jwk("one"), jwk("two", connectionRef={"kind": "ClusterApinizerConnection", "name": "shared"}))
    connections = (
        connection(),
        connection(name="unused"),
        connection(namespace="", name="shared"),
        connection(namespace="", name="foreign"),
    )

    def shown(*names: str, namespace: str | None = "team-a") -> list[str]:
        scope = Scope(namespace, frozenset(names))
        return [one.title for one in board(*jwks, connections=connections, scope=scope).connections]

    assert shown() == ["shared (cluster-wide)", "team-a/default", "team-a/unused"]
    assert shown("one") == ["team-a/default"]
    assert shown("two") == ["shared (cluster-wide)"]
    assert shown(namespace=None) == [
        "foreign (cluster-wide)",
        "shared (cluster-wide)",
        "team-a/default",
        "team-a/unused",
    ]


def test_names_that_are_asked_for() -> None:
    scope = Scope("team-a", frozenset({"one", "nobody"}))
    jwks = (jwk("one"), jwk("two"))
    assert [row.name for row in board(*jwks, scope=scope).jwks] == ["one"]
    assert missing_names(scope, jwks) == ["nobody"]


@pytest.mark.parametrize(("days", "soon"), [(-1, True), (6, True), (8, False)])
def test_the_end_of_a_token(days: int, soon: bool) -> None:
    ends = (NOW + timedelta(days=days)).isoformat()
    made = board(connections=(connection(token_ends=ends),))
    assert made.connections[0].token_ends_soon(NOW) is soon
    assert len(made.problems().connections) == soon
    assert made.fine


def test_a_token_that_the_operator_renews_is_nobodys_business() -> None:
    raw = connection(token_ends=NOW.isoformat())
    raw["spec"]["auth"] = {"clientCredentialsSecretRef": {"name": "clients"}}
    assert not board(connections=(raw,)).connections[0].token_ends_soon(NOW)


def test_problems_alone_keep_the_counts_of_all() -> None:
    made = board(told(jwk("one"), {}), jwk("two"), connections=(connection(),)).problems()
    assert [row.name for row in made.jwks] == ["two"]
    assert made.connections == ()
    assert made.total == {Health.IN_PROGRESS: 1, Health.READY: 1}


def test_the_same_problem_is_told_once_and_the_worst_first() -> None:
    waiting = [told(jwk(name), {}, "Unknown", "CircuitOpen", "Probing.", "Reconciling") for name in ("a", "c")]
    stalled = told(jwk("b"), {"prod": "No"}, "False", "Rejected", "Bad.", "Stalled")
    fine = told(jwk("d"), {"prod": None})
    excused = told(jwk("e", requiredEnvironments=[]), {"prod": "No"})
    found = problems(board(*waiting, stalled, fine, excused))
    assert [(problem.reason, problem.names) for problem in found] == [
        ("Rejected", ("team-a/b",)),
        ("CircuitOpen", ("team-a/a", "team-a/c")),
        ("Deployed", ("team-a/e",)),
    ]


def test_texts_of_others_steer_no_terminal() -> None:
    assert plain("\x1b[2Jgone\r\n\u202etxet\u2066  spaced\tout\u00a0Ünï 鍵") == "[2Jgone txet spaced out Ünï 鍵"
    raw = told(
        jwk("one", description="\x1b]0;title\x07"), {"pro\x1bd": "a\nb"}, "False", "Rejected", "\x1b[1m", "Stalled"
    )
    (row,) = board(raw).jwks
    assert (row.description, row.message, row.outcomes[0].environment, row.outcomes[0].message) == (
        "]0;title",
        "[1m",
        "pro d",
        "a b",
    )


def test_a_connection_has_the_same_kinds_of_health() -> None:
    raw = connection(ready="False", reason="Unauthorized", message="No.", also="Stalled")
    (found,) = board(connections=(raw,)).connections
    assert (found.health, found.reason, found.message) == (Health.STALLED, "Unauthorized", "No.")
    assert found.remedy == "Renew the token or client credentials in the Secret of the connection."
    unseen = {**raw, "status": {"conditions": conditions("True", "Connected", "Yes.")[1:]}}
    assert (
        board(connections=(unseen,)).connections[0].message
        == "No operator has looked at it yet; if that lasts, run jwk-operator doctor."
    )


def test_environments_that_say_the_same_are_told_together() -> None:
    (row,) = board(told(jwk("one"), {"a": None, "b": "No", "c": "No", "d": "Never"})).jwks
    assert [(one.environment, one.message) for one in alike(row.outcomes)] == [
        ("a", "Deployed successfully"),
        ("b, c", "No"),
        ("d", "Never"),
    ]
