"""How far a server's clock is from this machine's. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from jwk_operator.cli.doctor.findings import Finding, ok, skipped, warning

_TOLERABLE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Dated:
    """The Date header of an answer, and when it came in."""

    header: str | None
    received: datetime


def judge_clock(dated: Dated | None, whose: str, why: str) -> Finding:
    """Compare the clocks; `why` says what a difference harms."""
    theirs = _read(dated.header) if dated else None
    if dated is None or theirs is None:
        return skipped("clock", f"not checked, as no answer of {whose} has a Date header that can be read")
    # the header has no fractions: on average the server's time is half a second later
    off = theirs + timedelta(seconds=0.5) - dated.received
    if abs(off) <= _TOLERABLE:
        return ok("clock", f"this machine's clock and that of {whose} agree within {_TOLERABLE.seconds} s")
    way = "ahead of" if off > timedelta() else "behind"
    return warning(
        "clock",
        f"the clock of {whose} is {round(abs(off).total_seconds())} s {way} this machine's; {why}",
        "have both keep time by NTP",
    )


def _read(header: str | None) -> datetime | None:
    try:
        when = parsedate_to_datetime(header or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
