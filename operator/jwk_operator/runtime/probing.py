"""Probing connections: whether each works is found out in the background, and told in its status."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import IntEnum

from pydantic import ValidationError

from jwk_operator.api.connection import ApinizerConnectionSpec, ApinizerConnectionStatus
from jwk_operator.api.names import ConnectionKey
from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.client import RetiredError
from jwk_operator.apinizer.term import NotLeaderError
from jwk_operator.kube.client import ApiError, ApiUnavailableError
from jwk_operator.kube.connections import ConnectionWriter, is_going, reconcile_requested
from jwk_operator.kube.events import EventPoster
from jwk_operator.kube.store import Raw, Store
from jwk_operator.reconcile import delays
from jwk_operator.reconcile.connection_status import (
    ConnectionFacts,
    Probe,
    connection_patch,
    is_current,
    news,
    ready_reason,
    render_connection,
)
from jwk_operator.reconcile.connections import Connections, Line, shown
from jwk_operator.reconcile.protection import Protection
from jwk_operator.reconcile.state import Problem
from jwk_operator.runtime.logs import fields
from jwk_operator.runtime.queue import QueueClosedError, WorkQueue
from jwk_operator.runtime.upkeep import connection_key

log = logging.getLogger(__name__)

_PROBERS = 8
"""Connections probed at once: one that does not answer must not keep the others waiting."""

_GATHERING = 5.0
"""Seconds for which changes of the number of JWKs are gathered into one patch."""


class Task(IntEnum):
    """What is to be done about a connection; the second includes the first."""

    REPORT = 1
    """Bring its status in line with what is known."""
    PROBE = 2
    """Ask its manager first."""


class Prober:
    """Probes connections when they change, at their resync interval, and while their calls are held back."""

    def __init__(
        self,
        store: Store,
        jwks: Store,
        connections: Connections,
        writer: ConnectionWriter,
        protection: Protection,
        events: EventPoster,
        released: Callable[[ConnectionKey], None],
        reports: Callable[[Raw], bool],
        now: Callable[[], datetime],
        chance: random.Random,
        failed: Callable[[BaseException], None],
    ) -> None:
        """`released` is called when the calls of a connection, which were held back, may go out again.

        `reports` says of which connections the status is this operator's to write: one shard tells, not each.
        `failed` is told of each error that keeps a connection from being looked at.
        """
        self._store = store
        self._jwks = jwks
        self._connections = connections
        self._writer = writer
        self._protection = protection
        self._events = events
        self._released = released
        self._reports = reports
        self._now = now
        self._chance = chance
        self._on_error = failed
        self._probes: dict[ConnectionKey, Probe] = {}
        self._failures: dict[ConnectionKey, int] = {}
        self._probing: set[ConnectionKey] = set()
        self._queue: WorkQueue[ConnectionKey, Task] = WorkQueue({task: task.value for task in Task})
        connections.on_gate_change = self._gate_changed

    def begin(self) -> None:
        """Everything is loaded. What worked before a restart is probed when its turn comes, the rest now."""
        for key in self._store:
            connection, raw = connection_key(key), self._store.get(key)
            if raw is None:
                continue
            interval = _interval(raw)
            status, requested = _status(raw), reconcile_requested(raw)
            asked = requested is not None and requested != status.last_handled_reconcile_at
            if interval is not None and not asked and is_current(status, raw["metadata"].get("generation", 1)):
                self._queue.wake_later(connection, Task.PROBE, self._chance.random() * interval)
                self.count(connection)
            else:
                self._queue.wake(connection, Task.PROBE)

    def check(self, connection: ConnectionKey) -> None:
        """A connection, or what it refers to, has changed: probe it now."""
        if self._store.get(connection[1:]) is None:
            self._forget(connection)
        else:
            self._queue.wake(connection, Task.PROBE)

    def count(self, connection: ConnectionKey) -> None:
        """A JWK came to a connection or left it: tell in a while how many there are, and probe if it is the first."""
        raw = self._store.get(connection[1:])
        if raw is None or self._is_counted(connection, raw):
            return
        if not self._queue.is_delayed(connection, Task.REPORT):
            self._queue.wake_later(connection, Task.REPORT, _GATHERING)

    def _is_counted(self, connection: ConnectionKey, raw: Raw) -> bool:
        return bool(raw["status"].get("jwks") == self._jwks.count("connection", connection))

    def _forget(self, connection: ConnectionKey) -> None:
        self._probes.pop(connection, None)
        self._failures.pop(connection, None)
        for task in Task:
            self._queue.cancel(connection, task)

    def _gate_changed(self, connection: ConnectionKey) -> None:
        gate = self._connections.gate(connection)
        if gate is None or gate.is_shut:
            self._queue.wake(connection, Task.REPORT)
            return
        self._released(connection)
        if connection not in self._probing:
            self._queue.wake(connection, Task.PROBE)

    async def work(self) -> None:
        """Serve connections until `finish`."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_PROBERS):
                group.create_task(self._work())

    async def finish(self, patience: float) -> None:
        """Probe nothing any more, and tell what was being gathered."""
        self._queue.close()
        try:
            async with asyncio.timeout(patience):
                for key in self._store:
                    connection, raw = connection_key(key), self._store.get(key)
                    if raw is not None and raw["status"] and not self._is_counted(connection, raw):
                        await self.serve(connection, Task.REPORT)
        except (ApiError, ApiUnavailableError, NotLeaderError, TimeoutError) as error:
            log.warning("statuses of connections were left to the next start: %s", error or "no answer in time")

    async def _work(self) -> None:
        while True:
            try:
                connection, task = await self._queue.take()
            except QueueClosedError:
                return
            before, started = self._reason(connection), time.monotonic()
            try:
                await self.serve(connection, task)
                self._failures.pop(connection, None)
                self._tell(connection, task, before, time.monotonic() - started)
            except RetiredError:
                self._queue.wake(connection, task)
            except Exception as error:
                self._failed(connection, task, error)
            finally:
                self._queue.done(connection)

    def _tell(self, connection: ConnectionKey, task: Task, before: str, seconds: float) -> None:
        """One line for each time, which is worth reading where the connection's reason has changed."""
        reason = self._reason(connection)
        log.log(
            logging.DEBUG if reason == before else logging.INFO,
            task.name.lower(),
            extra=fields(
                namespace=connection[1],
                name=connection[2],
                connection=shown(connection),
                action=task.name.lower(),
                reason=reason,
                duration=round(seconds, 4),
            ),
        )

    def _reason(self, connection: ConnectionKey) -> str:
        raw = self._store.get(connection[1:])
        return ready_reason(_status(raw)) if raw is not None else ""

    async def serve(self, connection: ConnectionKey, task: Task) -> None:
        """Probe a connection if that is the task, and report on it. Raises what the API server's client raises."""
        raw = self._store.get(connection[1:])
        opened = await self._connections.open(connection)
        if raw is None or opened is None:
            self._forget(connection)
            return
        looked = task is Task.PROBE
        if isinstance(opened, Line) and (looked or self._is_first(connection)):
            looked = await self._probe(connection, opened)
        self._plan(connection, opened)
        await self._report(connection, opened, reconcile_requested(raw) if looked else None)

    def _is_first(self, connection: ConnectionKey) -> bool:
        """Whether a connection was never probed, which its first JWK with a project makes possible."""
        raw = self._store.get(connection[1:])
        if raw is None or connection in self._probes:
            return False
        return not is_current(_status(raw), raw["metadata"].get("generation", 1))

    async def _probe(self, connection: ConnectionKey, line: Line) -> bool:
        """Ask the manager, and return whether this was all that can be done now: calls may be paused."""
        raw = self._store.get(connection[1:])
        project = self._project(connection, raw) if raw else None
        if project is None:
            self._probes.pop(connection, None)
            return True
        self._probing.add(connection)
        try:
            outcome = await line.environments.probe(project)
        finally:
            self._probing.discard(connection)
        if isinstance(outcome, Answer) and outcome.local:
            return False
        self._probes[connection] = Probe(project, outcome, self._now())
        return True

    def _project(self, connection: ConnectionKey, raw: Raw) -> str | None:
        """The connection's own project, or that of any JWK, which shows as well whether it works."""
        if raw["spec"].get("projectName"):
            return str(raw["spec"]["projectName"])
        for key in self._jwks.find("connection", connection):
            jwk = self._jwks.get(key)
            project = jwk["spec"].get("projectName") if jwk else None
            if project:
                return str(project)
        return None

    def _plan(self, connection: ConnectionKey, opened: Line | Problem) -> None:
        """Have the connection probed again: soon while something is wrong with it, else at its resync interval."""
        if isinstance(opened, Problem):
            return  # a change of what is missing brings it back
        gate = opened.client.gate
        held = gate.next_probe(opened.client.credential)
        probe = self._probes.get(connection)
        if held is not None:
            self._queue.wake_later(connection, Task.PROBE, held)
        elif probe is not None and _is_passing(probe):
            self._queue.wake_later(connection, Task.PROBE, gate.retry_after())
        elif not self._queue.is_delayed(connection, Task.PROBE):
            interval = opened.spec.resync_interval.total_seconds()
            if interval > 0:
                self._queue.wake_later(connection, Task.PROBE, delays.checkup(interval, self._chance.random()))

    async def _report(self, connection: ConnectionKey, opened: Line | Problem, handled: str | None) -> None:
        async with self._protection.undisturbed(connection):
            told = await self._write(connection, opened, handled)
        raw = self._store.get(connection[1:])
        if told is not None and raw is not None:
            warning, reason, message = told
            await self._events.post_about_connection(raw, warning=warning, reason=reason, message=message)

    async def _write(
        self, connection: ConnectionKey, opened: Line | Problem, handled: str | None
    ) -> tuple[bool, str, str] | None:
        """Patch the status if need be, and return the Event that the change is worth."""
        raw = self._store.get(connection[1:])
        if raw is None or is_going(raw) or not self._reports(raw):
            return None
        last = _status(raw)
        new = render_connection(last, replace(self._facts(connection, raw, opened), handled=handled))
        patch = connection_patch(raw["status"], new)
        if not patch:
            return None
        try:
            await self._writer.status(raw, patch)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            await self._writer.refresh(connection[1:])
            return None
        return news(last, new)

    def _facts(self, connection: ConnectionKey, raw: Raw, opened: Line | Problem) -> ConnectionFacts:
        line = opened if isinstance(opened, Line) else None
        gate = line.client.gate if line else None
        return ConnectionFacts(
            generation=raw["metadata"].get("generation", 1),
            now=self._now(),
            users=self._jwks.count("connection", connection),
            project=raw["spec"].get("projectName"),
            credential=line.ready.credential if line else "",
            problem=opened if isinstance(opened, Problem) else None,
            probe=self._probes.get(connection),
            askable=self._project(connection, raw) is not None,
            held=gate.held(line.client.credential) if gate and line else None,
            circuit_changed=gate.circuit.changed if gate else None,
            token_expires_at=line.client.token_expires_at if line else None,
        )

    def _failed(self, connection: ConnectionKey, task: Task, error: Exception) -> None:
        self._failures[connection] = failures = self._failures.get(connection, 0) + 1
        self._on_error(error)
        expected = isinstance(error, (ApiError, ApiUnavailableError, NotLeaderError))
        log.error(
            "probing a connection failed, repeating: %s",
            error if expected else type(error).__name__,
            exc_info=None if expected else error,
            extra=fields(connection=shown(connection), failures=failures),
        )
        self._queue.wake_later(connection, task, delays.backoff(failures, self._chance.random()))


def _status(raw: Raw) -> ApinizerConnectionStatus:
    """Read a status; one that another version of this operator wrote, and that cannot be read, is written anew."""
    try:
        return ApinizerConnectionStatus.model_validate(raw["status"])
    except ValidationError:
        return ApinizerConnectionStatus()


def _interval(raw: Raw) -> float | None:
    """Seconds between probes of a connection that works; None for one that is probed on changes alone."""
    try:
        seconds = ApinizerConnectionSpec.model_validate(raw["spec"]).resync_interval.total_seconds()
    except ValidationError:
        return None
    return seconds or None


def _is_passing(probe: Probe) -> bool:
    """Whether a probe failed in a way that may be over soon."""
    passing = (Verdict.UNREACHABLE, Verdict.SERVER_ERROR, Verdict.RATE_LIMITED)
    return isinstance(probe.outcome, Answer) and probe.outcome.verdict in passing
