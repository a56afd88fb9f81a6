"""The command line of the programs that are built from Go modules."""

from __future__ import annotations

from pathlib import Path

import pytest

import gotools.__main__ as command
from gotools import BuildError, Tool


def test_paths_are_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "find_tool", lambda name: Path("/cache") / name)
    assert command.main(["helm", "promtool"]) == 0
    assert capsys.readouterr().out.split() == ["/cache/helm", "/cache/promtool"]


def test_what_cannot_be_built_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(name: Tool) -> Path:
        raise BuildError(f"{name} is not cached and Go is not installed")

    monkeypatch.setattr(command, "find_tool", fail)
    assert command.main(["helm"]) == 1
    assert "Go is not installed" in capsys.readouterr().err
