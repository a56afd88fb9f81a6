"""The command line of the programs that are built from Go modules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gobuild
import gotools.__main__ as command
from gotools import BuildError, Tool, crds
from harness.cluster import ROOT
from harness.pages import PAGES, title


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


def test_the_pages_name_a_go_that_takes_every_module() -> None:
    needed = [re.findall(r"(?m)^go (\S+)$", path.read_text()) for path in ROOT.glob("tools/*/modules/*/go.mod")]
    versions = [tuple(map(int, version.split("."))) for (version,) in needed]
    assert max(versions) == tuple(map(int, gobuild.NEEDED_GO.split(".")))
    for page in PAGES:
        assert set(re.findall(r"\bGo (\d[\d.]*\d) or newer", page.read_text())) <= {gobuild.NEEDED_GO}, title(page)
    assert f"Go {gobuild.NEEDED_GO} or newer" in (ROOT / "README.md").read_text()


def test_crds_that_cannot_be_downloaded_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crds, "_MODULE", tmp_path)
    with pytest.raises(BuildError, match="go mod download of the CRDs failed"):
        crds.foreign_crds()
