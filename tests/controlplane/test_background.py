"""The command line, and what is left after every kind of end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import controlplane
from controlplane import ControlPlane, ControlPlaneError
from controlplane.supervisor import LOCK
from controlplane.testing import processes_of, wait_until

TOOLS = Path(controlplane.__file__).parents[1]


def command_line(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "controlplane", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(TOOLS)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def start_parent() -> tuple[subprocess.Popen[str], Path]:
    """Start a process with a control plane of its own, made in a thread that has ended since."""
    code = (
        "import sys, threading\n"
        "from controlplane import ControlPlane\n"
        "plane = ControlPlane()\n"
        "starter = threading.Thread(target=plane.start)\n"
        "starter.start(); starter.join()\n"
        "print(plane.dir, flush=True)\n"
        "sys.stdin.read()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(TOOLS)}
    parent = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    return parent, Path(parent.stdout.readline().strip())


def test_kill_9_of_the_parent_leaves_no_process_and_no_folder() -> None:
    parent, folder = start_parent()
    supervisor = int((folder / LOCK).read_text())
    assert len(processes_of(folder)) == 3
    parent.kill()
    parent.communicate()
    wait_until(lambda: not processes_of(folder), "end of the components")
    wait_until(lambda: not folder.exists(), "removal of the folder")
    wait_until(lambda: not Path(f"/proc/{supervisor}").exists(), "end of the supervisor")


def test_kill_9_of_the_supervisor_takes_the_components_along() -> None:
    with ControlPlane() as plane:
        folder = plane.dir
        os.kill(int((folder / LOCK).read_text()), signal.SIGKILL)
        wait_until(lambda: not processes_of(folder), "end of the components")
        with pytest.raises(ControlPlaneError, match="supervisor process is gone"):
            plane.restart_apiserver()
    assert not folder.exists()


def test_run_passes_the_exit_code_and_sets_kubeconfig() -> None:
    script = 'test -s "$KUBECONFIG" && test -e "$AUDIT_LOG" && dirname "$KUBECONFIG"; exit 7'
    done = command_line("run", "--audit", "--", "sh", "-c", script)
    assert done.returncode == 7
    assert not Path(done.stdout.strip()).exists()
    assert "starting kube-apiserver" in done.stderr


def test_up_is_idempotent_and_down_removes_everything(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    first = command_line("up", str(folder))
    assert first.returncode == 0, first.stderr
    try:
        assert first.stdout.strip() == str(folder / "kubeconfig")
        running = processes_of(folder)
        assert len(running) == 3
        again = command_line("up", str(folder))
        assert (again.returncode, again.stdout) == (0, first.stdout)
        assert "already up" in again.stderr
        assert processes_of(folder) == running
        with pytest.raises(ControlPlaneError, match="in use by another control plane"):
            ControlPlane(folder).start()
    finally:
        ended = command_line("down", str(folder))
    assert ended.returncode == 0, ended.stderr
    assert processes_of(folder) == []
    assert not folder.exists()
    assert "already down" in command_line("down", str(folder)).stderr


def test_root_keeps_objects_and_port_for_the_next_start(tmp_path: Path) -> None:
    with ControlPlane(tmp_path / "root") as plane:
        server = plane.server
        plane.kubeconfig_for_serviceaccount("default", "default")
    with ControlPlane(tmp_path / "root") as plane:
        assert plane.server == server
        assert (plane.dir / "serviceaccount-default-default.kubeconfig").exists()


def test_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    for action, complaint in (("up", "neither empty nor"), ("down", "is not a control plane's folder")):
        done = command_line(action, str(tmp_path))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert complaint in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_component_that_ends_is_reported_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("etcd", "kube-apiserver", "kube-controller-manager"):
        (tmp_path / name).write_text("#!/bin/sh\necho the disk is full\nexit 3\n")
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(ControlPlaneError, match=r"(?s)etcd ended with 3; the end of its log:\n  the disk is full"):
        ControlPlane().start()
