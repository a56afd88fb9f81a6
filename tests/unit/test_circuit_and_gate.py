"""What holds the calls of a connection back, and what lets them out again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.budget import Budget
from jwk_operator.apinizer.circuit import THRESHOLD, Circuit, probe_interval
from jwk_operator.apinizer.gate import Gate

NOW = datetime(2027, 1, 1, tzinfo=UTC)
DOWN = Answer(Verdict.UNREACHABLE, "manager refuses connections")
FINE = Answer(Verdict.OK, http_status=200)
REFUSED = Answer(Verdict.UNAUTHORIZED, "Invalid token", 401, "invalid_token")
SLOWER = Answer(Verdict.RATE_LIMITED, "slowly", 429, retry_after=60)
TOKEN = "token one"


@dataclass
class World:
    time: float = 100.0
    changes: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate = Gate(Budget(8), lambda: self.time, lambda: NOW, lambda: 0.5)
        self.gate.on_change = lambda: self.changes.append(self.gate.is_shut)

    def learn(self, *answers: Answer, writes: bool = False, token: str = TOKEN, sent: float | None = None) -> None:
        for answer in answers:
            self.gate.learn(token, answer, sent=self.time if sent is None else sent, writes=writes)

    def held(self, token: str = TOKEN) -> Verdict | None:
        held = self.gate.held(token)
        return held.verdict if held else None


def test_it_opens_after_several_failures_in_a_row_and_not_before() -> None:
    world = World()
    world.learn(*[DOWN] * (THRESHOLD - 1))
    assert world.held() is None
    world.learn(DOWN)
    assert world.gate.held(TOKEN) == Answer(Verdict.CIRCUIT_OPEN, DOWN.text, local=True)
    assert world.changes == [True]


def test_an_answer_of_any_kind_starts_the_count_anew() -> None:
    for answer in (FINE, Answer(Verdict.REJECTED, "no", 400), Answer(Verdict.FORBIDDEN, "no", 403)):
        world = World()
        world.learn(*[DOWN] * (THRESHOLD - 1), answer, *[DOWN] * (THRESHOLD - 1))
        assert world.held() is None


def test_four_hundreds_never_open_it() -> None:
    world = World()
    world.learn(*[Answer(Verdict.REJECTED, "no", 400, "bad_request")] * 100)
    assert world.held() is None


@pytest.mark.parametrize(
    ("status", "code", "writes", "counts"),
    [
        (500, "internal_error", True, False),
        (500, "internal_error", False, True),
        (500, None, True, True),
        (503, None, True, True),
        (502, "bad_gateway", True, True),
        (200, None, False, True),
        (None, None, True, True),
    ],
)
def test_apinizers_own_error_about_a_write_says_nothing_of_the_connection(
    status: int | None, code: str | None, writes: bool, counts: bool
) -> None:
    world = World()
    verdict = Verdict.UNREACHABLE if status is None else Verdict.SERVER_ERROR
    world.learn(*[Answer(verdict, "failed", status, code)] * THRESHOLD, writes=writes)
    assert (world.held() is Verdict.CIRCUIT_OPEN) is counts


def test_time_outs_of_calls_from_before_do_not_open_again_what_has_just_closed() -> None:
    world = World()
    world.learn(*[DOWN] * THRESHOLD)
    sent = world.time
    world.time += 30
    world.learn(FINE)
    assert world.changes == [True, False]
    world.learn(*[DOWN] * 50, sent=sent)
    assert world.held() is None
    world.learn(*[DOWN] * THRESHOLD)
    assert world.held() is Verdict.CIRCUIT_OPEN


def test_what_it_says_stays_the_same_while_it_is_open() -> None:
    world = World()
    world.learn(*[DOWN] * THRESHOLD, Answer(Verdict.UNREACHABLE, "did not answer in time"))
    held = world.gate.held(TOKEN)
    assert held is not None
    assert held.text == DOWN.text


def test_one_probe_at_a_time_at_a_growing_interval() -> None:
    world = World()
    world.learn(*[DOWN] * THRESHOLD)
    waits = []
    for _ in range(8):
        wait = world.gate.next_probe(TOKEN)
        assert wait is not None
        waits.append(wait)
        assert not world.gate.is_probe_due(TOKEN)
        world.time += wait
        assert world.gate.is_probe_due(TOKEN)
        with world.gate.probing():
            assert not world.gate.is_probe_due(TOKEN)
            world.learn(DOWN)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert world.changes == [True]


def test_a_change_of_the_connection_makes_a_probe_due_at_once() -> None:
    world = World()
    world.learn(*[DOWN] * THRESHOLD)
    world.gate.hasten()
    assert world.gate.is_probe_due(TOKEN)


def test_a_probe_that_succeeds_lets_everybody_out() -> None:
    world = World()
    world.learn(*[DOWN] * THRESHOLD)
    with world.gate.probing():
        world.learn(FINE)
    assert world.held() is None
    assert world.gate.next_probe(TOKEN) is None
    assert world.changes == [True, False]
    world.learn(*[DOWN] * THRESHOLD)
    assert world.gate.next_probe(TOKEN) == 1, "the interval grows anew"


def test_a_refused_credential_is_not_sent_again_except_by_a_slow_probe() -> None:
    world = World()
    world.learn(REFUSED)
    assert world.gate.held(TOKEN) == Answer(Verdict.UNAUTHORIZED, "Invalid token", 401, "invalid_token", local=True)
    assert world.gate.next_probe(TOKEN) == 5
    assert world.held("token two") is None, "another credential may be tried"
    world.learn(FINE, token="token two")
    assert not world.gate.is_shut


def test_a_pause_is_for_everybody_and_for_probes_too() -> None:
    world = World()
    world.learn(SLOWER)
    assert world.gate.held(TOKEN) == Answer(Verdict.RATE_LIMITED, world_text(world), retry_after=60, local=True)
    assert world.held("token two") is Verdict.RATE_LIMITED
    assert not world.gate.is_probe_due(TOKEN)
    world.learn(Answer(Verdict.RATE_LIMITED, "slowly", 429, retry_after=5))
    assert world.gate.pause() == 60, "a shorter one does not end a longer one"
    world.time += 60
    assert world.held() is None


def world_text(world: World) -> str:
    held = world.gate.held(TOKEN)
    assert held is not None
    return held.text


def test_probe_intervals_are_bounded() -> None:
    assert [probe_interval(n) for n in (0, 1, 4, 5, 1000)] == [1, 2, 16, 30, 30]


@given(st.lists(st.booleans()))
def test_it_is_open_exactly_after_enough_failures_without_a_success(outcomes: list[bool]) -> None:
    circuit, in_a_row, is_open = Circuit(), 0, False
    for at, success in enumerate(outcomes):
        if success:
            circuit.succeeded(at, NOW)
            in_a_row, is_open = 0, False
        else:
            circuit.failed(at, "why", NOW)
            in_a_row += 1
            is_open = is_open or in_a_row >= THRESHOLD
        assert circuit.is_open is is_open
