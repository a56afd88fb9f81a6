"""How long to wait before the next attempt."""

from __future__ import annotations

SHORTEST = 1.0
LONGEST = 300.0
SPREAD = 2.0


def backoff(failures: int, jitter: float) -> float:
    """Return seconds to wait after that many failures in a row: exponential with full jitter, 1 s to 5 min.

    `jitter` is in [0, 1). Full jitter draws from the whole span, so that resources which failed together come apart.
    """
    ceiling = min(LONGEST, SHORTEST * 2.0 ** min(failures, 32))
    return max(SHORTEST, jitter * ceiling)


def after(seconds: float, jitter: float) -> float:
    """Return seconds to wait when the other side named them: never less, and spread a little."""
    return seconds + jitter * SPREAD


def checkup(interval: float, jitter: float) -> float:
    """Return seconds to the next check-up: the interval with a jitter of 10 % to both sides."""
    return interval * (0.9 + 0.2 * jitter)
