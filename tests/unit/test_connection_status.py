"""What the status of a connection says, from what is known of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jwk_operator.api.connection import ApinizerConnectionStatus, ConnectionCondition
from jwk_operator.api.reasons import Reason
from jwk_operator.apinizer.answers import Answer, EnvironmentEntry, Verdict
from jwk_operator.reconcile.connection_status import (
    ConnectionFacts,
    Probe,
    connection_patch,
    is_current,
    news,
    render_connection,
)
from jwk_operator.reconcile.state import Problem

NOW = datetime(2027, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)
SECOND = NOW.replace(microsecond=0)
ENVIRONMENTS = (EnvironmentEntry("production", "PROD", "PUBLISHED"), EnvironmentEntry("test"))
REFUSED = Answer(Verdict.UNAUTHORIZED, "Invalid token", 401, "invalid_token")
DOWN = Answer(Verdict.UNREACHABLE, "https://m refuses connections")
OPEN = Answer(Verdict.CIRCUIT_OPEN, "https://m refuses connections", local=True)
FINE = ConnectionFacts(
    generation=3,
    now=NOW,
    users=2,
    project="shop",
    credential="Secret team/token",
    probe=Probe("shop", ENVIRONMENTS, NOW),
)


def conditions(status: ApinizerConnectionStatus) -> dict[str, tuple[str, str, str]]:
    return {item.type: (item.status, item.reason, item.message) for item in status.conditions or ()}


def probed(outcome: Answer, project: str = "shop") -> ConnectionFacts:
    return replace(FINE, probe=Probe(project, outcome, NOW))


def first(facts: ConnectionFacts) -> ApinizerConnectionStatus:
    return render_connection(ApinizerConnectionStatus(), facts)


def test_a_connection_that_works() -> None:
    status = first(replace(FINE, token_expires_at=NOW + timedelta(hours=1)))
    assert status.model_dump(mode="json", by_alias=True, exclude_none=True) == {
        "observedGeneration": 3,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "observedGeneration": 3,
                "lastTransitionTime": "2027-01-01T12:00:00Z",
                "reason": "Connected",
                "message": 'Apinizer answers; project "shop" has 2 environments.',
            }
        ],
        "environments": [{"name": "production", "type": "PROD", "status": "PUBLISHED"}, {"name": "test"}],
        "tokenExpiresAt": "2027-01-01T13:00:00Z",
        "lastProbeTime": "2027-01-01T12:00:00Z",
        "jwks": 2,
        "circuit": {"state": "Closed"},
    }


@pytest.mark.parametrize(
    ("facts", "ready", "other"),
    [
        (
            replace(FINE, problem=Problem(Reason.SECRET_NOT_FOUND, "C c: Secret team/token does not exist.")),
            ("False", "SecretNotFound", "C c: Secret team/token does not exist."),
            "Stalled",
        ),
        (
            probed(REFUSED),
            (
                "False",
                "Unauthorized",
                "Apinizer does not accept the credential of Secret team/token; put a valid one there: Invalid token",
            ),
            "Stalled",
        ),
        (
            replace(FINE, held=REFUSED),
            (
                "False",
                "Unauthorized",
                "Apinizer does not accept the credential of Secret team/token; put a valid one there: Invalid token",
            ),
            "Stalled",
        ),
        (
            probed(Answer(Verdict.FORBIDDEN, "no", 403)),
            (
                "False",
                "Forbidden",
                (
                    'The credential of Secret team/token lacks permission in project "shop"; it needs SECRETS + MANAGE '
                    "and SECRETS + DEPLOY_UNDEPLOY: no"
                ),
            ),
            "Stalled",
        ),
        (
            probed(Answer(Verdict.PROJECT_MISSING, "Project not found", 400)),
            (
                "False",
                "ProjectNotFound",
                (
                    'Project "shop" cannot be used; correct spec.projectName, or give the account access to it: '
                    "Project not found"
                ),
            ),
            "Stalled",
        ),
        (
            replace(FINE, held=OPEN),
            (
                "False",
                "CircuitOpen",
                f"Apinizer failed several times in a row, so only probes are sent until one succeeds: {DOWN.text}.",
            ),
            "Reconciling",
        ),
        (
            probed(DOWN),
            ("Unknown", "Unreachable", "No answer from Apinizer: https://m refuses connections."),
            "Reconciling",
        ),
    ],
)
def test_a_connection_that_does_not_work(facts: ConnectionFacts, ready: tuple[str, str, str], other: str) -> None:
    found = conditions(first(facts))
    assert found["Ready"] == ready
    assert {kind for kind in found if kind != "Ready"} == {other}
    assert found[other] == ("True", *ready[1:])


def test_a_connection_that_names_no_project_is_ready_without_a_probe() -> None:
    facts = replace(FINE, project=None, probe=None, users=0, askable=False)
    assert conditions(first(facts))["Ready"][:2] == ("True", "NotProbed")


def test_before_the_first_probe_of_a_process_the_last_word_stands() -> None:
    known = first(FINE)
    unprobed = replace(FINE, probe=None, users=9)
    later = render_connection(known, unprobed)
    assert later.conditions == known.conditions
    assert later.environments == known.environments
    assert later.jwks == 9
    assert conditions(first(unprobed))["Ready"] == ("Unknown", "NotProbed", "Not probed yet.")
    changed = render_connection(known, replace(unprobed, generation=4))
    assert conditions(changed)["Ready"][:2] == ("Unknown", "NotProbed")
    assert is_current(known, 3)
    assert not is_current(known, 4)
    assert not is_current(first(probed(REFUSED)), 3)


@pytest.mark.parametrize("verdict", [Verdict.FORBIDDEN, Verdict.PROJECT_MISSING])
def test_trouble_with_the_project_of_some_jwk_is_that_jwks(verdict: Verdict) -> None:
    facts = replace(probed(Answer(verdict, "no"), "other"), project=None)
    status = first(facts)
    assert conditions(status)["Ready"][:2] == ("True", "Connected")
    assert status.environments is None


@pytest.mark.parametrize(
    "outcome", [DOWN, Answer(Verdict.SERVER_ERROR, "x", 503), Answer(Verdict.RATE_LIMITED, "x", 429)]
)
@pytest.mark.parametrize("before", [FINE, probed(REFUSED)])
def test_what_cannot_be_checked_just_now_is_not_broken(before: ConnectionFacts, outcome: Answer) -> None:
    known = first(before)
    later = render_connection(known, replace(probed(outcome), now=NOW + timedelta(minutes=10)))
    assert later.conditions == known.conditions
    assert later.environments == known.environments


def test_what_was_known_of_an_earlier_spec_does_not_count() -> None:
    later = render_connection(first(FINE), replace(probed(DOWN), generation=4))
    assert conditions(later)["Ready"][:2] == ("Unknown", "Unreachable")


def test_a_closed_circuit_is_not_reported_as_open_for_want_of_a_probe() -> None:
    later = render_connection(first(replace(FINE, held=OPEN)), probed(DOWN))
    assert conditions(later)["Ready"][:2] == ("Unknown", "Unreachable")


def test_the_circuit_and_since_when() -> None:
    opened = first(replace(FINE, held=OPEN, circuit_changed=NOW)).circuit
    assert opened is not None
    assert (opened.state, opened.since) == ("Open", SECOND)
    later = NOW + timedelta(minutes=5)
    closed = render_connection(first(replace(FINE, held=OPEN)), replace(FINE, circuit_changed=later)).circuit
    assert closed is not None
    assert (closed.state, closed.since) == ("Closed", SECOND + timedelta(minutes=5))


def test_a_restart_makes_no_news() -> None:
    known = first(replace(FINE, circuit_changed=NOW))
    old = known.model_dump(mode="json", by_alias=True, exclude_none=True)
    later = NOW + timedelta(minutes=10)
    again = render_connection(known, replace(FINE, now=later, probe=Probe("shop", ENVIRONMENTS, later)))
    assert connection_patch(old, again) == {}
    much_later = NOW + timedelta(hours=7)
    stale = render_connection(known, replace(FINE, now=much_later, probe=Probe("shop", ENVIRONMENTS, much_later)))
    assert connection_patch(old, stale) == {"lastProbeTime": "2027-01-01T19:00:00Z"}


def test_a_patch_has_what_changed_and_takes_away_what_is_gone() -> None:
    known = first(replace(FINE, token_expires_at=NOW))
    old = known.model_dump(mode="json", by_alias=True, exclude_none=True)
    patch = connection_patch(old, render_connection(known, replace(FINE, users=7)))
    assert patch == {"jwks": 7, "tokenExpiresAt": None}


def test_the_transition_time_stays_while_the_status_does() -> None:
    known = first(probed(REFUSED))
    later = render_connection(known, replace(probed(Answer(Verdict.FORBIDDEN, "no")), now=NOW + timedelta(hours=1)))
    times = {item.type: item.last_transition_time for item in later.conditions or ()}
    assert times == {"Ready": SECOND, "Stalled": SECOND}
    fine = render_connection(known, replace(FINE, now=NOW + timedelta(hours=1)))
    assert [item.last_transition_time for item in fine.conditions or ()] == [SECOND + timedelta(hours=1)]


def test_events_are_for_transitions() -> None:
    fine, refused, opened = first(FINE), first(probed(REFUSED)), first(replace(FINE, held=OPEN))
    message = "Apinizer does not accept the credential of Secret team/token; put a valid one there: Invalid token"
    assert news(ApinizerConnectionStatus(), fine) is None
    assert news(fine, fine) is None
    assert news(fine, refused) == (True, "Unauthorized", message)
    assert news(refused, refused) is None
    told = news(refused, opened)
    assert told is not None
    assert told[:2] == (True, "CircuitOpen")
    assert news(opened, fine) == (False, "Connected", 'Apinizer answers; project "shop" has 2 environments.')


def test_every_condition_is_valid() -> None:
    # the model has the API server's limits
    long = "x" * 5000
    status = first(probed(Answer(Verdict.UNAUTHORIZED, long)))
    assert all(isinstance(item, ConnectionCondition) and len(item.message) <= 1024 for item in status.conditions or ())


def test_a_request_for_a_look_is_echoed_and_then_kept() -> None:
    asked = render_connection(first(FINE), replace(FINE, handled="now"))
    assert connection_patch(first(FINE).model_dump(mode="json", by_alias=True, exclude_none=True), asked) == {
        "lastHandledReconcileAt": "now"
    }
    assert render_connection(asked, FINE).last_handled_reconcile_at == "now"
    unreachable = render_connection(asked, replace(probed(DOWN), handled="later"))
    assert (unreachable.last_handled_reconcile_at, unreachable.conditions) == ("later", asked.conditions)
