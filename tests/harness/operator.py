"""The operator as a process of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from controlplane.ports import free_port
from harness.processes import BIN, Process
from harness.waiting import until


class OperatorProcess:
    """``jwk-operator run`` with the arguments given, in a loop of start, stop and kill.

    The log at level debug is in `log` and holds every run. Use it with ``with``: the end is a SIGTERM that must work.
    """

    def __init__(
        self,
        kubeconfig: Path,
        folder: Path,
        arguments: Sequence[str] = ("--all-namespaces",),
        *,
        program: Sequence[str] = (str(BIN / "jwk-operator"),),
        **env: str,
    ) -> None:
        """`program` may be another one that behaves like it."""
        self.kubeconfig = kubeconfig
        self.log = folder / "operator.log"
        self.arguments = tuple(arguments)
        self._program = tuple(program)
        self.env: Mapping[str, str] = env
        self.probe_port, self.metrics_port = free_port(), free_port()
        self._process: Process | None = None
        self._http = httpx.Client(trust_env=False, timeout=10)

    def __enter__(self) -> OperatorProcess:
        return self if self.running else self.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.running and kind is None:
            self.stop()
        elif self.running:
            self.kill()
        self._http.close()

    @property
    def running(self) -> bool:
        """Whether it was started and neither stopped nor killed."""
        return self._process is not None

    @property
    def process(self) -> Process:
        """Return the running process."""
        assert self._process is not None, "the operator is not running"
        return self._process

    def start(self, wait: bool = True) -> OperatorProcess:
        """Start, and wait until it is ready unless told not to."""
        assert not self.running, "the operator runs already"
        command = [*self._program, "run", *self.arguments]
        if "--log-level" not in self.arguments:
            command += ["--log-level", "debug"]
        command += ["--probe-port", str(self.probe_port), "--metrics-port", str(self.metrics_port)]
        self._process = Process(command, self.log, {"KUBECONFIG": str(self.kubeconfig), **self.env})
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        """Wait until /readyz says so."""
        until(self._ready, lambda: f"the operator is ready; its log ends:\n{self.process.tail()}", 60)

    def _ready(self) -> bool:
        status = self.process.returncode
        assert status is None, f"the operator ended with {status}:\n{self.process.tail()}"
        try:
            return self.probe("/readyz")[0] == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """Stop by SIGTERM; the exit status must be 0."""
        process, self._process = self.process, None
        status = process.terminate()
        assert status == 0, f"exit status {status} after SIGTERM:\n{process.tail()}"

    def pause(self) -> None:
        """SIGSTOP."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """Kill -9."""
        process, self._process = self.process, None
        process.kill()

    def restart(self) -> None:
        """Stop by SIGTERM and start again."""
        self.stop()
        self.start()

    def text(self) -> str:
        """Return the log of every run so far."""
        return self.log.read_text(errors="replace")

    def probe(self, path: str) -> tuple[int, str]:
        """GET a path of the probe port: status and text."""
        answer = self._http.get(f"http://127.0.0.1:{self.probe_port}{path}")
        return answer.status_code, answer.text

    def metrics(self) -> str:
        """Return /metrics."""
        answer = self._http.get(f"http://127.0.0.1:{self.metrics_port}/metrics")
        assert answer.status_code == 200
        return answer.text

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum over the samples of this name that have these labels; 0 when there is none."""
        return total(self.metrics(), name, **labels)

    def passes(self, **labels: str) -> float:
        """Return how many passes have ended, for example ``action="rest"``."""
        return self.metric("jwk_operator_reconcile_total", **labels)

    def idle(self) -> bool:
        """Whether nothing waits and no worker has anything: whatever was written has been answered, too."""
        metrics = self.metrics()
        return total(metrics, "jwk_operator_queue_depth") == total(metrics, "jwk_operator_busy_workers") == 0

    def wait_idle(self) -> None:
        """Wait until nothing is due: all that was seen so far has been worked on, and is in the metrics."""
        until(self.idle, "the operator is idle", 600)

    def wait_passes(self, count: int, **labels: str) -> None:
        """Wait until at least so many passes have ended and the operator is idle."""
        until(
            lambda: self.passes(**labels) >= count and self.idle(),
            lambda: f"{count} passes {labels}, there are {self.passes(**labels)}",
        )


def total(metrics: str, name: str, **labels: str) -> float:
    """Return the sum over the samples of this name in a text of /metrics that have these labels; 0 without any."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
