"""From a report to the status, and to the patch that makes it so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.api.resource import Resource
from jwk_operator.api.status import Condition, JWKStatus
from jwk_operator.reconcile.render import render, status_patch
from jwk_operator.reconcile.state import Keep, Report
from strategies import JSON_VALUES, reports, resources
from unit.builders import EARLIER, LATER, NOW, a_resource, a_spec, a_status, outcomes
from unit.merge import merged


def as_json(status: JWKStatus) -> dict[str, Any]:
    dumped: dict[str, Any] = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    return dumped


def by_type(status: JWKStatus) -> dict[str, Condition]:
    return {item.type: item for item in status.conditions or ()}


@given(resources(), reports())
def test_the_patch_turns_the_old_status_into_the_new(resource: Resource, report: Report) -> None:
    old, new = as_json(resource.status), render(resource, report, NOW)
    assert merged(old, status_patch(old, new)) == as_json(new)


@given(
    st.dictionaries(st.text(max_size=3), JSON_VALUES.filter(lambda value: value is not None)), resources(), reports()
)
def test_the_patch_turns_whatever_stands_there_into_the_new(
    old: dict[str, Any], resource: Resource, report: Report
) -> None:
    new = render(resource, report, NOW)
    assert merged(old, status_patch(old, new)) == as_json(new)


@given(resources(), reports())
def test_nothing_is_patched_when_nothing_changes(resource: Resource, report: Report) -> None:
    status = render(resource, report, NOW)
    assert status_patch(as_json(status), status) == {}
    read_back = JWKStatus.model_validate(as_json(status))
    assert status_patch(as_json(read_back), read_back) == {}


@given(resources(), reports())
def test_a_repeated_report_changes_at_most_what_counts_attempts(resource: Resource, first: Report) -> None:
    once = render(resource, first, NOW)
    twice = render(replace(resource, status=once), first, LATER)
    patch = status_patch(as_json(once), twice)
    assert set(patch) <= {"failures", "nextAttemptAt"}


@given(resources(), reports())
def test_a_transition_time_changes_exactly_when_the_status_does(resource: Resource, report: Report) -> None:
    before, after = by_type(resource.status), by_type(render(resource, report, NOW))
    for kind, condition in after.items():
        same = kind in before and before[kind].status == condition.status
        assert condition.last_transition_time == (before[kind].last_transition_time if same else NOW)


@given(resources(), reports())
def test_abnormal_conditions_are_there_only_when_true_and_never_both(resource: Resource, report: Report) -> None:
    conditions = by_type(render(resource, report, NOW))
    wanted = {Waiting.USER: {"Stalled"}, Waiting.OPERATOR: {"Reconciling"}, Waiting.NOBODY: set()}
    assert set(conditions) & {"Stalled", "Reconciling"} == wanted[report.reason.waiting]
    assert all(conditions[kind].status == "True" for kind in set(conditions) & {"Stalled", "Reconciling"})
    assert set(conditions) >= {"Ready", "Synced", "Deployed"}


@given(resources(), reports())
def test_what_is_reported_speaks_of_this_generation(resource: Resource, report: Report) -> None:
    status = render(resource, report, NOW)
    assert status.observed_generation == resource.generation
    assert {item.observed_generation for item in status.conditions or ()} == {resource.generation}
    assert status.last_handled_reconcile_at == (
        resource.reconcile_requested or resource.status.last_handled_reconcile_at
    )


@pytest.mark.parametrize(
    ("before", "failed", "generation", "failures"),
    [
        (None, True, 1, 1),
        (3, True, 1, 4),
        (3, True, 2, 1),
        (3, False, 1, None),
        (None, False, 1, None),
    ],
)
def test_failures_are_counted_in_a_row_and_per_generation(
    before: int | None, failed: bool, generation: int, failures: int | None
) -> None:
    resource = a_resource(a_spec(), None, a_status(Reason.UNREACHABLE, failures=before), generation=generation)
    assert render(resource, Report(Reason.UNREACHABLE, "", failed=failed), NOW).failures == failures


@pytest.mark.parametrize(("delay", "seconds"), [(None, None), (0, None), (0.4, 1), (1.0, 2), (299.7, 300)])
def test_next_attempt_is_a_whole_second_and_never_too_early(delay: float | None, seconds: int | None) -> None:
    status = render(a_resource(a_spec()), Report(Reason.UNREACHABLE, "", delay=delay), NOW)
    assert status.next_attempt_at == (None if seconds is None else NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("environments", "column"),
    [({}, None), ({"prod": True}, "1/1"), ({"prod": True, "test": False, "dr": True}, "2/3"), ({"prod": False}, "0/1")],
)
def test_environments_column(environments: dict[str, bool], column: str | None) -> None:
    report = Report(Reason.DEPLOYED, "", deployment=outcomes(**environments))
    assert render(a_resource(a_spec()), report, NOW).environments == column


@pytest.mark.parametrize(
    ("wanted", "status", "reason", "message"),
    [
        (True, "True", Reason.DEPLOYED, "Every required environment reported that it has the JWK."),
        (False, "False", Reason.SUSPENDED, "Now."),
        (None, "Unknown", Reason.SUSPENDED, "Now."),
        (Keep.AS_IS, "Unknown", Reason.SUSPENDED, "Now."),
    ],
)
def test_deployed_condition_of_a_new_resource(
    wanted: bool | Keep | None, status: str, reason: Reason, message: str
) -> None:
    report = Report(Reason.SUSPENDED, "Now.", deployed=wanted)
    shown = by_type(render(a_resource(a_spec()), report, NOW))["Deployed"]
    assert (shown.status, shown.reason, shown.message) == (status, reason, message)


def test_ready_that_is_kept_says_the_new_reason() -> None:
    resource = a_resource(a_spec(), None, a_status(Reason.DEPLOYED))
    ready = by_type(render(resource, Report(Reason.SUSPENDED, "Now.", ready=Keep.AS_IS), NOW))["Ready"]
    assert (ready.status, ready.reason, ready.message, ready.last_transition_time) == (
        "True",
        Reason.SUSPENDED,
        "Now.",
        EARLIER,
    )
