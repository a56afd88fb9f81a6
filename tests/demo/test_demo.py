"""The demo keeps its promises, and leaves nothing behind however it ends."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apinizer_simulator.control import SimulatorControl
from controlplane.binaries import find_binaries
from controlplane.testing import processes_of, wait_until
from demo.manifests import shipped
from demo.scenario import BAD, GOOD
from install.support import CLUSTER_WIDE, kubectl, render

ROOT = Path(__file__).parents[2]
MODULE = ("-m", "demo")
TABLE = """
team-a from-certificate True Deployed CERTIFICATE MyProject 3/3
team-a from-keystore True Deployed KEYSTORE MyProject 3/3
team-a from-private-key True Deployed PRIVATE_KEY MyProject 3/3
team-a from-public-key True Deployed PUBLIC_KEY MyProject 3/3
team-a from-secret True Deployed COPY_PASTE MyProject 3/3
team-a from-text True Deployed COPY_PASTE MyProject 3/3
team-a from-url True Deployed URL MyProject 3/3
team-a generated True Deployed GENERATE MyProject 3/3
team-a no-such-certificate False Rejected CERTIFICATE
team-a rotating True Deployed GENERATE MyProject 3/3
team-a staging-fails False DeploymentFailed COPY_PASTE MyProject 2/3
team-b from-shared-connection True Deployed CERTIFICATE MyProject 3/3
team-b name-taken False NameConflict CERTIFICATE
""".strip().splitlines()
PRIVATE_PART = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a run: those of this process, without what would change the demo."""
    kept = {name: value for name, value in os.environ.items() if name != "KEEP"}
    return {**kept, "PYTHONPATH": str(ROOT / "tools"), **changes}


