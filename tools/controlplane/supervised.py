"""The parent's side of the supervisor process."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from controlplane.errors import ControlPlaneError

_SCRIPT = Path(__file__).with_name("supervisor.py")
_STOP_PATIENCE = 15.0


class Supervised:
    """A supervisor process with its folder; the components are its children and share its end."""

    def __init__(self, root: Path | None) -> None:
        """Start a supervisor for the folder ``root``, or for a temporary one.

        Raises `ControlPlaneError` when the folder is in use or cannot be written.
        """
        self._temporary = root is None
        self._mutex = threading.Lock()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SCRIPT), str(os.getpid()), str(root or "")],
                cwd="/",
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C is for the parent, which then stops the control plane in order
            )
        self._channel = ours
        self._stream = ours.makefile("rwb")
        try:
            self.folder = Path(self._read()["folder"])
        except ControlPlaneError:
            self._leave()
            raise

    def start(self, name: str, command: list[str]) -> int:
        """Start a component with its log in ``log/NAME.log`` and return its process id."""
        return int(self._ask(do="start", name=name, command=command)["pid"])

    def end(self, name: str, grace: float) -> None:
        """End a component: SIGTERM with up to ``grace`` seconds, then SIGKILL; at once SIGKILL for no grace."""
        self._ask(do="end", name=name, grace=grace)

    def returncode(self, name: str) -> int | None:
        """Return how a component ended (negative: by that signal), or None while it runs."""
        code: int | None = self._ask(do="poll", name=name)["returncode"]
        return code

    def detach(self) -> None:
        """Let supervisor and components live on after this process."""
        self._ask(do="detach")
        self._stream.close()
        self._channel.close()

    def close(self) -> None:
        """End all components, and remove the folder if it is a temporary one."""
        with self._mutex, contextlib.suppress(OSError):
            self._stream.write(b'{"do": "stop"}\n')
            self._stream.flush()
        self._leave()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)  # only for a supervisor that was killed

    def _leave(self) -> None:
        try:
            self._process.wait(timeout=_STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(OSError):
            self._stream.close()
        self._channel.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        with self._mutex:
            try:
                self._stream.write(json.dumps(request).encode() + b"\n")
                self._stream.flush()
            except (OSError, ValueError):
                raise ControlPlaneError("the control plane's supervisor process is gone") from None
            return self._read()

    def _read(self) -> dict[str, Any]:
        try:
            line = self._stream.readline()
        except OSError:
            line = b""
        if not line:
            raise ControlPlaneError("the control plane's supervisor process is gone")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ControlPlaneError(answer["error"])
        return answer
