"""Which scenarios are run, with how many JWKs, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from benchmarks import alone, image, scenarios
from benchmarks.contenders import Name
from benchmarks.run import Part

_STEADY = 400
_AMONG_SECRETS = 100
_LARGE = 10_000
"""From so many JWKs on a run takes minutes, so that the number of pairs has an option of its own."""
AFTER_A_BACKLOG = ("restart", "idle", "drift")
ALL = (
    "start",
    "backlog",
    "description",
    "deletion",
    "live",
    "steady",
    "down",
    "recovery",
    "secrets",
    *AFTER_A_BACKLOG,
    "image",
    "soak",
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options that say what to run."""

    jwks: int
    sizes: Sequence[int]
    pairs: int
    large_pairs: int
    only: Collection[str]
    idle_seconds: float
    soak_minutes: float
    image: str
    base: str


@dataclass(frozen=True, slots=True)
class Step:
    """What one or both contenders do in a world of their own: the scenarios that it keeps, and how often."""

    keeps: tuple[str, ...]
    size: int
    run: Callable[[Name], Iterator[Part]]
    pairs: int
    paired: bool = True

    def __str__(self) -> str:
        return ", ".join(self.keeps) + (f" with {self.size} JWKs" if self.size else "")


def steps(wishes: Wishes, say: Callable[[str], None]) -> Iterator[Step]:
    """Return what is to be done, what is quick first."""
    wanted = tuple(name for name in ALL if not wishes.only or name in wishes.only)
    for step in _every(wishes, wanted, say):
        keeps = tuple(part for part in step.keeps if part in wanted)
        if keeps and step.pairs:
            yield Step(keeps, step.size, step.run, step.pairs, step.paired)


def _every(wishes: Wishes, wanted: Collection[str], say: Callable[[str], None]) -> Iterator[Step]:
    jwks, few = wishes.jwks, min(_AMONG_SECRETS, wishes.jwks)
    yield Step(("image",), 0, lambda _: image.above_base(wishes.image, wishes.base, say), 1, paired=False)
    yield Step(("start",), 1, lambda name: _parts(scenarios.start(name)), wishes.pairs)
    for size in sorted(wishes.sizes):
        yield from _of_size(size, wishes, wanted)
    yield Step(
        ("steady",), (slow := min(_STEADY, jwks)), lambda name: _parts(scenarios.steady(name, slow)), wishes.pairs
    )
    yield Step(("down", "recovery"), jwks, lambda _: alone.down(jwks), wishes.pairs, paired=False)
    yield Step(("secrets",), few, lambda _: alone.secrets(few), wishes.pairs, paired=False)
    if wishes.soak_minutes:
        yield Step(("soak",), jwks, lambda _: alone.soak(jwks, wishes.soak_minutes, say), 1, paired=False)


def _of_size(size: int, wishes: Wishes, wanted: Collection[str]) -> Iterator[Step]:
    pairs = wishes.pairs if size < _LARGE else wishes.large_pairs
    after = tuple(part for part in AFTER_A_BACKLOG if part in wanted and size == max(wishes.sizes))

    def settled(name: Name) -> Iterator[Part]:
        return alone.settled(name, size, after, wishes.idle_seconds)

    if size == wishes.jwks:
        changes = ("backlog", "description", "deletion")
        yield Step(changes, size, lambda name: _parts(scenarios.course(name, size)), pairs)
        yield Step(after, size, settled, pairs, paired=False)
    else:
        yield Step(("backlog", *after), size, settled, pairs, paired="backlog" in wanted)
    yield Step(("live",), size, lambda name: _parts(scenarios.live(name, size)), pairs)


def _parts(found: dict[str, dict[str, float]]) -> Iterator[Part]:
    yield from found.items()
