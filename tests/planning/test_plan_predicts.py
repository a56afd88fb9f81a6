"""A plan predicts: whatever is changed, the calls that the operator then makes are those that were announced.

`make test` plays the same stories each time; `make soak` plays new ones. A failure tells the number of the story, which
SOAK_STORY plays again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from random import Random, SystemRandom

import pytest

from apinizer_simulator.server import Simulator
from harness.keys import served
from jwk_operator.planning.rows import Action
from lifecycle.stage import KEYS
from planning.moves import SLOTS, draw, draw_written, make
from planning.story import Story, announced, by_name, simulated

SOAK = int(os.environ.get("SOAK_EXAMPLES", "0"))
STORIES = range(100)
if "SOAK_STORY" in os.environ:
    STORIES = range(int(os.environ["SOAK_STORY"]), int(os.environ["SOAK_STORY"]) + 1)
elif SOAK:
    first = SystemRandom().randrange(1_000_000_000)
    STORIES = range(first, first + SOAK)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """The simulator, in this loop."""
    async with simulated() as simulator:
        yield simulator


@pytest.fixture
def url() -> Iterator[str]:
    """An address that serves a key, whatever follows in the path."""
    with served(KEYS[0]) as address:
        yield address


async def play(simulator: Simulator, url: str, number: int) -> Counter[Action]:
    """Play a story: its number is its seed. Returns how often each action was planned."""
    chance = Random(number)  # noqa: S311
    before = [draw_written(chance, slot, url) for slot in SLOTS[: chance.randrange(4)]]
    changes = [draw(chance, url) for _ in range(chance.randrange(1, 7))]
    story = Story(simulator)
    try:
        await story.begin(failing=chance.random() < 0.3)
        for move in before:
            await make(story, move)
        await story.apply()
        await story.work(30)
        await story.environment(failing=False)
        for move in changes:
            await make(story, move)
        story.wait()
        rows, calls = await story.plan()
        simulator.recorder.clear()
        await story.apply()
        await story.work(3600)
        assert sorted(announced(call for row in rows for call in row.calls)) == sorted(announced(calls))
        sent, told = by_name(story.sent()), by_name(announced(calls))
        planned = [f"{row.resource}: {row.action}, {row.why}" for row in rows]
        assert sent == told, "\n".join([f"story {number}:", *map(str, [*before, "changes:", *changes]), *planned])
    finally:
        await story.end()
    return Counter(row.action for row in rows)


@pytest.mark.timeout(0 if SOAK else 300)
async def test_the_calls_are_those_that_were_announced(simulator: Simulator, url: str) -> None:
    actions: Counter[Action] = Counter()
    for number in STORIES:
        actions += await play(simulator, url, number)
    assert len(STORIES) == 1 or set(actions) == set(Action), f"some actions did not occur: {actions}"
