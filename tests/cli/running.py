"""`jwk-operator` as a process that goes on until Ctrl-C, in a pipe or on a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import threading
from types import TracebackType

from cli.tool import Tool, read
from harness.waiting import until


class Running:
    """A command under way; all that it writes, errors too, comes into one text. Use it with ``with``."""

    def __init__(self, tool: Tool, *arguments: str, columns: int = 0) -> None:
        """With `columns` it runs on a terminal of this width, else in a pipe."""
        ours, theirs = pty.openpty() if columns else os.pipe()
        size = {"COLUMNS": str(columns), "LINES": "50", "TERM": "xterm-256color"} if columns else {}
        self._child = subprocess.Popen(
            [tool.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            cwd=tool.folder,
            env=tool.environment(size),
        )
        os.close(theirs)
        self._written = b""
        self._reader = threading.Thread(target=self._read, args=(ours,))
        self._reader.start()

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        self._reader.join()

    @property
    def text(self) -> str:
        """Everything written until now."""
        return self._written.decode(errors="replace").replace("\r\n", "\n")

    def wait_for(self, text: str, after: int = 0) -> int:
        """Wait until a text has been written beyond a place, and return the place where it ends."""

        def look() -> int | None:
            at = self.text.find(text, after)
            return None if at < 0 else at + len(text)

        return until(look, lambda: f"{text!r} in {self.text[after:]!r}")

    def interrupt(self, seconds: float = 40) -> int:
        """Press Ctrl-C and return the exit status."""
        self._child.send_signal(signal.SIGINT)
        status = self._child.wait(seconds)
        self._reader.join()
        return status

    def _read(self, handle: int) -> None:
        while block := read(handle):
            self._written += block
        os.close(handle)
