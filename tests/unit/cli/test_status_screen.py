"""The board on terminals of all widths."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from rich.console import Console

from cli.statuses import NOW, connection, jwk, told
from harness.objects import Object
from jwk_operator.cli.status.board import Board
from jwk_operator.cli.status.reading import Scope, read_board
from jwk_operator.cli.status.screen import Screen
from jwk_operator.cli.status.words import remaining

REFUSED = "Gateway refuses it: no route to host"
WHY = f"Not deployed to production ({REFUSED}). It is deployed again with growing delays."


def shown(board: Board, width: int) -> str:
    text = io.StringIO()
    Console(file=text, width=width, color_system=None, highlight=False).print(Screen(board))
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def board(*jwks: Object, connections: tuple[Object, ...] = (), namespace: str | None = "team-a") -> Board:
    return read_board(Scope(namespace), jwks, connections, NOW)


@pytest.fixture
def small() -> Board:
    places: dict[str, str | None] = {"development": None, "staging": None, "production": None}
    soon = (NOW + timedelta(days=4)).isoformat()
    return board(
        told(jwk("signing"), places),
        told(
            jwk("ключ-партнёра"), {**places, "production": REFUSED}, "False", "DeploymentIncomplete", WHY, "Reconciling"
        ),
        jwk("new", namespace="team-b"),
        connections=(connection(*places, token_ends=soon), connection(*places, namespace="team-b")),
        namespace=None,
    )


def test_words_where_they_fit(small: Board) -> None:
    assert (
        shown(small, 130)
        == """\
CONNECTION      READY    REASON     ADDRESS                       PROJECT   TOKEN ENDS
team-a/default  ✓ ready  Connected  https://apinizer.example.com  Payments  ! in 4 d
team-b/default  ✓ ready  Connected  https://apinizer.example.com  Payments  -

NAMESPACE  NAME           READY          REASON                development     staging         production
team-a     signing        ✓ ready        Deployed              ✓ deployed      ✓ deployed      ✓ deployed
team-a     ключ-партнёра  … in progress  DeploymentIncomplete  ✓ deployed      ✓ deployed      ✗ failed
team-b     new            … in progress                        ? not reported  ? not reported  ? not reported

! connection team-a/default  its token ends soon
    What to do: Put a new token into its Secret before the old one ends.

… team-a/ключ-партнёра  DeploymentIncomplete
    Not deployed to production (Gateway refuses it: no route to host). It is deployed again with growing delays.
    ✗ production failed: Gateway refuses it: no route to host (since 2026-11-26 09:00 UTC)
    What to do: Wait; status.deploymentResult shows the outcome for each environment.

… team-b/new  in progress
    No operator has looked at it yet; if that lasts, run jwk-operator doctor.

Environments are as the last write to each JWK reported them; nobody has looked at them since.
3 JWKs in all namespaces: 2 in progress, 1 ready. 2 connections: 2 ready."""
    )


def test_signs_with_a_legend_where_words_do_not_fit(small: Board) -> None:
    assert (
        shown(small, 60)
        == """\
✓ ready  connection team-a/default  Connected
    https://apinizer.example.com  project Payments  token
ends ! in 4 d
✓ ready  connection team-b/default  Connected
    https://apinizer.example.com  project Payments  token
ends -

┌ development
│ ┌ staging
│ │ ┌ production
│ │ │     NAME                       REASON
│ │ │     team-a: default, Payments
✓ ✓ ✓  ✓  signing                    Deployed
✓ ✓ ✗  …  ключ-партнёра              DeploymentIncomplete
│ │ │     team-b: default, Payments
? ? ?  …  new

environments  ✓ deployed   ✗ failed   ? not reported
JWKs          … in progress   ✓ ready

! connection team-a/default  its token ends soon
    What to do: Put a new token into its Secret before the
    old one ends.

