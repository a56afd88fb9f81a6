"""The process: start-up, kopf beside the workers, and an end that lets running calls finish."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from typing import Any

import aiohttp
import kopf

from jwk_operator.apinizer.term import MayWrite, always
from jwk_operator.handlers import make_registry, make_settings
from jwk_operator.kube.client import ApiError, ApiUnavailableError, KubeClient
from jwk_operator.kube.leases import Leases
from jwk_operator.kube.session import Access, open_session
from jwk_operator.kube.watches import Watches
from jwk_operator.runtime.figures import Figures
from jwk_operator.runtime.http import serve
from jwk_operator.runtime.identity import own_identity
from jwk_operator.runtime.leader import Leadership
from jwk_operator.runtime.lease import Timing
from jwk_operator.runtime.logs import change_level, fields
from jwk_operator.runtime.metrics import Metrics
from jwk_operator.runtime.operator import Operator
from jwk_operator.runtime.settings import Settings

log = logging.getLogger(__name__)

_LAST_CHANCE = 5.0
"""Seconds that calls may take to end once kopf has ended."""

_LAST_PATCHES = 2.0
"""Seconds that finalizers of connections may take to come into line at the end; what does not is left to a start."""

_KOPF_END = 8.0
"""Seconds that kopf may take to end; some errors of a watch leave it waiting for ever."""


class _Term:
    """One operator from its start to its end: with leader election the time for which it holds the Lease."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.watching = asyncio.Event()
        self.end = asyncio.Event()
        self.lost = False
        """Whether another operator may be acting already."""
        self.workers: list[asyncio.Task[None]] = []

    def lose(self) -> None:
        """End at once: what is under way is not finished, and settled by the list in the next term of anybody."""
        self.lost = True
        self.operator.queue.close()
        for worker in self.workers:
            worker.cancel()
        self.end.set()

    def not_ready(self) -> str | None:
        """Return what is missing for start-up to be done, or None."""
        return None if self.operator.loaded and self.watching.is_set() else "starting"


class _Process:
    """What outlives a term: the way to the API server, the metrics, and the answers to probes."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        access: Access,
        settings: Settings,
        watches: Watches,
        stop: asyncio.Event,
    ) -> None:
        self.session = session
        self.access = access
        self.settings = settings
        self.watches = watches
        self.stop = stop
        self.metrics = Metrics()
        self.term: _Term | None = None
        self.leadership = _leadership(session, access, settings)

    def alive(self) -> str | None:
        """Return what is stuck, or None."""
        return (self.term.operator.alive() or self.watches.dead()) if self.term else None

    def not_ready(self) -> str | None:
        """Return why this process is not ready, or None. One that waits for the Lease is: an update may go on."""
        if self.stop.is_set():
            return "stopping"
        if self.term is not None:
            return self.term.not_ready()
        return None if self.leadership is not None else "starting"

    def render_metrics(self) -> bytes:
        """Return the metrics as they are now."""
        self.metrics.watched(self.watches.ages())
        return self.term.operator.render_metrics() if self.term else self.metrics.render()


async def run(access: Access, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises `PortError` when a port cannot be used."""
    stop = asyncio.Event()
    _on_signals(stop)
    _on_log_signals()
    watches = Watches()
    async with open_session(access) as session:
        process = _Process(session, access, settings, watches, stop)
        async with serve(settings, process.render_metrics, process.alive, process.not_ready):
            while not stop.is_set():
                await _lead(process)
    log.info("stopped")


def _leadership(session: aiohttp.ClientSession, access: Access, settings: Settings) -> Leadership | None:
    lease = settings.lease
    if lease is None:
        return None
    leases = Leases(KubeClient(session, access.server), lease.namespace, lease.name)
    return Leadership(leases, own_identity(), Timing.of(lease.duration))


async def _lead(process: _Process) -> None:
    """Wait for the Lease, if there is leader election, and act until it is lost or the process is to end."""
    leadership = process.leadership
    if leadership is None:
        await _act(process, None, always)
        return
    acquiring = asyncio.create_task(leadership.acquire(), name="waiting for the Lease")
    await _first_of(acquiring, process.stop)
    if not acquiring.done():
        acquiring.cancel()
        await asyncio.wait({acquiring})
        return
    acquiring.result()
    holding = asyncio.create_task(leadership.hold(), name="holding the Lease")
    try:
        await _act(process, holding, leadership.may_write)
    finally:
        holding.cancel()
        await asyncio.wait({holding})
        await leadership.release()


async def _act(process: _Process, holding: asyncio.Task[str] | None, may_write: MayWrite) -> None:
    # Of its own for each term: the guard on the wire is the session's, and the Lease is renewed beside it.
    async with open_session(process.access, may_write) as session:
        client = KubeClient(session, process.access.server, may_write, process.watches.asked)
        await _run_term(process, _Term(Operator(client, process.settings, process.metrics)), holding)


async def _run_term(process: _Process, term: _Term, holding: asyncio.Task[str] | None) -> None:
    process.term = term
    ending = asyncio.create_task(_end(process.stop, holding, term), name="end of the term")
    loading = asyncio.create_task(_load(term.operator), name="load")
    try:
        await _first_of(loading, term.end)
        if loading.done():
            loading.result()
            await _serve(process, term)
    finally:
        process.term = None
        process.metrics.show(Figures())
        process.metrics.keep(())  # who does not act does not learn which connections are gone
        process.watches.forget()
        for task in (loading, ending):
            task.cancel()


