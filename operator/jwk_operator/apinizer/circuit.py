"""The circuit of a connection: after several failures in a row only a probe may go out, at a growing interval. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

THRESHOLD = 5
"""Failures of the connection itself in a row that open the circuit."""

_FIRST_PROBE = 1.0
_LAST_PROBE = 30.0
"""Seconds between probes, doubled from the first to the last: a manager that is back is noticed within the last."""


def probe_interval(probes: int) -> float:
    """Return seconds to wait after that many failed probes in a row: 1, 2, 4 ... 30."""
    return min(_LAST_PROBE, _FIRST_PROBE * 2.0 ** min(probes, 16))


@dataclass(slots=True)
class Circuit:
    """Whether calls may go out, judged by how earlier ones ended. Times are seconds of one clock."""

    failures: int = 0
    opened: datetime | None = None
    """Since when the circuit is open, for people; None while it is closed."""
    why: str = ""
    """The failure that opened it, in a sentence; it stays while the circuit is open, so that no status flaps."""
    changed: datetime | None = None
    """When it last opened or closed."""
    _last_success: float = float("-inf")

    @property
    def is_open(self) -> bool:
        """Whether only probes may go out."""
        return self.opened is not None

    def failed(self, sent: float, why: str, now: datetime) -> None:
        """Take in a failure of the connection itself.

        A call that was sent before the last success was answered tells nothing new: time-outs come late, and must
        not open again what has just closed.
        """
        if sent < self._last_success:
            return
        self.failures += 1
        if self.failures >= THRESHOLD and not self.is_open:
            self.opened = self.changed = now
            self.why = why

    def succeeded(self, answered: float, now: datetime) -> None:
        """Take in an answer that shows the connection to work, whatever it says of the request."""
        self._last_success = answered
        self.failures = 0
        if self.is_open:
            self.opened, self.changed = None, now
