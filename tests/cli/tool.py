"""`jwk-operator` as a process that ends by itself."""

from __future__ import annotations

import errno
import os
import pty
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.processes import BIN

_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a command: exit status, standard output and standard error."""

    status: int
    out: str
    err: str


class Tool:
    """Runs commands in a folder, with nothing of the caller's environment."""

    def __init__(self, folder: Path, kubeconfig: Path | None = None, program: str = "jwk-operator") -> None:
        """Without a kubeconfig there is no cluster. `program` is one of those that the package installs."""
        self.folder = folder
        self.program = str(BIN / program)
        self._env = {"PATH": f"{BIN}:{os.environ.get('PATH', '')}", "HOME": str(folder)}
        if kubeconfig is not None:
            self._env["KUBECONFIG"] = str(kubeconfig)

    def __call__(self, *arguments: str, stdin: str = "", **env: str) -> Done:
        """Run a command in pipes and return what came of it."""
        done = subprocess.run(
            [self.program, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=self.environment(env),
            timeout=_SECONDS,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def on_terminal(self, *arguments: str, columns: int = 120, **env: str) -> tuple[int, str]:
        """Run a command on a terminal of this width; returns exit status and all that it wrote, with its colours."""
        ours, theirs = pty.openpty()
        size = {"COLUMNS": str(columns), "LINES": "50", "TERM": "xterm-256color"}
        child = subprocess.Popen(
            [self.program, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=self.folder,
            env=self.environment({**size, **env}),
        )
        os.close(theirs)
        written = b"".join(iter(lambda: read(ours), b""))
        os.close(ours)
        return child.wait(_SECONDS), written.decode().replace("\r\n", "\n")

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of a command."""
        return {**self._env, **env}


def read(terminal: int) -> bytes:
    """Return what a terminal or pipe has to be read; empty at its end."""
    try:
        return os.read(terminal, 65536)
    except OSError as error:
        if error.errno == errno.EIO:  # how a terminal ends
            return b""
        raise
