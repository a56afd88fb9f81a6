"""Every reason says what it means and who has to act."""

from __future__ import annotations

import re

import pytest

from jwk_operator.api.reasons import EXPLANATIONS, Reason, Waiting

# Design, "Status of a JWK": the reasons that wait for the user.
USERS = (
    "InvalidSpec InvalidKey ConnectionNotFound ConnectionNotAllowed ProjectNotSet ProjectNotFound SecretNotFound "
    "SecretKeyNotFound Unauthorized Forbidden NameConflict Rejected ReplacementRequired DeploymentFailed "
    "DeletionBlocked"
)


@pytest.mark.parametrize("reason", Reason)
def test_reason_is_explained_in_a_sentence(reason: Reason) -> None:
    explanation = EXPLANATIONS[reason]
    for text in (explanation.meaning, explanation.remedy):
        assert re.fullmatch(r"([A-Z]|spec\.).*[^.]\.", text)


@pytest.mark.parametrize("reason", Reason)
def test_reason_is_one_camel_case_word(reason: Reason) -> None:
    assert re.fullmatch(r"([A-Z][a-z]+)+", reason)


def test_those_who_wait_for_the_user_are_the_ones_of_the_design() -> None:
    assert {reason.value for reason in Reason if reason.waiting is Waiting.USER} >= set(USERS.split())


def test_settled_reasons_wait_for_nobody() -> None:
    settled = {reason for reason in Reason if reason.waiting is Waiting.NOBODY}
    assert settled >= {Reason.DEPLOYED, Reason.ADOPTED, Reason.SUSPENDED, Reason.READ_ONLY}


def test_a_reason_that_waits_for_the_operator_tells_nobody_to_correct_the_spec() -> None:
    waiting = (reason for reason in Reason if reason.waiting is Waiting.OPERATOR)
    assert [reason for reason in waiting if "Correct the" in EXPLANATIONS[reason].remedy] == []
