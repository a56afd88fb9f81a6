"""What holds for every command."""

from __future__ import annotations

import pytest

from cli.tool import Tool

WRONG = [("nonsense",), ("run", "--nonsense"), ("run",), ("plan", "--prune"), ("keys", "nonsense"), ("keys", "new")]


@pytest.mark.parametrize("arguments", WRONG)
def test_a_command_written_wrongly_has_an_exit_status_of_its_own(offline: Tool, arguments: tuple[str, ...]) -> None:
    done = offline(*arguments)
    assert (done.status, done.out) == (64, "")
    assert "Error: " in done.err
