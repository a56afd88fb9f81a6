"""A child process with a log file, that never outlives the tests."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

BIN = Path(sys.executable).parent
_PR_SET_PDEATHSIG = 1


class Process:
    """A running program; its output goes to the end of `log`."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.log = log
        # nothing of the caller's environment, whose proxies and variables would change what is tested
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(log.parent), **(env or {})}
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                cwd=log.parent,
                preexec_fn=_die_with_parent,
            )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        """Return the exit status; None while it runs."""
        return self._child.poll()

    def terminate(self, seconds: float = 40) -> int:
        """Send SIGTERM and return the exit status."""
        self._child.terminate()
        return self.wait(seconds)

    def kill(self) -> None:
        """End it at once, as ``kill -9`` does."""
        self._child.send_signal(signal.SIGKILL)
        self._child.wait()

    def wait(self, seconds: float = 40) -> int:
        """Wait for the end by itself and return the exit status."""
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self._child.args!r} does not end; its log ends:\n{self.tail()}") from None

    def text(self) -> str:
        """Return everything that was logged."""
        return self.log.read_text(errors="replace")

    def tail(self, lines: int = 30) -> str:
        """Return the last lines of the log."""
        return "\n".join(self.text().splitlines()[-lines:])


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
