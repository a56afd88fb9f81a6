"""Leader election: who takes a Lease and when, and that nobody writes who may have lost it."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest

from jwk_operator.apinizer.client import ManagementClient
from jwk_operator.apinizer.credentials import StaticToken
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.term import NotLeaderError
from jwk_operator.kube.client import ApiError, ApiUnavailableError
from jwk_operator.kube.leases import Record
from jwk_operator.runtime.identity import is_dead, own_identity
from jwk_operator.runtime.leader import Leadership
from jwk_operator.runtime.lease import Move, Seen, Timing, next_move, observed
from unit.manager import TOKEN, line

THEIRS = Record("them", 15.0, 3, "7")


@pytest.mark.parametrize(
    ("seen", "now", "dead", "move"),
    [
        (None, 0.0, False, Move.CREATE),
        (Seen(replace(THEIRS, holder="me"), 0.0), 999.0, False, Move.RENEW),
        (Seen(replace(THEIRS, holder=""), 0.0), 0.0, False, Move.TAKE),
        (Seen(THEIRS, 100.0), 100.0, False, Move.WAIT),
        (Seen(THEIRS, 100.0), 114.9, False, Move.WAIT),
        (Seen(THEIRS, 100.0), 115.0, False, Move.TAKE),
        (Seen(THEIRS, 100.0), 100.0, True, Move.TAKE),
    ],
)
def test_what_to_do_about_a_lease(seen: Seen | None, now: float, dead: bool, move: Move) -> None:
    assert next_move("me", seen, now, holder_is_dead=dead) is move


def test_only_a_record_that_changes_shows_that_its_holder_lives() -> None:
    first = observed(None, THEIRS, 100.0)
    assert observed(first, THEIRS, 110.0) == Seen(THEIRS, 100.0)
    renewed = replace(THEIRS, version="8")
    assert observed(first, renewed, 110.0) == Seen(renewed, 110.0)


@pytest.mark.parametrize("duration", [1.0, 3.0, 15.0, 600.0])
def test_a_holder_stops_well_before_anybody_may_take_over(duration: float) -> None:
    timing = Timing.of(duration)
    assert timing.retry * 2 <= timing.deadline < timing.duration


@dataclass
class Lease:
    """A Lease on an API server that can be cut off, with a clock."""

    time: float = 1000.0
    record: Record | None = None
    cut_off: bool = False
    answers_lost: int = 0

    def __post_init__(self) -> None:
        self.versions = itertools.count(1)
        self.writes: list[str] = []

    def _reach(self) -> None:
        if self.cut_off:
            raise ApiUnavailableError("cut off")

    async def read(self) -> Record | None:
        self._reach()
        return self.record

    async def create(self, holder: str, duration: float) -> Record:
        self._reach()
        if self.record is not None:
            raise ApiError(409, "AlreadyExists", "")
        return self._written(Record(holder, duration, 0, ""))

    async def write(self, before: Record, holder: str, duration: float) -> Record:
        self._reach()
        if self.record is None or before.version != self.record.version:
            raise ApiError(409, "Conflict", "")
        return self._written(replace(before, holder=holder, duration=duration))

    async def release(self, before: Record) -> Record:
        return await self.write(before, "", 1.0)

    def _written(self, record: Record) -> Record:
        self.record = replace(record, version=str(next(self.versions)))
        self.writes.append(record.holder)
        if self.answers_lost:
            self.answers_lost -= 1
            raise ApiUnavailableError("no answer")
        return self.record


def leadership(lease: Lease, me: str) -> Leadership:
    return Leadership(lease, me, Timing(15.0, 10.0, 0.0), lambda: lease.time)  # type: ignore[arg-type]


async def test_one_leads_and_the_other_waits_until_it_is_over() -> None:
    lease = Lease()
    first, second = leadership(lease, "first"), leadership(lease, "second")
    await first.acquire()
    assert first.may_write()
    waiting = asyncio.ensure_future(second.acquire())
    for _ in range(14):
        lease.time += 1
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not waiting.done()
    assert not first.may_write(), "it stopped when it had not renewed for ten seconds"
    assert not second.may_write()
    lease.time += 2
    async with asyncio.timeout(5):
        await waiting
    assert second.may_write()
    assert not first.may_write()


async def test_a_renewal_keeps_the_term_and_a_lost_answer_does_not_end_it() -> None:
    lease = Lease()
    first = leadership(lease, "first")
    await first.acquire()
    holding = asyncio.ensure_future(first.hold())
    for step in range(40):
        lease.time += 1
        if step == 20:
            lease.answers_lost = 1
        for _ in range(5):
            await asyncio.sleep(0)
        assert first.may_write()
    assert set(lease.writes) == {"first"}
    holding.cancel()


async def test_one_that_is_cut_off_stops_by_itself() -> None:
    lease = Lease()
    first = leadership(lease, "first")
    await first.acquire()
    lease.cut_off = True
    holding = asyncio.ensure_future(first.hold())
    for _ in range(9):
        lease.time += 1
        await asyncio.sleep(0)
        assert first.may_write()
    lease.time += 1
    assert not first.may_write(), "at the deadline to the tick, whatever the loop is doing"
    async with asyncio.timeout(5):
        assert await holding == "it could not be renewed in time"


async def test_one_that_was_paused_does_not_write_when_it_goes_on() -> None:
    lease = Lease()
    first, second = leadership(lease, "first"), leadership(lease, "second")
    await first.acquire()
    second_acquires = asyncio.ensure_future(second.acquire())
    await asyncio.sleep(0)
    lease.time += 15  # in which the first was stopped
    async with asyncio.timeout(5):
        await second_acquires
    assert not first.may_write()
    async with asyncio.timeout(5):
        assert await first.hold() == "it could not be renewed in time"
    assert lease.record is not None
    assert lease.record.holder == "second"


async def test_a_release_lets_the_other_begin_at_once() -> None:
    lease = Lease()
    first, second = leadership(lease, "first"), leadership(lease, "second")
    await first.acquire()
    await first.release()
    assert not first.may_write()
    async with asyncio.timeout(5):
        await second.acquire()
    assert lease.writes == ["first", "", "second"]


async def test_who_does_not_lead_releases_nothing() -> None:
    lease = Lease()
    first, second = leadership(lease, "first"), leadership(lease, "second")
    await first.acquire()
    lease.time += 11
    await first.release()
    assert lease.writes == ["first"]
    await second.release()
    assert lease.writes == ["first"]


# --- who is dead --------------------------------------------------------------------------------------------------


def test_a_process_knows_of_another_one_of_its_machine_whether_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POD_UID", raising=False)
    me = own_identity()
    assert own_identity() == me
    script = "from jwk_operator.runtime.identity import own_identity; print(own_identity(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        theirs = child.stdout.readline().strip()
        assert theirs != me
        assert not is_dead(theirs, me)
        os.kill(child.pid, signal.SIGSTOP)
        assert not is_dead(theirs, me), "one that was stopped may go on"
        child.kill()
        child.wait()
    assert is_dead(theirs, me)
    assert not is_dead(me, me)


def test_of_other_machines_nothing_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POD_UID", raising=False)
    me = own_identity()
    host, _, place = me.rpartition("_")
    kind, _machine, _pid, started = place.split(".")
    assert not is_dead(f"{host}_{kind}.another-boot.1.{started}", me)
    for odd in ("", "somebody", "a_b", f"{host}_pod.uid.1", f"{host}_process.x", f"{me}.more"):
        assert not is_dead(odd, me)


def test_a_container_knows_that_the_one_before_it_in_its_pod_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POD_UID", "uid-1")
    before, now = own_identity(), own_identity()
    assert before != now
    assert is_dead(before, now)
    monkeypatch.setenv("POD_UID", "uid-2")
    assert not is_dead(before, own_identity())


# --- what may leave -----------------------------------------------------------------------------------------------


async def test_nothing_that_changes_anything_leaves_without_a_term() -> None:
    async with line() as (manager, ready):
        leads = True
        client = ManagementClient(ready.endpoint, StaticToken(Secret(TOKEN)), may_write=lambda: leads)
        await client.delete("shop", "a")
        leads = False
        for call in (
            client.delete("shop", "a"),
            client.create("shop", {}),
            client.generate("shop", {}),
            client.update("shop", "a", ""),
        ):
            with pytest.raises(NotLeaderError):
                await call
        await client.list_jwks("shop")
        await client.aclose()
    assert [request.method for request in manager.requests] == ["DELETE", "GET"]


async def test_a_term_that_ends_while_connecting_keeps_the_call_back() -> None:
    asked = itertools.count()
    async with line() as (manager, ready):
        client = ManagementClient(ready.endpoint, StaticToken(Secret(TOKEN)), may_write=lambda: next(asked) == 0)
        with pytest.raises(NotLeaderError):
            await client.delete("shop", "a")
        await client.aclose()
    assert manager.requests == []
