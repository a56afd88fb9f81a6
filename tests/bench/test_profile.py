"""Profiles say where time and memory go, and nothing of what was worked on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.profile import __main__ as profile
from benchmarks.profile.memory import Snapshot, growth, largest
from benchmarks.profile.stacks import by_operator, flame_graph, own_time, parse, tables, total_time
from benchmarks.profile.watched import snapshot

_RAW = """\
main (run.py:1);work (jwk_operator/runtime/operator.py:2);loads (json.py:3) 6
main (run.py:1);work (jwk_operator/runtime/operator.py:2) 3
main (run.py:1);_find_and_load (<frozen importlib._bootstrap>:4);<module> (jwk_operator/api/jwk.py:1) 1
_bootstrap (threading.py:1);_worker (concurrent/futures/thread.py:69) 90
 2
"""


def test_stacks_are_counted() -> None:
    stacks = parse(_RAW)
    assert sum(stacks.values()) == 12, "a thread that waits is not counted"
    assert own_time(stacks).most_common(2) == [
        ("loads (json.py:3)", 6),
        ("work (jwk_operator/runtime/operator.py:2)", 3),
    ]
    assert total_time(stacks)["main (run.py:1)"] == 10
    assert by_operator(stacks) == {
        "work (jwk_operator/runtime/operator.py:2)": 9,
        "(imports)": 1,
        "(no function of the operator)": 2,
    }
    assert tables(stacks, 1).splitlines()[1] == "  50.0 %  loads (json.py:3)"


def test_a_function_that_calls_itself_counts_once() -> None:
    assert total_time(parse("a (x.py:1);a (x.py:1) 3\n")) == {"a (x.py:1)": 3}


def test_a_flame_graph_has_a_box_for_each_function() -> None:
    graph = ElementTree.fromstring(flame_graph(parse(_RAW), "<title>"))  # noqa: S314 - it is our own
    titles = [element.text for element in graph.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0] == "all: 100.0 %, 12 samples"
    assert "work (jwk_operator/runtime/operator.py:2): 75.0 %, 9 samples" in titles
    assert len(titles) == 7


def test_growth_is_told_for_each() -> None:
    before, after = {"dict": (10, 1000), "str": (5, 100)}, {"dict": (30, 5000), "str": (4, 80), "list": (10, 400)}
    assert growth(before, after, 10, 9).splitlines() == [
        "      2.90       438 B   all",
        "      2.00       400 B   dict",
        "      1.00        40 B   list",
    ]
    assert largest(after, 1).splitlines()[1] == "        30      0.01 MB  dict"


class _Planted:
    def __init__(self, value: str) -> None:
        self.value = value


def test_a_snapshot_has_types_and_no_values() -> None:
    planted = [_Planted(f"planted-{number}") for number in range(3)]
    found = snapshot()
    name = f"{__name__}._Planted"
    assert found["types"][name][0] == len(planted)
    assert found["types"][f"str in {name}"][0] == len(planted)
    assert Snapshot.of(found).of_package(__name__.partition(".")[0]) >= 2 * len(planted)
    assert "planted-" not in json.dumps(found)


def test_imports_are_told_by_package() -> None:
    command = [sys.executable, "-m", "benchmarks.profile.imports"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]).stdout
    packages = {line.rpartition("  ")[2] for line in text.splitlines()}
    assert {"all", "(standard library)", "aiohttp", "kopf", "pydantic", "jwk_operator"} <= packages


def test_a_refusal_says_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> str:
        raise PermissionError("Permission Denied: Try running again with elevated permissions")

    monkeypatch.setattr(sys, "argv", ["profile", "--into", str(tmp_path)])
    monkeypatch.setattr(profile, "_cpu", refuse)
    monkeypatch.setattr(profile, "_memory", lambda *_: "the memory")
    assert profile.main() == 1
    told = capsys.readouterr()
    assert "the memory" in told.out
    assert "SYS_PTRACE" in told.err
    assert "elevated permissions" in told.err


def test_py_spy_that_cannot_look_ends_the_recording(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with pytest.raises(PermissionError, match="Error"):
        profile._spy(gone.pid, tmp_path / "raw", tmp_path)
