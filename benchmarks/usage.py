"""What a process has used, as the kernel counts it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time in seconds so far; resident memory now, the part of it that no file backs, and the peak of it all.

    Memory is in MB of 10^6 bytes.
    """

    cpu: float
    resident: float
    anonymous: float
    peak: float


def usage(pid: int) -> Usage:
    """Read the usage of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    memory = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    cpu = (int(fields[11]) + int(fields[12])) / _TICKS
    return Usage(cpu, *(int(memory[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "RssAnon", "VmHWM")))
