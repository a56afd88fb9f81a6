"""What `make e2e` does with docker, podman and kind, seen by programs in their place that note how they are called."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.waiting import until
from kindcluster.__main__ import IMAGE, ROOT, UNAVAILABLE

_FAKE = """#!{python}
import os, pathlib, sys, time
name, words = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
call = " ".join([name, *words])
provider = os.environ.get("KIND_EXPERIMENTAL_PROVIDER")
with open(os.environ["CALLS"], "a") as calls:
    print(call, *([f"({{provider}})"] if provider else []), file=calls)
if name == "command":
    print(os.environ["KUBECONFIG"], os.environ["JWK_OPERATOR_IMAGE"])
if os.environ.get("HANGS") and call.startswith(os.environ["HANGS"]):
    while not pathlib.Path(os.environ["CALLS"]).with_name("go on").exists():
        time.sleep(0.02)
if os.environ.get("FAILS") and call.startswith(os.environ["FAILS"]):
    print("first line\\ncannot do that", file=sys.stderr)
    sys.exit(3)
"""
_ALL = ("docker", "podman", "kind", "kubectl", "command")


class Machine:
    """A machine that has these programs and no others."""

    def __init__(self, folder: Path) -> None:
        self._bin = folder / "bin"
        self._calls = folder / "calls"
        self._temporary = folder / "temporary"
        self._bin.mkdir()
        self._temporary.mkdir()
        self._calls.touch()
        self.have(*_ALL)

    def have(self, *programs: str) -> None:
        for path in self._bin.iterdir():
            path.unlink()
        for name in programs:
            path = self._bin / name
            path.write_text(_FAKE.format(python=sys.executable))
            path.chmod(0o755)

    def start(self, **variables: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": str(self._bin),
            "PYTHONPATH": str(ROOT / "tools"),
            "CALLS": str(self._calls),
            "TMPDIR": str(self._temporary),
            **variables,
        }
        command = [sys.executable, "-m", "kindcluster", "command", "--with", "words"]
        return subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )

    def run(self, **variables: str) -> tuple[int, str, str]:
        with self.start(**variables) as process:
            out, err = process.communicate(timeout=60)
        self.assert_nothing_is_left()
        return process.returncode, out, err

    def go_on(self) -> None:
        """Let the call that hangs come to its end."""
        self._calls.with_name("go on").touch()

    def assert_nothing_is_left(self) -> None:
        """Kubeconfig and image are gone."""
        assert list(self._temporary.iterdir()) == []

    @property
    def calls(self) -> list[str]:
        """Every call in its order, without those that only ask whether an engine works."""
        return [line for line in self._calls.read_text().splitlines() if not line.startswith(("docker v", "podman i"))]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def short(calls: list[str]) -> list[str]:
    """Return program and two words of each call."""
    return [" ".join(call.split()[:3]) for call in calls]


EVERYTHING = [
    "docker build --tag",
    "kind create cluster",
    "docker save --output",
    "kind load image-archive",
    "command --with words",
    "kind delete cluster",
]


def test_a_cluster_is_made_used_and_deleted(machine: Machine) -> None:
    status, out, _ = machine.run()
    assert status == 0
    assert short(machine.calls) == EVERYTHING
    build, create, save, load, _, delete = (call.split() for call in machine.calls)
    name = create[create.index("--name") + 1]
    kubeconfig = create[create.index("--kubeconfig") + 1]
    assert build[2:] == ["--tag", IMAGE, str(ROOT)]
    assert load[3:] == [save[3], "--name", name]
    assert save[4] == IMAGE
    assert delete[3:] == ["--name", name, "--kubeconfig", kubeconfig]
    assert out.split() == [kubeconfig, IMAGE]


def test_a_given_cluster_is_used_as_it_is(machine: Machine) -> None:
    machine.have("command")
    status, out, err = machine.run(KUBECONFIG="mine", JWK_OPERATOR_IMAGE="registry.example.com/i:1")
    assert (status, out.split(), err) == (0, ["mine", "registry.example.com/i:1"], "")
    assert machine.calls == ["command --with words"]


def test_a_kubeconfig_alone_is_not_touched(machine: Machine) -> None:
    status, out, _ = machine.run(KUBECONFIG="mine")
    assert status == 0
    assert "mine" not in out.split()
    assert short(machine.calls) == EVERYTHING


@pytest.mark.parametrize("there", [("podman",), ("docker", "podman")])
def test_podman_is_used_where_docker_is_not_or_does_not_answer(machine: Machine, there: tuple[str, ...]) -> None:
    machine.have(*there, "kind", "kubectl", "command")
    status, *_ = machine.run(FAILS="docker version")
    assert status == 0
    assert short(machine.calls) == [call.replace("docker", "podman") for call in EVERYTHING]
    assert all(call.endswith("(podman)") == call.startswith("kind") for call in machine.calls)


@pytest.mark.parametrize(
    ("there", "lines"),
    [
        (("docker", "kubectl"), ["kind is not installed: go install sigs.k8s.io/kind@"]),
        (("docker", "kind"), ["kubectl is not installed: see https://kubernetes.io/docs/tasks/tools/"]),
        (
            ("kind", "kubectl"),
            ["no container engine: docker is not installed; podman is not installed: get Docker from"],
        ),
        ((), ["no container engine: docker is not installed", "kind is not installed", "kubectl is not installed"]),
    ],
    ids=["kind", "kubectl", "engine", "everything"],
)
def test_what_is_missing_is_told_with_a_status_of_its_own(
    machine: Machine, there: tuple[str, ...], lines: list[str]
) -> None:
    machine.have(*there, "command")
    status, out, err = machine.run()
    assert (status, out) == (UNAVAILABLE, "")
    *told, last = err.splitlines()
    assert [line[: len(wanted)] for line, wanted in zip(told, lines, strict=True)] == lines
    assert "set KUBECONFIG and JWK_OPERATOR_IMAGE" in last
    assert machine.calls == []


def test_a_daemon_that_does_not_answer_counts_as_missing(machine: Machine) -> None:
    machine.have("docker", "kind", "kubectl", "command")
    status, _, err = machine.run(FAILS="docker version")
    assert status == UNAVAILABLE
    assert "docker is installed, but does not work (cannot do that); podman is not installed" in err
    assert machine.calls == []


@pytest.mark.parametrize(("position", "call"), list(enumerate(EVERYTHING)))
def test_a_failure_is_told_and_the_cluster_is_deleted(machine: Machine, position: int, call: str) -> None:
    status, _, err = machine.run(FAILS=call)
    assert status == (3 if call.startswith("command") else 1)
    done = EVERYTHING[: position + 1]
    assert short(machine.calls) == (done if position == 0 or call in EVERYTHING[-1:] else [*done, EVERYTHING[-1]])
    assert call.startswith("command") or f"kindcluster: {call}" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("call", ["kind create", "command"])
def test_an_interrupt_ends_what_runs_and_deletes_the_cluster(machine: Machine, call: str, number: int) -> None:
    with machine.start(HANGS=call) as process:
        until(lambda: any(line.startswith(call) for line in machine.calls), "the call that hangs")
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert short(machine.calls)[-1] == "kind delete cluster"
    machine.assert_nothing_is_left()


def test_an_interrupt_does_not_stop_the_deletion(machine: Machine) -> None:
    with machine.start(HANGS="kind delete") as process:
        until(lambda: any(line.startswith("kind delete") for line in machine.calls), "the deletion")
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does, to the whole group
        machine.go_on()
        process.communicate(timeout=60)
    assert process.returncode == 0, "the command had ended well"
    machine.assert_nothing_is_left()
