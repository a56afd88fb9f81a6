"""The operator in a world of a benchmark, with snapshots of its memory. Import this where the tests' harness is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.profile.memory import Snapshot
from benchmarks.profile.watched import SIGNAL
from benchmarks.requests import Requests, is_claim_or_release, is_report
from benchmarks.usage import usage
from benchmarks.world import World, name_of
from harness.audit import Request
from harness.operator import OperatorProcess
from harness.waiting import until

_ROOT = Path(__file__).parents[2]
_PATIENCE = 600.0


class Watched(OperatorProcess):
    """The operator as it ships, and what it has in memory. With `traced`, snapshots tell lines of code as well."""

    def __init__(self, world: World, folder: Path, *, traced: bool = False) -> None:
        """`folder` must exist and be empty."""
        env = {"PYTHONPATH": str(_ROOT), **({"PYTHONTRACEMALLOC": "1"} if traced else {})}
        super().__init__(
            world.account.kubeconfig,
            folder,
            ("--all-namespaces", "--log-format", "json", "--log-level", "info"),
            program=(sys.executable, "-m", "benchmarks.profile.watched", str(folder)),
            **env,
        )
        self._folder = folder
        self._snapshots = 0

    def start(self, wait: bool = True) -> Watched:
        """Start, and wait until it is ready unless told not to."""
        self._snapshots = 0
        super().start(wait)
        return self

    def snapshot(self) -> Snapshot:
        """Return what is in memory now. The process stands still for that, for a second or for some when traced."""
        self._snapshots += 1
        file = self._folder / f"{self._snapshots}.json"
        file.unlink(missing_ok=True)  # of a run before
        os.kill(self.process.pid, SIGNAL)
        until(file.exists, lambda: f"a snapshot; the log ends:\n{self.process.tail()}", 120)
        return Snapshot.of(json.loads(file.read_text()))

    def resident(self) -> str:
        """Return what the kernel says of its memory now, in MB."""
        used = usage(self.process.pid)
        backed = used.resident - used.anonymous
        return (
            f"{used.resident:.1f} MB resident ({used.anonymous:.1f} anonymous, {backed:.1f} file-backed),"
            f" {used.peak:.1f} MB at the peak"
        )


class Course:
    """What is done to the JWKs of a world, and how the operator's part in it is waited for: in the audit log."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._requests = Requests(world.log, world.account.user)
        self._start = 0

    def create(self, numbers: range) -> None:
        """Create JWKs."""
        self._start = len(self._requests.found())
        self._world.create(numbers)

    def describe(self, numbers: range) -> None:
        """Give JWKs another description."""
        self._start = len(self._requests.found())
        self._world.describe(numbers, "second")

    def delete(self, numbers: range) -> None:
        """Delete JWKs, and wait until the operator has let them go."""
        self._start = len(self._requests.found())
        self._world.delete(numbers)
        self._wait(is_claim_or_release, numbers)

    def wait_reports(self, numbers: range) -> None:
        """Wait until the status of JWKs was written after what was done last."""
        self._wait(is_report, numbers)

    def _wait(self, holds: Callable[[Request], bool], numbers: range) -> None:
        wanted = set(map(name_of, numbers))
        self._requests.wait(self._start, lambda found: found.name in wanted and holds(found), len(wanted), _PATIENCE)