@contextmanager
def start(
    folder: Path, changes: Mapping[str, str] | None = None, code: Sequence[str] = MODULE
) -> Iterator[subprocess.Popen[str]]:
    """Run a demo in the folder, at most as long as the context."""
    command = [sys.executable, *code, "--dir", str(folder)]
    variables = environment(changes or {})
    with subprocess.Popen(
        command, env=variables, text=True, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(
    folder: Path, changes: Mapping[str, str] | None = None, code: Sequence[str] = MODULE
) -> subprocess.CompletedProcess[str]:
    """Run a demo in the folder to its end."""
    with start(folder, changes, code) as process:
        out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def read_until(process: subprocess.Popen[str], marker: str) -> str:
    """Return what a demo prints up to the line with the marker. Raises AssertionError when it ends before."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if marker in line:
            return "".join(lines)
    raise AssertionError(f"no line with {marker!r} in:\n{''.join(lines)}")


def assert_nothing_is_left(folder: Path) -> None:
    """Check that no process works in the folder, and that it is gone."""
    assert processes_of(folder) == []
    assert not folder.exists()


def await_end(folder: Path) -> None:
    """Wait until no process works in the folder any more."""
    wait_until(lambda: not processes_of(folder), "end of the demo's processes")


def rows(output: str) -> list[str]:
    """Return the table's rows without their age."""
    _, found, rest = output.partition("\nNAMESPACE ")
    assert found, output
    return [" ".join(line.split()[:-1]) for line in rest.split("\n\n")[0].splitlines()[1:]]


@pytest.fixture(scope="module", autouse=True)
def _binaries() -> None:
    find_binaries()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that does not exist yet, as build/demo in a fresh checkout."""
    yield tmp_path / "build" / "demo"
    await_end(tmp_path / "build" / "demo")


def test_everything_comes_out_as_expected_with_and_without_kubectl(folder: Path, tmp_path: Path) -> None:
    with_kubectl = run(folder)
    assert (with_kubectl.returncode, with_kubectl.stderr) == (0, "")
    assert_nothing_is_left(folder)
    (tmp_path / "empty").mkdir()
    without = run(folder, {"PATH": str(tmp_path / "empty")})
    assert (without.returncode, without.stderr) == (0, "")
    assert_nothing_is_left(folder)
    for output in (with_kubectl.stdout, without.stdout):
        assert rows(output) == TABLE
        assert "staging" in output.partition("kubectl describe")[2]
        assert "make demo KEEP=1" in output
        assert PRIVATE_PART not in output
        assert max(map(len, output.partition("kubectl describe")[0].splitlines())) <= 120
    assert "Remote:         staging-fails in MyProject, kid staging-2027" in without.stdout


def test_kept_demo_can_be_played_with_and_ends_with_ctrl_c(folder: Path) -> None:
    with start(folder, {"KEEP": "1"}) as process:
        output = read_until(process, "Ctrl-C ends the demo")
        assert rows(output) == TABLE
        assert json.loads((folder / "seed.json").read_text())["tokens"][0] not in output
        second = run(folder)
        assert (second.returncode, second.stdout) == (1, "")
        assert "a demo runs in" in second.stderr
        play(output)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert_nothing_is_left(folder)


def play(output: str) -> None:
    """Do what the demo proposes."""
    kubeconfig = Path(re.findall(r"export KUBECONFIG=(.*)", output)[0])
    cache = f"--cache-dir={kubeconfig.with_name('kubectl-cache')}"
    control = SimulatorControl(re.findall(r"(http\S+)/_simulator/jwks", output)[0])
    commands = [shlex.split(line)[1:] for line in re.findall(r"^  (kubectl .*)", output, re.MULTILINE)]
    assert len(commands) == 5
    for command in commands:
        kubectl(cache, *command, kubeconfig=kubeconfig)
    repaired = ("jwk", "-n", "team-a", "staging-fails")
    kubectl(cache, "wait", "--for=condition=Ready", *repaired, "--timeout=30s", kubeconfig=kubeconfig)
    assert "3/3" in kubectl(cache, "get", *repaired, kubeconfig=kubeconfig).stdout
    names = {jwk["name"] for jwk in control.jwks("MyProject")}
    assert "staging-fails" in names
    assert "from-text" not in names


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_demo_leaves_nothing_behind(folder: Path, number: signal.Signals) -> None:
    with start(folder) as process:
        read_until(process, "[5/6]")
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert_nothing_is_left(folder)


def test_killed_demo_leaves_no_process_and_the_next_one_works(folder: Path) -> None:
    with start(folder, {"KEEP": "1"}) as process:
        read_until(process, "Ctrl-C ends the demo")
        assert len(processes_of(folder)) == 5
        process.kill()
        process.communicate(timeout=60)
    assert run(folder).returncode == 0
    assert_nothing_is_left(folder)


def test_other_outcome_is_told_and_fails(folder: Path) -> None:
    code = (
        "import sys; from demo import flow, scenario; from demo.__main__ import main;"
        "from demo.outcomes import Expected; flow._SETTLING = 15.0;"
        "scenario.BAD = (*scenario.BAD[1:], Expected('team-a', 'staging-fails', 'True', 'Deployed'));"
        "sys.exit(main())"
    )
    done = run(folder, code=("-c", code))
    assert (done.returncode, done.stderr) == (1, "")
    (line,) = re.findall("^DIFFERENT .*", done.stdout, re.MULTILINE)
    assert "team-a/staging-fails: expected Ready=True Deployed, found Ready=False DeploymentFailed (Not depl" in line
    assert "The end of the operator's log:\n  " in done.stdout
    assert_nothing_is_left(folder)


def test_folder_of_something_else_is_left_alone(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("not yours")
    done = run(folder)
    assert done.returncode == 1
    assert "is not a demo's folder" in done.stderr
    assert (folder / "thesis.txt").read_text() == "not yours"


def test_shipped_objects_are_what_kustomize_makes() -> None:
    left_out = {"Deployment", "PodDisruptionBudget", "Service"}
    rendered = [item for item in render(CLUSTER_WIDE) if item["kind"] not in left_out]
    assert sorted(shipped(), key=identity) == sorted(rendered, key=identity)


def identity(item: dict[str, Any]) -> tuple[str, str]:
    """Return what tells the overlay's objects apart."""
    return item["kind"], item["metadata"]["name"]


def test_every_outcome_is_in_the_table() -> None:
    named = {(item.namespace, item.name) for item in (*GOOD, *BAD)}
    assert named == {tuple(line.split()[:2]) for line in TABLE}
