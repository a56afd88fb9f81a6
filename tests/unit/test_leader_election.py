"""Leader election: who takes a Lease and when, and that nobody writes who may have lost it."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import ssl
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest
from aiohttp import web

from jwk_operator.apinizer.client import ManagementClient
from jwk_operator.apinizer.credentials import StaticToken
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.term import NotLeaderError
from jwk_operator.apinizer.transport import open_client
from jwk_operator.kube.client import JWKS, ApiError, ApiUnavailableError, KubeClient
from jwk_operator.kube.leases import Record
from jwk_operator.kube.session import Access, AccessError, open_session
from jwk_operator.runtime.identity import is_dead, own_identity
from jwk_operator.runtime.leader import Leadership
from jwk_operator.runtime.lease import Move, Seen, Timing, next_move, observed
from jwk_operator.runtime.operator import Operator
from jwk_operator.runtime.process import _end, _Term
from jwk_operator.runtime.settings import Settings
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


async def test_who_lost_a_race_counts_from_when_it_saw_the_winner() -> None:
    lease = Lease()
    second = leadership(lease, "second")

    async def slow(holder: str, duration: float) -> Record:
        lease.time += 9  # in which somebody else has made it
        lease._written(Record("third", duration, 0, ""))
        raise ApiError(409, "AlreadyExists", holder)

    lease.create = slow  # type: ignore[method-assign]
    waiting = asyncio.ensure_future(second.acquire())
    await asyncio.sleep(0)
    assert lease.writes == ["third"]
    lease.time += 14.9
    for _ in range(5):
        await asyncio.sleep(0)
    assert lease.writes == ["third"], "who won may have written until ten seconds after that"
    lease.time += 0.1
    async with asyncio.timeout(5):
        await waiting
    assert lease.writes == ["third", "second"]


async def test_a_renewal_that_nobody_waits_for_any_more_does_not_spoil_the_release() -> None:
    lease = Lease()
    first = leadership(lease, "first")
    await first.acquire()
    lease.record = replace(lease.record or THEIRS, version="renewed")
    await first.release()
    assert lease.record is not None
    assert lease.record.holder == ""


async def test_a_lease_that_somebody_else_took_meanwhile_is_not_released() -> None:
    lease = Lease()
    first = leadership(lease, "first")
    await first.acquire()
    lease.record = replace(THEIRS, version="99")
    await first.release()
    assert lease.record == replace(THEIRS, version="99")


async def test_a_login_that_fails_ends_neither_the_wait_nor_the_term() -> None:
    lease, failures = Lease(), [AccessError("a"), AccessError("b")]
    reach = lease._reach

    def fail() -> None:
        if failures:
            raise failures.pop()
        reach()

    lease._reach = fail  # type: ignore[method-assign]
    first = leadership(lease, "first")
    async with asyncio.timeout(5):
        await first.acquire()
    failures += [AccessError("c")] * 3
    holding = asyncio.ensure_future(first.hold())
    while failures:
        await asyncio.sleep(0)
    assert not holding.done()
    assert first.may_write()
    lease.time += 10
    assert await holding == "it could not be renewed in time"


class _NoServer:
    """Stands in for the API server's client where nothing is asked of it."""

    may_write = staticmethod(lambda: True)


@pytest.mark.parametrize("stopping", [False, True])
async def test_a_loss_ends_the_work_at_once_also_while_the_process_is_ending(stopping: bool) -> None:
    term, stop, over = _Term(Operator(cast("KubeClient", _NoServer()), Settings())), asyncio.Event(), asyncio.Event()

    async def hold() -> str:
        await over.wait()
        return "cut off"

    async def work() -> None:
        await asyncio.Event().wait()

    term.workers = [asyncio.create_task(work())]
    ending = asyncio.create_task(_end(stop, asyncio.create_task(hold()), term))
    if stopping:
        stop.set()
        await term.end.wait()
        assert not term.lost, "what is under way may end"
    over.set()
    await ending
    await asyncio.wait(term.workers, timeout=5)
    assert term.lost
    assert term.end.is_set()
    assert term.workers[0].cancelled()


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


@pytest.mark.parametrize("error", [PermissionError, FileNotFoundError, OSError])
def test_one_that_cannot_be_looked_at_may_live(monkeypatch: pytest.MonkeyPatch, error: type[OSError]) -> None:
    """As with hidepid for a process of another user, or without a free file descriptor."""
    monkeypatch.delenv("POD_UID", raising=False)
    me = own_identity()
    head, _, place = me.rpartition("_")
    kind, machine, *_ = place.split(".")
    theirs = f"{head}_{kind}.{machine}.{os.getppid()}.1"
    assert is_dead(theirs, me), "another process has that number now"

    def refuse(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(Path, "read_text", refuse)
    assert not is_dead(theirs, me)
    monkeypatch.setattr(os, "kill", refuse)
    assert not is_dead(theirs, me)


def test_odd_process_numbers_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POD_UID", raising=False)
    me = own_identity()
    head, _, place = me.rpartition("_")
    kind, machine, pid, _started = place.split(".")
    for odd, started in (("9" * 30, "1"), ("²", "1"), ("-1", "1"), (pid, "")):
        assert not is_dead(f"{head}_{kind}.{machine}.{odd}.{started}", me)


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


async def test_a_term_that_ends_while_waiting_for_a_connection_keeps_the_call_back() -> None:
    leads, answer = True, asyncio.Event()
    async with line() as (manager, ready):
        endpoint = replace(ready.endpoint, max_concurrent_requests=1)
        async with open_client(endpoint, lambda: leads) as client:
            manager.wait = answer
            listing = asyncio.create_task(client.get(endpoint.address))
            await asyncio.wait_for(manager.asked.wait(), 5)
            writing = asyncio.create_task(client.delete(endpoint.address))
            await asyncio.sleep(0)  # it asks whether it may, and waits for the only connection
            leads = False
            answer.set()
            await listing
            with pytest.raises(NotLeaderError):
                await writing
            assert (await client.get(endpoint.address)).status_code == 200, "the place in the pool is free again"
    assert [request.method for request in manager.requests] == ["GET", "GET"]


@pytest.mark.parametrize("refused", [0, 1])
async def test_a_term_that_ends_during_a_login_keeps_the_call_to_the_api_server_back(refused: int) -> None:
    """`refused`: how many calls the API server answers with 401, after which a login is renewed."""
    leads, logins = True, itertools.count()

    def login() -> dict[str, str]:
        nonlocal leads
        number = next(logins)
        leads = number < refused
        return {"Authorization": f"Bearer {number}"}

    async with line() as (manager, ready):
        manager.reply = lambda _: web.json_response({}, status=401)
        access = Access(ready.endpoint.address, ssl.create_default_context(), login)
        async with open_session(access, lambda: leads) as session:
            client = KubeClient(session, access.server, lambda: leads)
            with pytest.raises(NotLeaderError):
                await client.merge_patch(JWKS, "team", "one", {})
    assert [request.method for request in manager.requests] == ["PATCH"] * refused
