"""What tests of and with a control plane need."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Poll until the condition holds. Raises AssertionError after the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"gave up after {seconds:.0f} s: {what}")
        time.sleep(0.05)


def processes_of(folder: Path) -> list[int]:
    """Return the processes that work in the folder: etcd, the API server and the controller manager."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                target = (entry / "cwd").readlink()
            except OSError:
                continue
            if str(target).removesuffix(" (deleted)") == str(folder):
                found.append(int(entry.name))
    return found
