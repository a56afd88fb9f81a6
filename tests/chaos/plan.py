"""The plan of a storm: what happens when. Drawn from a seed alone, so that a storm can be played again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class What(Enum):
    """What can happen."""

    DESCRIBE = auto()
    REPLACE_KEY = auto()
    DELETE = auto()
    SUSPEND = auto()
    FAULT = auto()
    ENVIRONMENT = auto()
    TOKEN = auto()
    OPERATOR_KILLED = auto()
    OPERATOR_ENDED = auto()
    OPERATOR_PAUSED = auto()
    API_SERVER_KILLED = auto()
    API_SERVER_ENDED = auto()


EDITS = {What.DESCRIBE: 120.0, What.REPLACE_KEY: 40.0, What.DELETE: 25.0, What.SUSPEND: 10.0}
"""What users do, and how often for each minute and hundred resources."""
DISTURBANCES = {
    What.FAULT: 40.0,
    What.ENVIRONMENT: 3.0,
    What.TOKEN: 3.0,
    What.OPERATOR_KILLED: 3.0,
    What.OPERATOR_ENDED: 1.5,
    What.OPERATOR_PAUSED: 1.5,
    What.API_SERVER_KILLED: 0.7,
    What.API_SERVER_ENDED: 0.7,
}
"""What befalls the others, and how often for each minute."""

FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 500, "act": True},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 502, "body": "<html>bad gateway</html>"},
    {"kind": "status", "status": 401},
    {"kind": "status", "status": 403},
    {"kind": "status", "status": 409},
    {"kind": "rate_limit", "retry_after": 1},
    {"kind": "rate_limit", "header": "1"},
    {"kind": "delay", "seconds": 0.5},
    {"kind": "delay", "seconds": 3, "act_first": True},
    {"kind": "hang"},
    {"kind": "drop"},
    {"kind": "drop", "act": True},
    {"kind": "truncate"},
    {"kind": "garbage"},
    {"kind": "redirect", "location": "http://127.0.0.1:9/"},
    {"kind": "huge", "bytes": 50_000_000},
)
"""Every kind of fault that the simulator knows; 401 and 403 are told apart from a token that was really revoked."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a storm: seconds after its beginning, what, and three numbers that say which, how and how long."""

    at: float
    what: What
    which: int
    how: int
    seconds: float


def plan(seed: int, seconds: float, count: int) -> tuple[Step, ...]:
    """Draw the storm of a seed over `count` resources, in order of time."""
    chance = random.Random(seed)  # noqa: S311
    return tuple(sorted(_steps(chance, seconds, count), key=lambda step: (step.at, step.what.name, step.which)))


def _steps(chance: random.Random, seconds: float, count: int) -> Iterator[Step]:
    edits = {what: often * count / 100 for what, often in EDITS.items()}
    for what, often in {**edits, **DISTURBANCES}.items():
        for _ in range(max(1, round(often * seconds / 60))):
            yield Step(
                at=chance.uniform(0, seconds),
                what=what,
                which=chance.randrange(count),
                how=chance.randrange(1_000_000),
                seconds=chance.uniform(1, 6),
            )
