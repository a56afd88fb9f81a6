"""The operator's core without kopf: what is remembered, the queue, and the workers that make passes."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from jwk_operator.api.base import in_use_finalizer
from jwk_operator.api.jwk import ConnectionKind
from jwk_operator.api.names import ConnectionKey
from jwk_operator.api.reasons import BY_CONNECTION, Reason
from jwk_operator.apinizer.environment_proxy import environment_proxy, no_proxy
from jwk_operator.kube.client import (
    CLUSTER_CONNECTIONS,
    CONNECTIONS,
    ApiError,
    KubeClient,
)
from jwk_operator.kube.connections import ConnectionWriter, is_going, is_same, reconcile_requested, trim_connection
from jwk_operator.kube.events import EventPoster
from jwk_operator.kube.jwks import JwkWriter, claim_of, connection_of, open_store, read, wished_name
from jwk_operator.kube.namespaces import trim_namespace
from jwk_operator.kube.secrets import Sources
from jwk_operator.kube.store import Change, Key, Raw, Store, key_of, version_of
from jwk_operator.reconcile.connections import Connections
from jwk_operator.reconcile.delays import backoff
from jwk_operator.reconcile.gather import Gatherer
from jwk_operator.reconcile.protection import Protection
from jwk_operator.reconcile.reconciler import Reconciler, Result, utc_now
from jwk_operator.reconcile.state import Cause
from jwk_operator.runtime.figures import Figures, figures
from jwk_operator.runtime.intake import Intake, Listing, Watched
from jwk_operator.runtime.logs import fields
from jwk_operator.runtime.metrics import Metrics
from jwk_operator.runtime.observing import Observer
from jwk_operator.runtime.probing import Prober
from jwk_operator.runtime.queue import Lanes, QueueClosedError, WorkQueue
from jwk_operator.runtime.settings import Settings
from jwk_operator.runtime.source_changes import SourceChanges
from jwk_operator.runtime.upkeep import Duty, Upkeep, connection_key

log = logging.getLogger(__name__)

_RANK = {
    cause: rank for rank, cause in enumerate((Cause.TIMER, Cause.EVENT, Cause.CHECKUP, Cause.START, Cause.DEPENDENCY))
}
_STUCK = 600.0
_LAG = {Cause.EVENT: 0.0, Cause.DEPENDENCY: 1.0, Cause.START: 2.0, Cause.TIMER: 5.0, Cause.CHECKUP: 30.0}
"""Seconds by which a pass lets others go ahead: what users change and delete before repairs, these before drift."""
_SPREAD = 0.005
"""Seconds by which each of many resources that are woken together is put off."""


class Operator:
    """Serves JWKs: `load` once, then `on_event` for whatever is watched, with workers running `work`."""

    def __init__(
        self,
        client: KubeClient,
        settings: Settings,
        metrics: Metrics | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
        chance: random.Random | None = None,
    ) -> None:
        """`now`, `clock` (seconds that never go back) and `chance` (for delays) are the real ones unless given."""
        self._client = client
        self._settings = settings
        self._random = chance or random.SystemRandom()
        self.metrics = metrics or Metrics()
        self._observer = Observer(self.metrics, clock)
        self.loaded = False
        clusterwide = settings.namespaces is None
        self._jwks = open_store(settings.serves)
        self._connection_store = Store(trim_connection)
        self._namespaces = Store(trim_namespace) if clusterwide else None
        sources = Sources(client)
        proxy = environment_proxy if settings.proxy_from_environment else no_proxy
        self._connections = Connections(
            self._connection_store,
            self._namespaces,
            sources,
            self.metrics,
            clock,
            now,
            proxy,
            client.may_write,
            self._random.random,
        )
        self._source_changes = SourceChanges(self._jwks, self._connections, sources, self._wake, self._reopen)
        gatherer = Gatherer(self._jwks, self._connections, sources)
        self._writer = JwkWriter(client, self._jwks)
        events = EventPoster(client, clock, now)
        finalizer = in_use_finalizer(settings.shard.name if settings.shard else "")
        notify = partial(self.on_event, Watched.CONNECTION)
        connection_writer = ConnectionWriter(client, self._connection_store, notify, finalizer)
        protection = Protection(self._jwks, self._connection_store, connection_writer)
        self._reconciler = Reconciler(
            self._jwks,
            self._connections,
            gatherer,
            self._writer,
            events,
            self._random.random,
            protection,
            self._fetch_connection,
            now,
        )
        self.prober = Prober(
            self._connection_store,
            self._jwks,
            self._connections,
            connection_writer,
            protection,
            events,
            self._released,
            settings.serves,
            now,
            self._random,
            self.metrics.failed,
        )
        self.upkeep = Upkeep(
            self._connection_store,
            self._connections,
            protection,
            events,
            self._random.random,
            self.metrics.failed,
        )
        lanes = Lanes(self._lane, settings.workers // 2, settings.workers // 8, urgent=_LAG[Cause.DEPENDENCY])
        self.queue: WorkQueue[Key, Cause] = WorkQueue(_RANK, lag=_LAG, lanes=lanes, clock=clock)
        self._intake = Intake(client, settings, self._jwks, self._connection_store, self._namespaces, self)
        self._failures: dict[Key, int] = {}
        self._fetching: set[Key] = set()
        """JWKs whose passes wait for their connection, and go on with it: it is no change to them."""
        self._figures, self._figured_at = Figures(), (-1, -1)
        """Numbers for the metrics, and the changes of the stores up to which they count: to count takes time."""
        self._meanwhile: dict[Key, set[int]] = {}
        """Versions that events told of during a pass: also of its own writes, as an event may overtake an answer."""

    # --- what is remembered ----------------------------------------------------------------------------------------

    def _lane(self, key: Key) -> ConnectionKey | None:
        raw = self._jwks.get(key)
        return None if raw is None else connection_of(raw)

    async def load(self) -> None:
        """Read every connection, namespace and JWK once, so that no decision rests on half of them; wake all JWKs."""
        await self._intake.load()
        self.loaded = True
        for key in self._jwks:
            self._observe(key)
            self.queue.wake(key, Cause.START)
        self.upkeep.begin()
        self.prober.begin()
        log.info("loaded", extra=fields(jwks=len(self._jwks), connections=len(self._connection_store)))

    async def sweep(self) -> None:
        """Compare what is remembered with lists: an interrupted watch tells of no deletions, a dead one of nothing."""
        await self._intake.compare()

    async def watch(self) -> None:
        """Watch until cancelled, once everything is loaded."""
        await self._intake.watch()

    def on_jwks_compared(self, listing: Listing) -> None:
        """Take in what a whole list of JWKs has brought to light."""
        for raw in listing.gone:
            self._gone(raw)
        for key in listing.changed:
            self._observe(key)
            self.queue.wake(key, Cause.EVENT)
        for connection in {connection_of(seen) for key in listing.changed if (seen := self._jwks.get(key)) is not None}:
            self.upkeep.check(connection)

    def on_connections_compared(self, listing: Listing) -> None:
        """Take in what a whole list of connections has brought to light."""
        for key in (*listing.changed, *map(key_of, listing.gone)):
            self._reopen(connection_key(key))

    # --- what is watched -------------------------------------------------------------------------------------------

    def on_event(self, kind: Watched, event: str | None, raw: Raw) -> None:
        """Take in a watch event: remember it, and wake whoever it concerns."""
        match kind:
            case Watched.JWK:
                self._jwk_changed(event, raw)
            case Watched.CONNECTION:
                before = self._connection_store.get(key_of(raw))
                if self._connection_store.observe(event, raw) is not Change.NOTHING:
                    self._connection_seen(key_of(raw), before)
            case Watched.NAMESPACE:
                self._namespace_changed(event, raw)
            case Watched.SECRET | Watched.CONFIG_MAP:
                self._source_changes.changed(kind.value, event, raw)

    def _jwk_changed(self, event: str | None, raw: Raw) -> None:
        change = self._jwks.observe(event, raw)
        if change is Change.PRESENT:
            self._observe(key_of(raw))
            if self.queue.is_busy(key_of(raw)):
                self._meanwhile.setdefault(key_of(raw), set()).add(version_of(raw))
            else:
                self.queue.wake(key_of(raw), Cause.EVENT)
            self.upkeep.check(connection_of(raw))
            self.prober.count(connection_of(raw))
        elif change is Change.GONE:
            self._gone(raw)

    def _observe(self, key: Key) -> None:
        raw = self._jwks.get(key)
        if raw is not None:
            self._observer.seen(raw)

    def _gone(self, raw: Raw) -> None:
        key = key_of(raw)
        for cause in Cause:
            self.queue.cancel(key, cause)
        self._failures.pop(key, None)
        self._observer.gone(key)
        self._wake_namesakes(key, wished_name(raw))
        self.upkeep.check(connection_of(raw))
        self.prober.count(connection_of(raw))

    def _wake_namesakes(self, key: Key, name: str) -> None:
        """Wake those who wait for a remote name that was given back."""
        self._wake_waiting([other for other in self._jwks.find("name", name) if other != key], _waits_for_name)

    def _wake_waiting(self, keys: Iterable[Key], waits: Callable[[Raw], bool]) -> None:
        """Wake those who wait, and those whose passes are under way: they may be about to say that they do."""
        found = ((key, self._jwks.get(key)) for key in keys)
        self._wake([key for key, raw in found if raw is not None and (self.queue.is_busy(key) or waits(raw))])

    def _connection_seen(self, key: Key, before: Raw | None) -> None:
        after = self._connection_store.get(key)
        connection = connection_key(key)
        if before is None or after is None or not is_same(before, after):
            self._reopen(connection)
        elif reconcile_requested(before) != reconcile_requested(after):
            self._look_at(connection)
        if after is not None and is_going(after) and not (before is not None and is_going(before)):
            self.upkeep.going(connection)
            self._wake(key for key in self._jwks.find("connection", connection) if self._claims_nothing(key))
        self.upkeep.check(connection)

    def _claims_nothing(self, key: Key) -> bool:
        raw = self._jwks.get(key)
        return raw is not None and claim_of(raw) is None

    async def _fetch_connection(self, connection: ConnectionKey, key: Key) -> None:
        """Take in a connection that its watch has not told of yet, if there is one, for the pass over a JWK."""
        kind, namespace, name = connection
        if kind == ConnectionKind.CLUSTER and self._namespaces is None:
            return
        self._fetching.add(key)
        try:
            plural = CLUSTER_CONNECTIONS if kind == ConnectionKind.CLUSTER else CONNECTIONS
            raw = await self._client.get(plural, namespace or None, name)
        except ApiError as error:
            if error.status != 404:
                raise
        else:
            self.on_event(Watched.CONNECTION, "ADDED", raw)
        finally:
            self._fetching.discard(key)

    def _reopen(self, connection: ConnectionKey) -> None:
        self._look_at(connection)
        self.upkeep.do(connection, Duty.OPEN)
        self._wake(key for key in self._jwks.find("connection", connection) if key not in self._fetching)

    def _look_at(self, connection: ConnectionKey) -> None:
        """Have a connection probed, with what it refers to as that is now."""
        self._connections.drop(connection)
        if self.loaded:
            self.prober.check(connection)

    def _released(self, connection: ConnectionKey) -> None:
        """Wake those whose calls were held back, or failed for the same cause."""
        self._wake_waiting(self._jwks.find("connection", connection), _waits_for_connection)

    def _namespace_changed(self, event: str | None, raw: Raw) -> None:
        if self._namespaces is None:
            return
        name = raw["metadata"]["name"]
        before = (self._namespaces.get(("", name)) or {}).get("metadata", {}).get("labels")
        self._namespaces.observe(event, raw)
        after = (self._namespaces.get(("", name)) or {}).get("metadata", {}).get("labels")
        if before != after:
            # labels decide about connections of the cluster alone; others must not lose their backoff over this
            self._wake(key for key in self._jwks if key[0] == name and self._uses_shared_connection(key))

    def _uses_shared_connection(self, key: Key) -> bool:
        raw = self._jwks.get(key)
        return raw is not None and connection_of(raw)[0] == ConnectionKind.CLUSTER

    def on_sources_listed(self, kind: Watched, namespace: str | None, shown: set[Key]) -> None:
        """Take in a whole list of Secrets or ConfigMaps: what is referred to and not shown is gone."""
        self._source_changes.listed(kind.value, namespace, shown)

    def _wake(self, keys: Iterable[Key]) -> None:
        """Wake many, spread out: the first at once, the others within a time that grows with their number."""
        for position, key in enumerate(keys):
            self.queue.wake_later(key, Cause.DEPENDENCY, position * _SPREAD)

    # --- work ------------------------------------------------------------------------------------------------------

    async def work(self) -> None:
        """Make passes until the queue is closed. Errors of one resource are counted and do not stop the others."""
        while True:
            try:
                key, cause = await self.queue.take()
            except QueueClosedError:
                return
            started, before = time.monotonic(), self._jwks.get(key)
            try:
                result = await self._reconciler.reconcile(key, cause)
            except asyncio.CancelledError as error:
                # kopf cancels what it does not know when it ends, such as a list that this worker waited for
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                self._failed(key, cause, error, time.monotonic() - started)
            except Exception as error:
                self._failed(key, cause, error, time.monotonic() - started)
            else:
                self._succeeded(key, cause, before, result, time.monotonic() - started)
            finally:
                if self._meanwhile.pop(key, set()) - self._writer.written(key):
                    self.queue.wake(key, Cause.EVENT)
                self.queue.done(key)
                if before is not None:
                    self.upkeep.check(connection_of(before))
                    self.prober.count(connection_of(before))

    def _failed(self, key: Key, cause: Cause, error: BaseException, seconds: float) -> None:
        self._failures[key] = failures = self._failures.get(key, 0) + 1
        self._observer.failed(key, error, failures, seconds)
        self.queue.wake_later(key, cause, backoff(failures, self._random.random()))

    def _succeeded(self, key: Key, cause: Cause, before: Raw | None, result: Result | None, seconds: float) -> None:
        self._failures.pop(key, None)
        if result is None or before is None:
            return
        self._observer.passed(key, cause, before, result, seconds)
        if self._jwks.get(key) is None:
            self._gone(before)  # the answer told of its end, so that the event has no news
            return
        if result.freed:
            self._wake_namesakes(key, wished_name(before))
        if result.again is not None:
            # A pass that could not even claim is repeated for the reason that it was made for.
            self.queue.wake_later(key, cause if result.action == "claim" else Cause.TIMER, result.again)
        else:
            self.queue.cancel(key, Cause.TIMER)
        # one that was planned for an interval of before does not hold up one that is due sooner
        if result.checkup is not None and not self.queue.is_delayed(key, Cause.CHECKUP, result.checkup):
            self.queue.wake_later(key, Cause.CHECKUP, result.checkup)

    async def aclose(self) -> None:
        """Close what is open towards Apinizer."""
        await self._connections.aclose()

    # --- health ----------------------------------------------------------------------------------------------------

    def alive(self) -> str | None:
        """Return what is stuck, or None."""
        if self.queue.longest_busy() > _STUCK:
            return "a worker is stuck"
        return "the queue is stuck" if self.queue.longest_still() > _STUCK else None

    def render_metrics(self) -> bytes:
        """Return the metrics as they are now."""
        changes = self._jwks.changes, self._connection_store.changes
        if changes != self._figured_at:
            connections = ((connection_key(key_of(raw)), raw) for raw in self._connection_store.objects())
            self._figures, self._figured_at = figures(self._jwks.objects(), connections), changes
        queue = self.queue
        self.metrics.show(self._figures, queue_depth=len(queue), queue_age=queue.longest_ready(), busy=queue.busy)
        return self.metrics.render()


def _waits_for_connection(raw: Raw) -> bool:
    return read(raw).reason in BY_CONNECTION


def _waits_for_name(raw: Raw) -> bool:
    return read(raw).reason is Reason.NAME_CONFLICT
