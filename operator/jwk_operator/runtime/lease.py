"""Leader election, the pure part: what to do about a Lease, from what was seen of it. No I/O, no clock.

As in client-go's leaderelection: whether a holder is gone is judged by one's own clock, from the moment on at which the
record was last seen to change. Clocks of different machines are never compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from jwk_operator.kube.leases import Record


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: how long a term lasts without renewal, by when its holder stops, and how often it renews or looks."""

    duration: float
    deadline: float
    retry: float

    @classmethod
    def of(cls, duration: float) -> Timing:
        """Derive the others: a holder that cannot renew stops a third of the duration before anybody may take over."""
        return cls(duration, duration * 2 / 3, min(2.0, duration / 6))


@dataclass(frozen=True, slots=True)
class Seen:
    """A record, and when by one's own clock it was first seen like this."""

    record: Record
    since: float


class Move(Enum):
    """What to do next."""

    CREATE = auto()
    TAKE = auto()
    RENEW = auto()
    WAIT = auto()


def observed(before: Seen | None, record: Record, now: float) -> Seen:
    """Note a record that was just read; one that has not changed keeps its time."""
    if before is not None and before.record.version == record.version:
        return before
    return Seen(record, now)


def next_move(me: str, seen: Seen | None, now: float, *, holder_is_dead: bool) -> Move:
    """Say what to do about a Lease; `seen` is None when there is none.

    `holder_is_dead` is for what is certain, such as a process of this very machine that has ended.
    """
    if seen is None:
        return Move.CREATE
    if seen.record.holder == me:
        return Move.RENEW
    if not seen.record.holder or holder_is_dead or now - seen.since >= seen.record.duration:
        return Move.TAKE
    return Move.WAIT
