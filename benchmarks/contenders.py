"""The two that are compared, each as a process of its own with the same rights."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Literal

import httpx

from benchmarks.usage import Usage, usage
from benchmarks.world import World
from controlplane.ports import free_port
from harness.operator import total
from harness.processes import BIN, Process

Name = Literal["operator", "floor"]

_ROOT = Path(__file__).parents[1]


class Contender:
    """The operator as it ships, without the election of a leader, which is no work on JWKs; or the floor."""

    def __init__(self, name: Name, world: World) -> None:
        self.name = name
        self.metrics_port = free_port()
        self._world = world
        self._log = world.folder / f"{name}.log"
        self._process: Process | None = None

    def start(self) -> float:
        """Start, without waiting for anything; return when, in seconds since the epoch."""
        command, environment = self._operator() if self.name == "operator" else self._floor()
        started = time.time()
        self._process = Process(command, self._log, environment)
        return started

    def stop(self) -> None:
        """End it at once; what it has written stays."""
        self.usage()  # raises when it has ended by itself
        self.kill()

    def kill(self) -> None:
        """End it at once, whatever state it is in, even if it does not run."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()

    def shut_down(self) -> None:
        """Let it end in its own way, as a rolling update does."""
        assert self._process is not None, f"{self.name} is not running"
        process, self._process = self._process, None
        status = process.terminate()
        assert status == 0, f"exit status {status} after SIGTERM:\n{process.tail()}"

    def usage(self) -> Usage:
        """Return what it has used since it was started. Raises AssertionError when it has ended."""
        assert self._process is not None, f"{self.name} is not running"
        assert self._process.returncode is None, f"{self.name} has ended:\n{self._process.tail()}"
        return usage(self._process.pid)

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._process is not None

    def passes(self) -> float:
        """Return how many passes over JWKs have ended, as long as some wait in the queue one too few."""
        text = self._metrics()
        return total(text, "jwk_operator_reconcile_total") - (total(text, "jwk_operator_queue_depth") > 0)

    def unanswered(self) -> float:
        """Return how many calls to Apinizer had no answer."""
        return total(self._metrics(), "jwk_operator_apinizer_requests_total", status="0")

    def _metrics(self) -> str:
        self.usage()  # raises when it has ended
        try:
            return httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", trust_env=False).text
        except httpx.ConnectError:  # not yet
            return ""

    def _operator(self) -> tuple[list[str], dict[str, str]]:
        options = ["--all-namespaces", "--log-format", "json", "--metrics-port", str(self.metrics_port)]
        return [str(BIN / "jwk-operator"), "run", *options], {"KUBECONFIG": str(self._world.account.kubeconfig)}

    def _floor(self) -> tuple[list[str], dict[str, str]]:
        orders = self._world.folder / "orders.json"
        orders.write_text(json.dumps(self._world.orders()))
        return [sys.executable, "-m", "benchmarks.floor", str(orders)], {"PYTHONPATH": str(_ROOT)}
