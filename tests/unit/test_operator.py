"""The core around the passes: who is woken, and what a worker survives."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from jwk_operator.api.resource import Resource
from jwk_operator.kube.client import CONNECTIONS, ApiError
from jwk_operator.kube.jwks import connection_of, read, trim
from jwk_operator.kube.store import Key
from jwk_operator.reconcile.reconciler import Result, _news
from jwk_operator.reconcile.state import Cause
from jwk_operator.runtime.intake import Watched
from jwk_operator.runtime.operator import Operator
from jwk_operator.runtime.probing import Task
from jwk_operator.runtime.settings import Settings
from jwk_operator.runtime.upkeep import Duty
from unit.cluster import FakeCluster

Raw = dict[str, Any]


def jwk(name: str, reason: str = "", *, version: int = 1, remote: str = "shared", **metadata: Any) -> Raw:
    """A JWK as the API server has it."""
    since = "2026-11-23T10:00:00Z"
    ready = {"type": "Ready", "status": "False", "reason": reason, "message": "m", "lastTransitionTime": since}
    own = {"name": name, "namespace": "team", "uid": f"uid-{name}", "resourceVersion": str(version), "generation": 1}
    return {
        "metadata": {**own, **metadata},
        "spec": {"sourceType": "URL", "url": "https://idp.example/jwks", "name": remote},
        "status": {"observedGeneration": 1, "conditions": [ready] if reason else []},
    }


class Passes:
    """Stands in for the reconciler: tells which passes were asked for and answers as it was told to."""

    def __init__(self, *answers: Result | BaseException) -> None:
        self.answers = list(answers)
        self.made: list[tuple[str, Cause]] = []

    async def reconcile(self, key: tuple[str, str], cause: Cause) -> Result:
        self.made.append((key[1], cause))
        answer = self.answers.pop(0) if self.answers else Result("rest", "Deployed")
        if isinstance(answer, BaseException):
            raise answer
        return answer


def an_operator(passes: Passes, *objects: Raw) -> Operator:
    """An operator that knows some JWKs and has nothing to do."""
    operator = Operator(FakeCluster().client, Settings())
    operator._reconciler = cast("Any", passes)
    for item in objects:
        operator._jwks.put(item)
    return operator


async def work_off(operator: Operator) -> None:
    """Run a worker until the queue is empty."""
    worker = asyncio.create_task(operator.work())
    while len(operator.queue) or operator.queue.busy:
        await asyncio.sleep(0)
    operator.queue.close()
    await worker


async def test_only_those_who_wait_for_the_name_wake_when_it_is_given_back() -> None:
    passes = Passes(Result("let go", "Deleted", freed=True))
    others = [jwk("waits", "NameConflict"), jwk("fails", "DeploymentIncomplete")]
    operator = an_operator(passes, jwk("leaves"), *others, jwk("elsewhere", "NameConflict", remote="another"))
    operator.queue.wake(("team", "leaves"), Cause.EVENT)
    await work_off(operator)
    assert passes.made == [("leaves", Cause.EVENT), ("waits", Cause.DEPENDENCY)]


async def test_a_pass_under_way_is_repeated_when_the_name_is_given_back() -> None:
    """It has seen that the name is taken, and is about to tell."""
    passes = Passes()
    operator = an_operator(passes, jwk("leaves", "Deployed"), jwk("tells", "Deployed"))
    operator.queue.wake(("team", "tells"), Cause.EVENT)
    key, _cause = await operator.queue.take()
    operator.on_event(Watched.JWK, "DELETED", jwk("leaves", "Deployed"))
    operator.queue.done(key)
    await work_off(operator)
    assert passes.made == [("tells", Cause.DEPENDENCY)]


async def test_a_pass_under_way_is_repeated_when_calls_may_go_out_again() -> None:
    """It was refused, and is about to tell."""
    passes = Passes()
    operator = an_operator(passes, jwk("tells", "Deployed"), jwk("waits", "Unauthorized"), jwk("fine", "Deployed"))
    operator.queue.wake(("team", "tells"), Cause.EVENT)
    key, _cause = await operator.queue.take()
    operator._released(connection_of(jwk("tells")))
    operator.queue.done(key)
    while operator.queue.is_delayed(("team", "waits"), Cause.DEPENDENCY):
        await asyncio.sleep(0)
    await work_off(operator)
    assert sorted(passes.made) == [("tells", Cause.DEPENDENCY), ("waits", Cause.DEPENDENCY)]


async def test_nobody_wakes_while_a_name_is_kept() -> None:
    passes = Passes(Result("update", "DeploymentIncomplete"))
    operator = an_operator(passes, jwk("one", "DeploymentIncomplete"), jwk("two", "NameConflict"))
    operator.queue.wake(("team", "one"), Cause.TIMER)
    await work_off(operator)
    assert passes.made == [("one", Cause.TIMER)]


async def test_a_pass_that_could_not_claim_is_repeated_for_its_own_cause() -> None:
    passes = Passes(Result("claim", "Conflict", again=0))
    operator = an_operator(passes, jwk("one", "NameConflict"))
    operator.queue.wake(("team", "one"), Cause.DEPENDENCY)
    await work_off(operator)
    assert passes.made == [("one", Cause.DEPENDENCY)] * 2


async def test_a_check_up_is_not_put_off_by_other_passes() -> None:
    first, second = (Result("rest", "Deployed", checkup=seconds) for seconds in (600, 900))
    operator = an_operator(Passes(first, second), jwk("one"))
    operator.queue.wake(("team", "one"), Cause.EVENT)
    worker = asyncio.create_task(operator.work())
    while not operator.queue.is_delayed(("team", "one"), Cause.CHECKUP):
        await asyncio.sleep(0)
    operator.queue.wake(("team", "one"), Cause.EVENT)
    while len(operator.queue) or operator.queue.busy:
        await asyncio.sleep(0)
    assert operator.queue.is_delayed(("team", "one"), Cause.CHECKUP, 600), "not put off to 900 seconds"
    operator.queue.close()
    await worker


async def test_a_worker_survives_a_wait_that_somebody_else_cancelled() -> None:
    passes = Passes(asyncio.CancelledError())
    operator = an_operator(passes, jwk("one"), jwk("two"))
    operator.queue.wake(("team", "one"), Cause.EVENT)
    operator.queue.wake(("team", "two"), Cause.EVENT)
    await work_off(operator)
    assert passes.made == [("one", Cause.EVENT), ("two", Cause.EVENT)]


async def test_a_connection_that_a_pass_has_fetched_is_no_change_to_it() -> None:
    """Its watch may be slower than that of the JWKs; a change would end the backoff of the pass's own failure."""
    operator = an_operator(Passes(), jwk("one"), jwk("two"))
    own = {"name": "default", "namespace": "team", "uid": "uid-default", "generation": 1}
    cast("FakeCluster", operator._client).put(CONNECTIONS, {"metadata": own, "spec": {"baseUrl": "https://m"}})
    operator.queue.wake(("team", "one"), Cause.EVENT)
    key, _cause = await operator.queue.take()
    await operator._fetch_connection(("ApinizerConnection", "team", "default"), key)
    await asyncio.sleep(0)
    operator.queue.done(key)
    assert len(operator.queue) == 1
    assert await operator.queue.take() == (("team", "two"), Cause.DEPENDENCY)


