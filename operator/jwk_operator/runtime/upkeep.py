"""What connections need besides passes over JWKs: the finalizer, a line that is open in good time, and an end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import IntEnum

from jwk_operator.api.jwk import ConnectionKind
from jwk_operator.api.names import ConnectionKey
from jwk_operator.api.reasons import Reason
from jwk_operator.apinizer.term import NotLeaderError
from jwk_operator.kube.client import ApiError, ApiUnavailableError
from jwk_operator.kube.events import EventPoster
from jwk_operator.kube.store import Key, Store
from jwk_operator.reconcile.connections import Connections
from jwk_operator.reconcile.delays import backoff
from jwk_operator.reconcile.protection import Protection
from jwk_operator.runtime.logs import fields
from jwk_operator.runtime.queue import QueueClosedError, WorkQueue

log = logging.getLogger(__name__)

_PATIENCE = 3.0
"""For how many seconds the deletion of a connection may wait before it is news: a batch goes one after the other."""


class Duty(IntEnum):
    """What is to be done for a connection; each includes those before it."""

    SETTLE = 1
    """Bring the finalizer in line with the JWKs, and forget what is gone."""
    OPEN = 2
    """Open its line if it is in use, so that the token is known should the Secret go before the JWKs."""
    TELL = 3
    """Say what its deletion waits for."""


class Upkeep:
    """Looks after connections in the background, beside the workers; `work` runs until `finish`."""

    def __init__(
        self,
        store: Store,
        connections: Connections,
        protection: Protection,
        events: EventPoster,
        jitter: Callable[[], float],
        failed: Callable[[BaseException], None],
    ) -> None:
        """`failed` is told of each error that keeps something from being done."""
        self._store = store
        self._connections = connections
        self._protection = protection
        self._events = events
        self._jitter = jitter
        self._on_error = failed
        self._loaded = False
        self._failures: dict[ConnectionKey, int] = {}
        self._queue: WorkQueue[ConnectionKey, Duty] = WorkQueue({duty: duty.value for duty in Duty})

    def begin(self) -> None:
        """Everything is loaded: from now on it shows in memory who needs a connection."""
        self._loaded = True
        self._connections.begin(connection_key(key) for key in self._store)
        for key in self._store:
            self._queue.wake(connection_key(key), Duty.OPEN)

    def check(self, connection: ConnectionKey) -> None:
        """A JWK of a connection may have changed. Cheap when there is nothing to do."""
        if self._loaded and not (self._protection.is_settled(connection) and not self._is_forgettable(connection)):
            self._queue.wake(connection, Duty.SETTLE)

    def do(self, connection: ConnectionKey, duty: Duty) -> None:
        """A connection, or what it refers to, has changed."""
        if self._loaded:
            self._queue.wake(connection, duty)

    def going(self, connection: ConnectionKey) -> None:
        """A connection is being deleted: have its line open for those that need it, and tell if they keep it."""
        if self._loaded:
            self._queue.wake(connection, Duty.OPEN)
            self._queue.wake_later(connection, Duty.TELL, _PATIENCE)

    async def work(self) -> None:
        """Do what is to be done until cancelled or finished; what fails is repeated."""
        while True:
            try:
                connection, duty = await self._queue.take()
            except QueueClosedError:
                return
            try:
                await self._serve(connection, duty)
            except Exception as error:
                self._failed(connection, duty, error)
            else:
                self._failures.pop(connection, None)
            finally:
                self._queue.done(connection)

    async def finish(self, patience: float) -> None:
        """Take finalizers away that nobody needs any more: after the last JWK an operator may be gone for good."""
        self._queue.close()
        try:
            async with asyncio.timeout(patience):
                for key in self._store if self._loaded else ():
                    await self._protection.settle(connection_key(key))
        except (ApiError, ApiUnavailableError, NotLeaderError, TimeoutError) as error:
            log.warning("finalizers of connections were left to the next start: %s", error or "no answer in time")

    async def _serve(self, connection: ConnectionKey, duty: Duty) -> None:
        await self._protection.settle(connection)
        if self._is_forgettable(connection):
            self._connections.forget(connection)
        if duty >= Duty.OPEN and self._protection.is_needed(connection):
            await self._connections.open(connection)
        message = self._protection.waits_for(connection) if duty >= Duty.TELL else None
        found = self._store.get(connection[1:])
        if message is not None and found is not None:
            await self._events.post_about_connection(found, reason=Reason.DELETION_BLOCKED.value, message=message)

    def _is_forgettable(self, connection: ConnectionKey) -> bool:
        gone = self._store.get(connection[1:]) is None
        return gone and self._connections.remembers(connection) and not self._protection.is_needed(connection)

    def _failed(self, connection: ConnectionKey, duty: Duty, error: Exception) -> None:
        self._failures[connection] = failures = self._failures.get(connection, 0) + 1
        self._on_error(error)
        expected = isinstance(error, (ApiError, ApiUnavailableError, NotLeaderError))
        log.error(
            "upkeep of a connection failed, repeating: %s",
            error if expected else type(error).__name__,
            exc_info=None if expected else error,
            extra=fields(connection="/".join(part for part in connection if part), failures=failures),
        )
        self._queue.wake_later(connection, duty, backoff(failures, self._jitter()))


def connection_key(key: Key) -> ConnectionKey:
    """Return kind, namespace and name of the connection that a store of both kinds has under a key."""
    return (ConnectionKind.NAMESPACED if key[0] else ConnectionKind.CLUSTER).value, *key
