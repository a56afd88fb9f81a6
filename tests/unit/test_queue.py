"""The work queue, on a clock that only the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwk_operator.runtime.queue import Lanes, QueueClosedError, WorkQueue

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
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.now)

    def call_later(self, delay: float, callback: Callable[..., None], *args: Any) -> Timer:
        timer = Timer()
        self.timers.append((self.now + delay, lambda: callback(*args), timer))
        return timer

    def move(self, seconds: float) -> None:
        end = self.now + seconds
        while ahead := [item for item in self.timers if item[0] <= end and not item[2].cancelled]:
            self.now, fire, timer = min(ahead, key=lambda item: item[0])
            timer.cancel()
            fire()
        self.now = end


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


class Hands:
    """A queue on a clock of the test, with letters for keys; the first letter is the lane."""

    def __init__(self, limit: int = 4, reserve: int = 1) -> None:
        self.time = 0.0
        lanes: Lanes[str] = Lanes(lambda key: key[0], limit, reserve, urgent=0.0)
        lag = {"user": 0.0, "repair": 5.0, "drift": 30.0}
        rank = {"repair": 1, "user": 2, "drift": 3}
        self.queue: WorkQueue[str, str] = WorkQueue(rank, lag=lag, lanes=lanes, clock=lambda: self.time)

    def wake(self, cause: str, *keys: str) -> None:
        for key in keys:
            self.queue.wake(key, cause)

    async def take(self, most: int = 99) -> list[str]:
        """Take what can be had now."""
        taken: list[str] = []
        while len(taken) < most:
            try:
                async with asyncio.timeout(0):
                    taken.append((await self.queue.take())[0])
            except TimeoutError:
                break
        return taken


async def test_users_come_before_repairs_and_these_before_drift() -> None:
    hands = Hands(limit=99)
    hands.wake("drift", "a1")
    hands.wake("repair", "a2")
    hands.wake("user", "a3")
    assert await hands.take() == ["a3", "a2", "a1"]


async def test_nobody_waits_for_ever() -> None:
    hands = Hands(limit=99)
    hands.wake("drift", "a1")
    hands.time = 31
    hands.wake("user", "a2")
    assert await hands.take() == ["a1", "a2"]


async def test_a_key_moves_up_when_a_user_changes_it_and_keeps_the_stronger_cause() -> None:
    hands = Hands(limit=99)
    hands.wake("drift", "a1")
    hands.wake("repair", "a2")
    hands.wake("user", "a1")
    assert await hands.queue.take() == ("a1", "drift")
    assert await hands.take() == ["a2"]


async def test_a_slow_lane_leaves_workers_for_the_others_and_a_place_for_its_users() -> None:
    hands = Hands()
    hands.wake("drift", *(f"a{number}" for number in range(9)))
    hands.time = 1000
    hands.wake("drift", "b0")
    assert await hands.take() == ["a0", "a1", "a2", "b0"], "three of four places, as one is for users"
    hands.wake("user", "a7", "a8")
    assert await hands.take() == ["a7"], "the place that is kept; then the lane is full"


async def test_a_place_that_gets_free_goes_to_the_next_of_the_lane() -> None:
    hands = Hands()
    hands.wake("drift", *(f"a{number}" for number in range(6)))
    assert await hands.take() == ["a0", "a1", "a2"]
    hands.queue.done("a1")
    assert await hands.take() == ["a3"]
    hands.wake("user", "a5")
    assert await hands.take() == ["a5"]
    hands.queue.done("a5")
    assert await hands.take() == [], "the reserve is not for drift"
    hands.queue.done("a0")
    assert await hands.take() == ["a4"]


async def test_how_long_the_first_has_been_ready() -> None:
    hands = Hands(limit=1, reserve=0)
    assert hands.queue.longest_ready() == 0
    hands.wake("user", "a1", "a2")
    hands.time = 7
    assert await hands.take() == ["a1"]
    assert hands.queue.longest_ready() == 7
    assert hands.queue.longest_busy() == 0


async def test_a_backlog_that_is_worked_off_does_not_stand_still() -> None:
    hands = Hands(limit=1, reserve=0)
    hands.wake("user", "a1", "a2", "a3")
    hands.time = 7
    assert hands.queue.longest_still() == 7, "nothing was given out yet"
    assert await hands.take() == ["a1"]
    hands.time = 500
    hands.queue.done("a1")
    assert await hands.take() == ["a2"]
    hands.time = 900
    assert (hands.queue.longest_ready(), hands.queue.longest_still()) == (900, 400)
    hands.queue.done("a2")
    assert await hands.take() == ["a3"]
    hands.time = 9000
    assert hands.queue.longest_still() == 0, "nothing waits"


@given(st.lists(st.tuples(st.sampled_from(["user", "repair", "drift", "done"]), st.integers(0, 11)), max_size=80))
async def test_every_key_that_was_woken_is_given_out_once_workers_are_free(steps: list[tuple[str, int]]) -> None:
    hands = Hands(limit=2, reserve=1)
    busy: list[str] = []
    for what, number in steps:
        hands.time += 1
        key = f"{'ab'[number % 2]}{number}"
        if what == "done":
            if busy:
                hands.queue.done(busy.pop(0))
        else:
            hands.wake(what, key)
        taken = await hands.take()
        assert not set(taken) & set(busy), "one worker for each key"
        busy += taken
        for lane in "ab":
            assert sum(key[0] == lane for key in busy) <= 2
    while busy:
        hands.queue.done(busy.pop(0))
        busy += await hands.take()
    assert len(hands.queue) == 0
    assert hands.queue.longest_ready() == 0


async def test_what_is_delayed_is_known_by_when_it_is_due(queue: Queue) -> None:
    queue.wake_later("a", "timer", 600)
    assert queue.is_delayed("a", "timer")
    assert queue.is_delayed("a", "timer", 700)
    assert not queue.is_delayed("a", "timer", 2), "a wish for a sooner one is not met by it"
    assert not queue.is_delayed("a", "event")
    queue.cancel("a", "timer")
    assert not queue.is_delayed("a", "timer")
