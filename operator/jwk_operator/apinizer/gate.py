"""What holds back the calls of one connection: a pause that Apinizer asked for, a refused credential, an open circuit.

One gate stands before everything on a connection and outlives its clients, which come and go with its Secret.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.budget import Budget
from jwk_operator.apinizer.circuit import Circuit, probe_interval

RATE_LIMITED = "Apinizer asks this connection to slow down; it pauses for as long as Apinizer said"
_FIRST_RETRIAL = 5.0
_LAST_RETRIAL = 300.0
"""Seconds between probes with a credential that was refused."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Gate:
    """Says whether a call may go out, and learns from the answers. `credential` is anything that can be compared."""

    def __init__(
        self,
        budget: Budget,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.budget = budget
        self.circuit = Circuit()
        self.on_change: Callable[[], None] = lambda: None
        """Called when calls are held back from now on, or may go out again."""
        self._clock = clock
        self._now = now
        self._chance = chance
        self._paused_until = float("-inf")
        self._refused: tuple[object, Answer] | None = None
        self._probes = 0
        self._probing = False
        self._next_probe = float("-inf")

    def held(self, credential: object) -> Answer | None:
        """Return the answer that stands in for a call which must not go out now; None when it may."""
        pause = self._paused_until - self._clock()
        if pause > 0:
            return Answer(Verdict.RATE_LIMITED, RATE_LIMITED, retry_after=pause, local=True)
        if self._refused is not None and self._refused[0] == credential:
            return replace(self._refused[1], local=True)
        if self.circuit.is_open:
            return Answer(Verdict.CIRCUIT_OPEN, self.circuit.why, local=True)
        return None

    @property
    def is_shut(self) -> bool:
        """Whether calls are held back, be it only those with a credential that was refused."""
        return self.pause() > 0 or self._refused is not None or self.circuit.is_open

    def retry_after(self) -> float:
        """Seconds after which a call may be repeated that failed while the circuit is still closed."""
        return max(self.pause(), probe_interval(self.circuit.failures) * (0.8 + 0.4 * self._chance()))

    def pause(self) -> float:
        """Return for how many seconds nothing at all may go out."""
        return max(0.0, self._paused_until - self._clock())

    def is_probe_due(self, credential: object) -> bool:
        """Whether a probe may find out if what holds calls back is over."""
        held = self.held(credential)
        return (
            held is not None
            and held.verdict is not Verdict.RATE_LIMITED
            and not self._probing
            and self._clock() >= self._next_probe
        )

    def next_probe(self, credential: object) -> float | None:
        """Seconds until calls may be let out or a probe is due; None while nothing is held back."""
        held = self.held(credential)
        if held is None:
            return None
        if held.verdict is Verdict.RATE_LIMITED:
            return self.pause()
        return max(0.0, self._next_probe - self._clock())

    def hasten(self) -> None:
        """Something changed that may help: the next probe is due at once, and the interval grows anew."""
        self._probes = 0
        self._next_probe = float("-inf")

    @contextmanager
    def probing(self) -> Iterator[None]:
        """Mark a probe as under way: there is one at a time, and the next not before its interval is over."""
        self._probing = True
        try:
            yield
        finally:
            self._probing = False
            self._wait_for_probe()

    def _wait_for_probe(self) -> None:
        interval = probe_interval(self._probes)
        if self._refused is not None:
            interval = min(_LAST_RETRIAL, _FIRST_RETRIAL * 2.0 ** min(self._probes, 16))
        self._probes += 1
        self._next_probe = self._clock() + interval * (0.8 + 0.4 * self._chance())

    def learn(self, credential: object, answer: Answer, *, sent: float, writes: bool) -> None:
        """Take in how a call ended that was sent at `sent`; `writes` is whether it could change something."""
        before = self._state()
        match answer.verdict:
            case Verdict.UNREACHABLE | Verdict.SERVER_ERROR:
                # Apinizer's own error about a write may be about that one JWK: it says nothing of the connection.
                if not (writes and answer.http_status == 500 and answer.code is not None):
                    self.circuit.failed(sent, answer.text, self._now())
            case Verdict.RATE_LIMITED:
                self._paused_until = max(self._paused_until, self._clock() + (answer.retry_after or 0.0))
                self.circuit.succeeded(self._clock(), self._now())
            case Verdict.UNAUTHORIZED:
                self._refused = (credential, answer)
                self.circuit.succeeded(self._clock(), self._now())
            case _:
                self.circuit.succeeded(self._clock(), self._now())
                self._refused = None
        after = self._state()
        if after != before:
            if after[:2] != before[:2]:
                self._probes = 0
                if any(after[:2]) and not self._probing:
                    self._wait_for_probe()
            self.on_change()

    def _state(self) -> tuple[bool, bool, float]:
        return self.circuit.is_open, self._refused is not None, self._paused_until
