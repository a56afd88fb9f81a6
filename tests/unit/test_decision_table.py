"""The decision table shows every decision and reason, and is what the code makes of its situations."""

from __future__ import annotations

from pathlib import Path

import pytest

from decisions.__main__ import PAGE, main
from decisions.page import render
from decisions.situations import STATES
from jwk_operator.api.reasons import Reason
from jwk_operator.reconcile.decide import decide
from jwk_operator.reconcile.state import (
    Amend,
    Create,
    Delete,
    Disclaim,
    LetGo,
    Look,
    MakeClaim,
    Rename,
    Report,
    Rest,
    Update,
)

PROJECT = Path(__file__).parents[2]


def test_the_page_has_not_drifted() -> None:
    assert (PROJECT / PAGE).read_text() == render()


def test_check_finds_drift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / PAGE).parent.mkdir(parents=True)
    assert main(["--check"], tmp_path) == 1
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    (tmp_path / PAGE).write_text("edited")
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err == f"{PAGE.as_posix()} has drifted: run make generate\n" * 2


def test_every_condition_stands_once() -> None:
    conditions = [(state, condition) for state, situations in STATES.items() for condition, _ in situations]
    assert len(set(conditions)) == len(conditions)


def test_every_kind_of_decision_is_shown() -> None:
    shown = {type(decide(facts)) for situations in STATES.values() for _, facts in situations}
    assert shown == {
        Amend,
        Create,
        Delete,
        Disclaim,
        LetGo,
        Look,
        MakeClaim,
        Rename,
        Report,
        Rest,
        Update,
    }


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.CIRCUIT_OPEN])
def test_every_reason_is_shown(reason: Reason) -> None:
    assert f"| `{reason}` |" in render()
