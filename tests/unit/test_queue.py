"""The work queue, on a clock that only the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwk_operator.runtime.queue import QueueClosedError, WorkQueue

Queue = WorkQueue[str, str]
RANK = {"timer": 0, "event": 1, "start": 2}


@pytest.fixture
def queue() -> Queue:
    return WorkQueue(RANK)


class Clock:
    """Stands for the loop's timers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None], Timer]] = []
        monkeypatch.setattr(asyncio.get_running_loop(), "call_later", self.call_later)

    def call_later(self, delay: float, callback: Callable[..., None], *args: Any) -> Timer:
        timer = Timer()
        self.timers.append((self.now + delay, lambda: callback(*args), timer))
        return timer

    def move(self, seconds: float) -> None:
        self.now += seconds
        for due, fire, timer in list(self.timers):
            if due <= self.now and not timer.cancelled:
                timer.cancel()
                fire()


class Timer:
    """What `call_later` returns."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


async def test_keys_come_in_order_once(queue: Queue) -> None:
    for key in "abab":
        queue.wake(key, "event")
    assert len(queue) == 2
    assert [await queue.take(), await queue.take()] == [("a", "event"), ("b", "event")]
    assert (len(queue), queue.busy) == (0, 2)


@pytest.mark.parametrize("causes", [("timer", "start"), ("start", "timer"), ("event", "start", "event")])
async def test_the_strongest_cause_stays(queue: Queue, causes: tuple[str, ...]) -> None:
    for cause in causes:
        queue.wake("a", cause)
    assert await queue.take() == ("a", "start")


async def test_a_key_that_is_woken_while_it_is_worked_on_comes_again(queue: Queue) -> None:
    queue.wake("a", "start")
    assert await queue.take() == ("a", "start")
    queue.wake("a", "timer")
    queue.wake("a", "event")
    queue.wake("b", "event")
    assert await queue.take() == ("b", "event")
    waiting = asyncio.ensure_future(queue.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.done("a")
    assert await waiting == ("a", "event")
    queue.done("a")
    assert len(queue) == 0


async def test_taking_waits_for_a_key(queue: Queue) -> None:
    takers = [asyncio.ensure_future(queue.take()) for _ in range(2)]
    await asyncio.sleep(0)
    queue.wake("a", "event")
    queue.wake("b", "event")
    assert sorted(await asyncio.gather(*takers)) == [("a", "event"), ("b", "event")]


async def test_delays(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    queue.wake_later("a", "timer", 10)
    queue.wake_later("a", "event", 20)
    clock.move(9)
    assert len(queue) == 0
    clock.move(1)
    assert await queue.take() == ("a", "timer")
    queue.done("a")
    clock.move(10)
    assert await queue.take() == ("a", "event")


async def test_a_later_delay_replaces_an_earlier_one(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    queue.wake_later("a", "timer", 10)
    queue.wake_later("a", "timer", 30)
    clock.move(20)
    assert len(queue) == 0
    clock.move(10)
    assert len(queue) == 1


@pytest.mark.parametrize("delay", [0, -1])
async def test_no_delay_is_at_once(queue: Queue, monkeypatch: pytest.MonkeyPatch, delay: float) -> None:
    clock = Clock(monkeypatch)
    queue.wake_later("a", "timer", 10)
    queue.wake_later("a", "timer", delay)
    assert await queue.take() == ("a", "timer")
    queue.done("a")
    clock.move(100)
    assert len(queue) == 0


async def test_a_delay_can_be_cancelled(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    queue.wake_later("a", "timer", 10)
    queue.wake_later("a", "event", 10)
    queue.cancel("a", "timer")
    queue.cancel("b", "timer")
    clock.move(10)
    assert await queue.take() == ("a", "event")


async def test_closing(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    takers = [asyncio.ensure_future(queue.take()) for _ in range(3)]
    await asyncio.sleep(0)
    queue.wake_later("a", "timer", 10)
    queue.close()
    ends = await asyncio.gather(*takers, return_exceptions=True)
    assert [type(end) for end in ends] == [QueueClosedError] * 3
    clock.move(10)
    queue.wake("b", "event")
    queue.wake_later("c", "event", 1)
    clock.move(10)
    assert len(queue) == 0


async def test_a_closed_queue_gives_nothing_out(queue: Queue) -> None:
    queue.wake("a", "event")
    queue.wake("b", "event")
    await queue.take()
    queue.close()
    assert queue.busy == 1
    with pytest.raises(QueueClosedError):
        await queue.take()
    queue.done("a")
    assert queue.busy == 0
    assert queue.longest_busy() == 0


STEPS = st.lists(
    st.tuples(st.sampled_from(["wake", "take", "done"]), st.sampled_from("abc"), st.sampled_from(sorted(RANK)))
)


@given(STEPS)
def test_no_key_is_out_twice_and_none_is_forgotten(steps: list[tuple[str, str, str]]) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, str, str]]) -> None:
    queue: Queue = WorkQueue(RANK)
    out: set[str] = set()
    due: dict[str, set[str]] = {}
    for step, key, cause in steps:
        if step == "wake":
            queue.wake(key, cause)
            due.setdefault(key, set()).add(cause)
        elif step == "done" and key in out:
            queue.done(key)
            out.remove(key)
        elif step == "take" and set(due) - out:
            taken, told = await queue.take()
            assert taken not in out
            assert told == max(due.pop(taken), key=RANK.__getitem__)
            out.add(taken)
        assert len(queue) == len(due)
        assert queue.busy == len(out)
