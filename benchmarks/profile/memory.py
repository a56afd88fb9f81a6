"""What a snapshot has more than an earlier one, as text. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Counted = Mapping[str, Sequence[int]]
"""How many, and how many bytes, by name."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was in a process's memory. `sites` is empty without tracemalloc."""

    blocks: int
    """Memory blocks that Python has given out: the finest count of allocations there is."""
    types: Counted
    sites: Counted

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Snapshot:
        """Read what a watched operator has written."""
        return cls(document["blocks"], document["types"], document.get("sites", {}))

    def of_package(self, package: str) -> int:
        """Return how many objects are of a package's classes, or held by one of them."""
        return sum(count for name, (count, _) in self.types.items() if f" {package}." in f" {name}")


def largest(counted: Counted, rows: int) -> str:
    """Return a line for each of the largest."""
    found = sorted(((size, count, name) for name, (count, size) in counted.items()), reverse=True)
    whole = sum(size for size, _, _ in found)
    lines = [f"{sum(count for _, count, _ in found):10} {whole / 1e6:9.2f} MB  all"]
    lines += [f"{count:10} {size / 1e6:9.2f} MB  {name}" for size, count, name in found[:rows]]
    return "\n".join(lines) + "\n"


def growth(before: Counted, after: Counted, jwks: int, rows: int) -> str:
    """Return a line for each of what has grown most, for each JWK."""
    nothing = (0, 0)
    found = []
    for name in {*before, *after}:
        (old, small), (new, large) = before.get(name, nothing), after.get(name, nothing)
        found.append((large - small, new - old, name))
    found.sort(key=lambda row: (-row[0], row[2]))
    lines = [f"{sum(row[1] for row in found) / jwks:10.2f} {sum(row[0] for row in found) / jwks:9.0f} B   all"]
    lines += [f"{count / jwks:10.2f} {size / jwks:9.0f} B   {name}" for size, count, name in found[:rows] if size > 0]
    return "\n".join(lines) + "\n"
