"""What is told of passes, in metrics and logs: one line for each."""

from __future__ import annotations

import logging
from collections.abc import Callable

from jwk_operator.api.reasons import BY_CONNECTION, Reason, Waiting
from jwk_operator.api.resource import Resource
from jwk_operator.kube.jwks import read
from jwk_operator.kube.store import Key, Raw, key_of
from jwk_operator.reconcile.reconciler import Result
from jwk_operator.reconcile.state import Cause
from jwk_operator.runtime.logs import fields
from jwk_operator.runtime.metrics import DRIFT, EXPECTED_ERRORS, Metrics

log = logging.getLogger("jwk_operator.runtime.operator")

_THERE = (Reason.DEPLOYED, Reason.ADOPTED)


def _is_retry(cause: Cause, last: Resource) -> bool:
    """Whether a pass tries again what failed, when its time has come or its connection works again."""
    if last.reason is None or last.reason.waiting is not Waiting.OPERATOR:
        return False
    if cause is Cause.TIMER:
        return bool(last.status.failures) or last.reason is Reason.RATE_LIMITED
    return cause is Cause.DEPENDENCY and last.reason in BY_CONNECTION


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
        self._metrics.failed(error)
        expected = isinstance(error, EXPECTED_ERRORS)
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
        if result.action != "rest" and _is_retry(cause, last):
            self._metrics.retries.labels(last.reason or "").inc()
        for reason in result.news:
            if reason in DRIFT:
                self._metrics.drift.labels(result.connection, reason).inc()
        if result.reason in _THERE:
            self._deployed(key, int(before["metadata"].get("generation") or 0))
        log.log(
            logging.DEBUG if result.action == "rest" else logging.INFO,
            result.action,
            extra=fields(
                namespace=key[0],
                name=key[1],
                connection=result.connection,
                action=result.action,
                reason=result.reason,
                duration=round(seconds, 4),
            ),
        )

    def _deployed(self, key: Key, generation: int) -> None:
        waiting = self._changed.get(key)
        if waiting is not None and waiting[0] <= generation:
            del self._changed[key]
            self._metrics.time_to_ready.observe(self._clock() - waiting[1])
