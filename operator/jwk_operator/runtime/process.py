"""The process: start-up, kopf beside the workers, and an end that lets running calls finish."""

from __future__ import annotations

import asyncio
import logging
import signal
import time

import kopf

from jwk_operator.handlers import make_registry, make_settings
from jwk_operator.kube.client import ApiError, ApiUnavailableError, KubeClient
from jwk_operator.kube.session import Access, open_session
from jwk_operator.runtime.http import serve
from jwk_operator.runtime.logs import fields
from jwk_operator.runtime.operator import Operator
from jwk_operator.runtime.settings import Settings

log = logging.getLogger(__name__)

_LAST_CHANCE = 5.0
"""Seconds that calls may take to end once kopf has ended."""

_LAST_PATCHES = 2.0
"""Seconds that finalizers of connections may take to come into line at the end; what does not is left to a start."""

_KOPF_END = 8.0
"""Seconds that kopf may take to end; some errors of a watch leave it waiting for ever."""


async def run(access: Access, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises `PortError` when a port cannot be used."""
    stop, watching = asyncio.Event(), asyncio.Event()
    _on_signals(stop)
    async with open_session(access) as session:
        operator = Operator(KubeClient(session, access.server), settings)

        def not_ready() -> str | None:
            return None if operator.loaded and watching.is_set() else "starting"

        async with serve(settings, operator.render_metrics, operator.alive, not_ready):
            loading = asyncio.create_task(_load(operator), name="load")
            await _first_of(stop, loading)
            if loading.done():
                loading.result()
                await _serve(operator, access, settings, watching, stop)
            loading.cancel()
    log.info("stopped")


async def _serve(
    operator: Operator, access: Access, settings: Settings, watching: asyncio.Event, stop: asyncio.Event
) -> None:
    workers = [asyncio.create_task(operator.work(), name=f"worker {n}") for n in range(settings.workers)]
    # Made before kopf starts, which at its end cancels what it has not seen before.
    beside = [
        asyncio.create_task(_sweep(operator, settings.sweep_interval), name="sweeper"),
        asyncio.create_task(operator.watch_sources(), name="watch of Secrets and ConfigMaps"),
    ]
    upkeep = asyncio.create_task(operator.upkeep.work(), name="upkeep of connections")
    beside.append(asyncio.create_task(operator.prober.work(), name="probing of connections"))
    try:
        while not stop.is_set():
            await _watch(operator, access, settings, watching, stop)
    finally:
        for task in beside:
            task.cancel()
        await _drain(operator, workers, _LAST_CHANCE)
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


async def _watch(
    operator: Operator, access: Access, settings: Settings, watching: asyncio.Event, stop: asyncio.Event
) -> None:
    """Run kopf until a stop, or until it ends by itself, as some errors of a watch make it."""
    ready, end = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(_kopf(operator, access, settings, ready, end), name="kopf")
    await _first_of(ready, running)
    _on_signals(stop)  # kopf has set its own
    watching.set()
    await _first_of(stop, running)
    # kopf cancels every task that it does not know when it ends, so what is under way has to end before.
    deadline = time.monotonic() + settings.grace_period
    while stop.is_set() and operator.queue.busy and not running.done() and time.monotonic() < deadline:
        operator.queue.close()
        await asyncio.wait({running}, timeout=0.05)
    end.set()
    await asyncio.wait({running}, timeout=_KOPF_END)
    running.cancel()
    await asyncio.wait({running}, timeout=_KOPF_END)
    watching.clear()
    error = running.exception() if running.done() and not running.cancelled() else None
    if error is None:
        stop.set()  # kopf ends without an error only when it was told to, if need be by a signal of its own
    elif not stop.is_set():
        log.error("the watches ended; starting them again", exc_info=error)
        await asyncio.sleep(1)


async def _kopf(
    operator: Operator, access: Access, settings: Settings, ready: asyncio.Event, end: asyncio.Event
) -> None:
    clusterwide = settings.namespaces is None
    registry = make_registry(
        operator.on_event,
        lambda: kopf.AiohttpSession(server=access.server, aiohttp_session=open_session(access)),
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


async def _first_of(event: asyncio.Event, task: asyncio.Task[None]) -> None:
    """Wait until an event is set or a task is done, whichever comes first."""
    waiter = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({waiter, task}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
