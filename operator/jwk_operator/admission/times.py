"""Points in time as Go reads them: `time.Parse` with the layout of RFC 3339, and its words where it cannot."""

from __future__ import annotations

import calendar
import re

_LAYOUT = "2006-01-02T15:04:05Z07:00"
_STEPS = (
    ("2006", r"\d{4}", ""),
    ("-", "-", ""),
    ("01", r"\d\d", "month"),
    ("-", "-", ""),
    ("02", r"\d\d", ""),
    ("T", "T", ""),
    ("15", r"\d\d?", "hour"),
    (":", ":", ""),
    ("04", r"\d\d", "minute"),
    (":", ":", ""),
    ("05", r"(\d\d)(?:[.,]\d+)?", "second"),
    ("Z07:00", r"Z|[-+]\d\d:\d\d", ""),
)
"""Parts of the layout, what stands for each, and what a number in its place is called."""
_RANGES = {"month": range(1, 13), "hour": range(24), "minute": range(60), "second": range(60)}


def time_problem(text: str) -> str | None:
    """Return Go's words about a text that is no time of RFC 3339; None for one that is."""
    rest, read = text, {}
    for part, pattern, named in _STEPS:
        found = re.match(pattern, rest, re.ASCII)
        if found is None:
            return f"parsing time {_quote(text)} as {_quote(_LAYOUT)}: cannot parse {_quote(rest)} as {_quote(part)}"
        read[part], rest = found[0], rest[found.end() :]
        if named and int(found[0][:2]) not in _RANGES[named]:
            return f"parsing time {_quote(text)}: {named} out of range"
    if rest:
        return f"parsing time {_quote(text)}: extra text: {_quote(rest)}"
    if int(read["Z07:00"][1:3] or 0) > 24:
        return f"parsing time {_quote(text)}: time zone offset hour out of range"
    if int(read["Z07:00"][4:6] or 0) > 60:
        return f"parsing time {_quote(text)}: time zone offset minute out of range"
    if not 1 <= int(read["02"]) <= calendar.monthrange(int(read["2006"]), int(read["01"]))[1]:
        return f"parsing time {_quote(text)}: day out of range"
    return None


def _quote(text: str) -> str:
    """Return a text as package time quotes it, byte by byte."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').encode()
    return f'"{"".join(chr(byte) if 0x20 <= byte < 0x80 else f"{chr(92)}x{byte:02x}" for byte in plain)}"'