@pytest.mark.parametrize(("told", "own", "passes"), [([7], 7, 1), ([7], 8, 2), ([7, 8], 8, 2)])
async def test_events_of_a_pass_s_own_writes_make_no_further_pass(told: list[int], own: int, passes: int) -> None:
    """An event may overtake the answer to the patch that it tells of; one of somebody else's change must count."""
    operator = an_operator(Passes(), jwk("one", version=3))
    made: list[Key] = []

    async def reconcile(key: Key, cause: Cause) -> Result:
        made.append(key)
        if len(made) == 1:
            for version in told:
                operator.on_event(Watched.JWK, "MODIFIED", jwk("one", version=version))
            operator._writer._take_in(jwk("one", version=own))
        return Result("rest", "Deployed")

    operator._reconciler.reconcile = reconcile  # type: ignore[method-assign]
    operator.queue.wake(("team", "one"), Cause.EVENT)
    await work_off(operator)
    assert len(made) == passes


async def test_a_late_event_does_not_bring_back_what_is_gone() -> None:
    operator = an_operator(Passes(), jwk("one", version=3))
    operator.on_event(Watched.JWK, "DELETED", jwk("one", version=4))
    operator.on_event(Watched.JWK, "MODIFIED", jwk("one", version=2, deletionTimestamp="2026-11-23T10:00:00Z"))
    assert operator._jwks.get(("team", "one")) is None
    operator.on_event(Watched.JWK, "ADDED", jwk("one", version=5, uid="another"))
    assert operator._jwks.get(("team", "one")) is not None


def _seen(**metadata: Any) -> Resource:
    return read(trim(jwk("one", **metadata)))


@pytest.mark.parametrize(
    ("changed", "news"),
    [
        ({"labels": {"a": "b"}}, False),
        ({"generation": 2}, True),
        ({"deletionTimestamp": "2026-11-23T10:00:00Z"}, True),
        ({"annotations": {"apiops.apinizer.com/reconcile-requested-at": "now"}}, True),
        ({"uid": "another"}, True),
    ],
)
def test_a_change_during_a_pass_is_news(changed: Raw, news: bool) -> None:
    assert _news(trim(jwk("one", version=9, **changed)), _seen()) is news
    assert _news(None, _seen()) is False


async def test_what_fails_about_a_connection_is_counted_with_the_passes() -> None:
    operator = Operator(FakeCluster().client, Settings())
    refused, connection = ApiError(403, "Forbidden", "no right"), ("ApinizerConnection", "team", "default")
    operator.prober._failed(connection, Task.PROBE, refused)
    operator.upkeep._failed(connection, Duty.SETTLE, refused)
    assert 'jwk_operator_reconcile_errors_total{kind="ApiError"} 2.0' in operator.render_metrics().decode()


async def test_a_long_backlog_is_alive_and_a_queue_that_gives_out_nothing_is_not() -> None:
    now = 0.0
    operator = Operator(FakeCluster().client, Settings(), clock=lambda: now)
    for name in ("a", "b", "c"):
        operator.queue.wake(("team", name), Cause.EVENT)
    for _ in range(2):
        key, _cause = await operator.queue.take()
        now += 500
        assert operator.alive() is None, "what waits longest has waited for as long as the passes before it took"
        operator.queue.done(key)
    now += 101
    assert operator.alive() == "the queue is stuck"
