"""Ctrl-C while a command is at work."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from jwk_operator.cli.cluster import carry_out


def test_it_never_cuts_into_a_callback(caplog: pytest.LogCaptureFixture) -> None:
    """As that of a connection which is there now: it sets the result of what the command waits for."""

    async def work() -> None:
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def callback() -> None:
            os.kill(os.getpid(), signal.SIGINT)
            answer.set_result(None)

        asyncio.get_running_loop().call_soon(callback)
        await answer
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        carry_out(work())
    assert caplog.text == ""


def test_a_second_one_ends_what_does_not_heed_the_first() -> None:
    async def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        carry_out(work())


def test_what_is_ignored_stays_ignored() -> None:
    async def work() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0)
        return "done"

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert carry_out(work()) == "done"
    finally:
        signal.signal(signal.SIGINT, before)


def test_where_loops_know_no_signals_asyncios_own_way_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""

    def refuse(*_: object) -> None:
        raise NotImplementedError

    async def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    async def begun() -> str:
        return "done"

    monkeypatch.setattr("asyncio.unix_events._UnixSelectorEventLoop.add_signal_handler", refuse)
    assert carry_out(begun()) == "done"
    with pytest.raises(KeyboardInterrupt):
        carry_out(work())
