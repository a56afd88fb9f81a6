"""What a check came to, in the words that are printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was checked, how it went, what was found, and what to do about it."""

    check: str
    level: Level
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The findings about one thing."""

    title: str
    findings: tuple[Finding, ...]

    @property
    def has_failed(self) -> bool:
        """Whether anything in it failed."""
        return any(finding.level is Level.FAILED for finding in self.findings)


def ok(check: str, text: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(check, Level.OK, text)


def warning(check: str, text: str, remedy: str) -> Finding:
    """Return a finding that does no harm yet, or not to everybody."""
    return Finding(check, Level.WARNING, text, remedy)


def failed(check: str, text: str, remedy: str) -> Finding:
    """Return a finding with which things do not work."""
    return Finding(check, Level.FAILED, text, remedy)


def skipped(check: str, why: str, remedy: str = "") -> Finding:
    """Return the finding of a check that could not be made."""
    return Finding(check, Level.SKIPPED, why, remedy)


def not_reached(checks: Iterable[str], failure: str) -> list[Finding]:
    """Return the findings of checks that an earlier failure leaves no way to make."""
    return [skipped(check, f"not checked, because {failure} failed") for check in checks]


def some(names: Iterable[str], most: int = 3) -> str:
    """Return names in a row, of many the first ones and how many more there are."""
    known = list(names)
    rest = len(known) - most
    return ", ".join(known) if rest <= 1 else f"{', '.join(known[:most])} and {rest} more"


def advice(text: str) -> tuple[str, str]:
    """Part what the operator's own messages say from the advice after it."""
    said, _, told = text.rstrip(".").partition("; ")
    return said, told
