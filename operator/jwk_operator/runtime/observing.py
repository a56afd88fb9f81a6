"""What is told of passes, in metrics and logs: one line for each."""

from __future__ import annotations

import logging
from collections.abc import Callable

from jwk_operator.api.reasons import Reason
from jwk_operator.apinizer.term import NotLeaderError
from jwk_operator.kube.client import ApiError, ApiUnavailableError
from jwk_operator.kube.jwks import read
from jwk_operator.kube.store import Key, Raw, key_of
from jwk_operator.reconcile.reconciler import Result
from jwk_operator.reconcile.state import Cause
from jwk_operator.runtime.logs import fields
from jwk_operator.runtime.metrics import Metrics

log = logging.getLogger("jwk_operator.runtime.operator")

_DRIFT = (Reason.DRIFTED, Reason.MISSING_REMOTELY)
_THERE = (Reason.DEPLOYED, Reason.ADOPTED)


class Observer:
    """Tells of passes, and remembers since when a changed spec waits to be deployed."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never go back."""
        self._metrics = metrics
        self._clock = clock
        self._changed: dict[Key, tuple[int, float]] = {}
        """Generation that waits, and since when."""

    def seen(self, raw: Raw) -> None:
        """Take in a resource as it is now."""
        key, generation = key_of(raw), int(raw["metadata"].get("generation") or 0)
        known = self._changed.get(key)
        if raw["status"].get("observedGeneration") != generation and (known is None or known[0] != generation):
            self._changed[key] = generation, self._clock()

    def gone(self, key: Key) -> None:
        """Forget a resource."""
        self._changed.pop(key, None)

    def failed(self, key: Key, error: BaseException, failures: int, seconds: float) -> None:
        """Tell of a pass that ended in an error. Of unexpected ones the log has the place, not the text."""
        self._metrics.pass_seconds.labels("error").observe(seconds)
        self._metrics.errors.labels(type(error).__name__).inc()
        expected = isinstance(error, (ApiError, ApiUnavailableError, NotLeaderError))
        log.error(
            "pass failed, repeating: %s",
            error if expected else type(error).__name__,
            exc_info=None if expected else error,
            extra=fields(namespace=key[0], name=key[1], failures=failures),
        )

    def passed(self, key: Key, cause: Cause, before: Raw, result: Result, seconds: float) -> None:
        """Tell of a pass that came to its end. `before` is the resource as it was when it began."""
        self._metrics.passes.labels(result.action, result.reason).inc()
        self._metrics.pass_seconds.labels("done").observe(seconds)
        last = read(before)
        if cause is Cause.TIMER and last.status.failures and result.action != "rest":
            self._metrics.retries.labels(last.reason or "").inc()
        for reason in result.news:
            if reason in _DRIFT:
                self._metrics.drift.labels(reason).inc()
        if result.reason in _THERE:
            self._deployed(key, int(before["metadata"].get("generation") or 0))
        log.log(
            logging.DEBUG if result.action == "rest" else logging.INFO,
            result.action,
            extra=fields(
                namespace=key[0],
                name=key[1],
                connection=result.connection,
                reason=result.reason,
                duration=round(seconds, 4),
            ),
        )

    def _deployed(self, key: Key, generation: int) -> None:
        waiting = self._changed.get(key)
        if waiting is not None and waiting[0] <= generation:
            del self._changed[key]
            self._metrics.time_to_ready.observe(self._clock() - waiting[1])