async def _end(stop: asyncio.Event, holding: asyncio.Task[str] | None, term: _Term) -> None:
    """End a term when the process is to end, or the Lease is lost, be it while the last calls are given time."""
    if holding is None:
        await stop.wait()
    else:
        await _first_of(holding, stop)
        if not holding.done():
            term.end.set()
            await asyncio.wait({holding})
        log.error("not leading any more: %s", holding.result())
        term.lose()
    term.end.set()


async def _serve(process: _Process, term: _Term) -> None:
    operator, settings = term.operator, process.settings
    term.workers = [asyncio.create_task(operator.work(), name=f"worker {n}") for n in range(settings.workers)]
    # Made before kopf starts, which at its end cancels what it has not seen before.
    beside = [
        asyncio.create_task(_sweep(operator, settings.sweep_interval), name="sweeper"),
        asyncio.create_task(operator.watch(), name="watches of our own"),
        asyncio.create_task(operator.prober.work(), name="probing of connections"),
    ]
    upkeep = asyncio.create_task(operator.upkeep.work(), name="upkeep of connections")
    try:
        while not term.end.is_set():
            await _watch(process, term)
    finally:
        for task in beside:
            task.cancel()
        await _drain(operator, term.workers, _LAST_CHANCE)
        if not term.lost:
            await operator.upkeep.finish(_LAST_PATCHES)
            await operator.prober.finish(_LAST_PATCHES)
        upkeep.cancel()
        await operator.aclose()


async def _drain(operator: Operator, workers: list[asyncio.Task[None]], grace_period: float) -> None:
    """Take on nothing new, and let what is under way finish; what does not is settled by the list after a start."""
    operator.queue.close()
    _done, late = await asyncio.wait(workers, timeout=grace_period)
    for worker in late:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    if late:
        log.warning("calls still under way were left to the next start", extra=fields(calls=len(late)))


async def _load(operator: Operator) -> None:
    while not operator.loaded:
        try:
            await operator.load()
        except ApiError as error:
            remedy = (
                "install the CRDs (kubectl apply --server-side -f crds/)" if error.status == 404 else "check the RBAC"
            )
            log.warning("cannot start yet: %s; %s", error, remedy)
        except ApiUnavailableError as error:
            log.warning("cannot start yet: %s", error)
        if not operator.loaded:
            await asyncio.sleep(2)


async def _sweep(operator: Operator, interval: float) -> None:
    while True:
        await asyncio.sleep(interval)
        try:
            await operator.sweep()
        except Exception as error:
            log.warning("sweep put off: %s", type(error).__name__)


async def _watch(process: _Process, term: _Term) -> None:
    """Run kopf until the term ends, or until it ends by itself, as some errors of a watch make it."""
    ready, end, stop = asyncio.Event(), asyncio.Event(), term.end
    running = asyncio.create_task(_kopf(term.operator, process, ready, end), name="kopf")
    await _first_of(running, ready, stop)
    _on_signals(process.stop)  # kopf has set its own
    term.watching.set()
    await _first_of(running, stop)
    # kopf cancels every task that it does not know when it ends, so what is under way has to end before.
    deadline = time.monotonic() + process.settings.grace_period
    while stop.is_set() and term.operator.queue.busy and not running.done() and time.monotonic() < deadline:
        term.operator.queue.close()
        await asyncio.wait({running}, timeout=0.05)
    end.set()
    await asyncio.wait({running}, timeout=_KOPF_END)
    running.cancel()
    await asyncio.wait({running}, timeout=_KOPF_END)
    term.watching.clear()
    error = running.exception() if running.done() and not running.cancelled() else None
    if error is None:
        # kopf ends without an error only when it was told to, if need be by a signal of its own
        if not stop.is_set():
            process.stop.set()
            stop.set()
    elif not stop.is_set():
        log.error("the watches ended; starting them again", exc_info=error)
        await asyncio.sleep(1)


async def _kopf(operator: Operator, process: _Process, ready: asyncio.Event, end: asyncio.Event) -> None:
    access, settings = process.access, process.settings
    clusterwide = settings.namespaces is None
    registry = make_registry(
        operator.on_event,
        lambda: kopf.AiohttpSession(
            server=access.server, aiohttp_session=open_session(access, watches=process.watches)
        ),
        clusterwide=clusterwide,
    )
    await kopf.operator(
        registry=registry,
        settings=make_settings(),
        standalone=True,
        clusterwide=clusterwide,
        namespaces=settings.namespaces or (),
        ready_flag=ready,
        stop_flag=end,
    )


async def _first_of(task: asyncio.Task[Any], *events: asyncio.Event) -> None:
    """Wait until one of the events is set or the task is done, whichever comes first."""
    waiters = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait({*waiters, task}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


def _on_log_signals() -> None:
    """SIGUSR1: log everything; SIGUSR2: log what the process was started with. `jwk-operator log-level` sends them."""
    loop, configured = asyncio.get_running_loop(), logging.getLogger("jwk_operator").level
    loop.add_signal_handler(signal.SIGUSR1, change_level, logging.DEBUG)
    loop.add_signal_handler(signal.SIGUSR2, change_level, configured)