… team-a/ключ-партнёра  DeploymentIncomplete
    Not deployed to production (Gateway refuses it: no route
    to host). It is deployed again with growing delays.
    ✗ production failed: Gateway refuses it: no route to
    host (since 2026-11-26 09:00 UTC)
    What to do: Wait; status.deploymentResult shows the
    outcome for each environment.

… team-b/new  in progress
    No operator has looked at it yet; if that lasts, run
    jwk-operator doctor.

Environments are as the last write to each JWK reported
them; nobody has looked at them since.
3 JWKs in all namespaces: 2 in progress, 1 ready. 2
connections: 2 ready."""
    )


def test_twenty_environments_on_eighty_columns() -> None:
    places = [f"{region}-{number}" for region in ("europe-west", "asia-southeast") for number in range(10)]
    results = dict.fromkeys(places, None) | {"asia-southeast-9": "No"}
    text = shown(board(told(jwk("a-name-of-average-length"), results)), 80)
    lines = text.splitlines()
    assert lines[:2] == ["┌ asia-southeast-0", "│ ┌ asia-southeast-1"]
    assert lines[19] == "│ " * 19 + "┌ europe-west-9"
    assert lines[20] == "│ " * 20 + "    NAME                      REASON"
    assert lines[21] == "✓ " * 9 + "✗ " + "✓ " * 10 + " ✓  a-name-of-average-length  Deployed"
    assert max(map(len, lines)) <= 80


def test_more_environments_than_columns_come_in_parts() -> None:
    places = [f"place-{number:03}" for number in range(60)]
    lines = shown(board(told(jwk("one"), dict.fromkeys(places, None))), 80).splitlines()
    assert [line for line in lines if "one" in line] == ["✓ " * n + " ✓  one   Deployed" for n in (25, 25, 10)]
    assert [line.strip("│┌ ") for line in lines if "┌" in line] == places
    assert max(map(len, lines)) <= 80


def test_long_names_are_folded() -> None:
    name, environment = "n" * 253, "e" * 120
    text = shown(board(told(jwk(name), {environment: None})), 80)
    assert "".join(text.split()).count("n") >= 253
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("width", [10, 20, 40])
def test_the_narrowest_terminals_get_something(small: Board, width: int) -> None:
    assert "ключ" in shown(small, width)


def test_a_thousand_jwks_with_one_problem() -> None:
    jwks = [
        told(jwk(f"key-{number:04}"), {}, "Unknown", "CircuitOpen", "Probing.", "Reconciling") for number in range(1000)
    ]
    lines = shown(board(*jwks), 120).splitlines()
    assert len(lines) < 1010
    assert any(
        "team-a/key-0000, team-a/key-0001, team-a/key-0002, team-a/key-0003, team-a/key-0004 and 995 more" in line
        for line in lines
    )
    assert lines[-1] == "1000 JWKs in namespace team-a: 1000 in progress."


def test_several_connections_and_projects_have_columns() -> None:
    other = told(jwk("two", connectionRef={"kind": "ClusterApinizerConnection", "name": "shared"}), {})
    other["status"]["remote"]["projectName"] = "Other"
    lines = shown(board(told(jwk("one"), {}), other), 120).splitlines()
    assert lines[0].split() == ["CONNECTION", "PROJECT", "NAME", "READY", "REASON"]
    assert lines[1].split() == ["default", "Payments", "one", "✓", "ready", "Deployed"]
    assert lines[2].split() == ["shared", "(cluster-wide)", "Other", "two", "✓", "ready", "Deployed"]


def test_markup_is_text() -> None:
    assert "[red]key[/red]" in shown(board(told(jwk("one"), {}, "False", "Rejected", "[red]key[/red]", "Stalled")), 120)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=30, hours=5), "in 30 d"),
        (timedelta(hours=47), "in 47 h"),
        (timedelta(minutes=90), "in 90 min"),
        (timedelta(0), "ended 2026-11-26"),
        (timedelta(days=-2), "ended 2026-11-24"),
    ],
)
def test_remaining(left: timedelta, words: str) -> None:
    assert remaining(NOW + left, NOW) == words
