"""What falls due later, with one timer for all of it: held against a plain list, on the loop's own clock."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from jwk_operator.runtime.delayed import Delayed

THINGS = st.sampled_from("abcd")
PUTS = st.tuples(st.just("put"), THINGS, st.integers(0, 50))
CANCELS = st.tuples(st.just("cancel"), THINGS, st.just(0))
MOVES = st.tuples(st.just("move"), st.just(""), st.integers(0, 30))


class Loop(asyncio.SelectorEventLoop):
    """A loop whose clock only the test moves."""

    now = 0.0

    def time(self) -> float:
        return self.now


@given(st.lists(st.one_of(PUTS, CANCELS, MOVES), max_size=60))
def test_everything_is_told_of_once_when_it_is_due(steps: list[tuple[str, str, int]]) -> None:
    loop = Loop()
    try:
        loop.run_until_complete(_play(loop, steps))
    finally:
        loop.close()


async def _play(loop: Loop, steps: list[tuple[str, str, int]]) -> None:
    told: list[tuple[float, str]] = []
    delayed: Delayed[str] = Delayed(lambda thing: told.append((loop.now, thing)))
    expected: dict[str, float] = {}
    all_told: list[tuple[float, str]] = []
    for step, thing, number in steps:
        if step == "put":
            delayed.put(thing, number)
            expected[thing] = loop.now + number
        elif step == "cancel":
            delayed.cancel(thing)
            expected.pop(thing, None)
        else:
            for _ in range(number + 1):  # a second at a time, with turns of the loop for its timers
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                all_told += sorted((due, key) for key, due in expected.items() if due <= loop.now)
                expected = {key: due for key, due in expected.items() if due > loop.now}
                assert sorted(told) == sorted(all_told)
                loop.now += 1
        assert all(delayed.is_due_within(key, due - loop.now) for key, due in expected.items())
        assert not any(delayed.is_due_within(key, due - loop.now - 0.5) for key, due in expected.items())


async def test_what_was_replaced_does_not_pile_up() -> None:
    delayed: Delayed[str] = Delayed(lambda _: None)
    for number in range(10_000):
        delayed.put("a", 1000 - number / 100)
        delayed.put(f"b{number}", 1000)
        delayed.cancel(f"b{number}")
    assert len(delayed) == 1
    assert len(delayed._order) < 100
    delayed.clear()
    assert not delayed.is_due_within("a", float("inf"))
