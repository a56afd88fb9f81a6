"""The process above etcd and the Kubernetes components: it starts them, and ends them when its own parent is gone.

Run as a script by `controlplane.supervised`, never imported by it: it uses nothing but the standard library, so that it
is up in a few hundredths of a second. Standard input is a socket that carries one JSON object a line in each direction.
The kernel closes that socket however the parent ends, kill -9 included. A supervisor that is killed itself takes its
children with it (PR_SET_PDEATHSIG); that signal follows the *thread* that forked, therefore this process has only one.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

LOCK = "controlplane.lock"
_PR_SET_PDEATHSIG = 1
_LOCK_PATIENCE = 2.0


def die_with_parent(signal_number: signal.Signals, parent: int) -> Callable[[], None]:
    """Return a ``preexec_fn`` that makes the kernel send the signal to the new process when ``parent`` ends."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
        if os.getppid() != parent:  # it ended before the call above
            os.kill(os.getpid(), signal.SIGKILL)

    return before_exec


class Supervisor:
    """Answers the parent's requests until the parent says stop or is gone."""

    def __init__(self, folder: Path, channel: socket.socket, parent: int) -> None:
        self._folder = folder
        self._channel = channel
        self._stream = channel.makefile("rwb")
        self._parent = parent
        self._detached = False
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def serve(self) -> None:
        """Serve until there is no one left to serve."""
        self.reply({"folder": str(self._folder)})
        while self._wanted():
            # the timeout is for a parent that left copies of the socket behind in forks of itself
            readable, _, _ = select.select([] if self._detached else [self._channel], [], [], 1.0)
            if readable and not self._serve_one():
                return

    def reply(self, answer: dict[str, Any]) -> None:
        """Send one answer; a parent that is gone already does not matter here."""
        with contextlib.suppress(OSError):
            self._stream.write(json.dumps(answer).encode() + b"\n")
            self._stream.flush()

    def end_all(self) -> None:
        """Kill all children and wait until they are gone, so that nobody writes into the folder any more."""
        for child in self._children.values():
            child.kill()
        for child in self._children.values():
            child.wait()

    def _wanted(self) -> bool:
        alive = [child.poll() is None for child in self._children.values()]
        return any(alive) if self._detached else os.getppid() == self._parent

    def _serve_one(self) -> bool:
        line = self._stream.readline()
        if not line:
            return False
        request = json.loads(line)
        if request["do"] == "stop":
            return False
        try:
            self.reply(self._handle(request))
        except OSError as error:
            self.reply({"error": str(error)})
        return True

    def _handle(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "detach":
            self._detached = True
            return {}
        name = request["name"]
        if request["do"] == "start":
            return self._start(name, request["command"])
        if request["do"] == "end":
            _end(self._children[name], request["grace"])
        return {"pid": self._children[name].pid, "returncode": self._children[name].poll()}

    def _start(self, name: str, command: list[str]) -> dict[str, Any]:
        with (self._folder / "log" / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(signal.SIGKILL, os.getpid()),
            )
        self._children[name] = child
        return {"pid": child.pid, "returncode": None}


def _end(child: subprocess.Popen[bytes], grace: float) -> None:
    if grace > 0:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=grace)
    child.kill()
    child.wait()


def _lock(folder: Path) -> IO[str]:
    """Take the folder's lock, which also carries the process id. Raises OSError when another one keeps it."""
    handle = (folder / LOCK).open("a+")
    deadline = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            # not at once: whoever only looks whether the folder is in use holds the lock for a moment
            if time.monotonic() > deadline:
                raise OSError(f"{folder} is in use by another control plane") from None
            time.sleep(0.05)
    handle.truncate(0)
    handle.write(f"{os.getpid()}\n")
    handle.flush()
    return handle


def _prepare(folder: Path) -> IO[str]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = _lock(folder)
    (folder / "log").mkdir(exist_ok=True)
    log = os.open(folder / "log" / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    return handle


def main(parent: int, root: str) -> None:
    """Supervise in the folder ``root``, or in a temporary one that is removed at the end when ``root`` is empty."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    folder = Path(root) if root else Path(tempfile.mkdtemp(prefix="controlplane-"))
    channel = socket.socket(fileno=os.dup(0))
    supervisor = Supervisor(folder, channel, parent)
    try:
        try:
            handle = _prepare(folder)
        except OSError as error:
            supervisor.reply({"error": str(error)})
            return
        with handle:
            try:
                supervisor.serve()
            finally:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                supervisor.end_all()
    finally:
        if not root:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
