"""Argo CD's Lua machine and kstatus, as a process (tools/gotools/modules/gitops)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

Object = dict[str, Any]


class GitOps:
    """Answers one question after the other. Use it with ``with``."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> GitOps:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.communicate()
        assert self._process.returncode == 0

    def lua(self, do: Literal["health", "discovery", "action"], script: str, document: Object) -> Any:
        """Return what a script returns about an object. Fails with the script's error."""
        return self._ask({"do": do, "script": script, "object": document})

    def kstatus(self, document: Object) -> str:
        """Return the status that kstatus computes."""
        return str(self._ask({"do": "kstatus", "object": document})["status"])

    def _ask(self, request: Object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["result"]
