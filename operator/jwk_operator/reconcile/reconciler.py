"""One pass over one resource: gather, decide, act with at most one write to Apinizer, report with one status patch."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from jwk_operator.api.jwk import SourceType
from jwk_operator.api.names import ConnectionKey, RemoteName
from jwk_operator.api.reasons import Reason
from jwk_operator.api.resource import Resource
from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.client import ManagementClient, RetiredError
from jwk_operator.kube.client import ApiError, ApiUnavailableError
from jwk_operator.kube.events import EventPoster
from jwk_operator.kube.jwks import JwkWriter, read
from jwk_operator.kube.store import Key, Raw, Store, key_of
from jwk_operator.reconcile import delays
from jwk_operator.reconcile.conclude import conclude, problem_of
from jwk_operator.reconcile.connections import Connections, shown
from jwk_operator.reconcile.decide import decide
from jwk_operator.reconcile.gather import Gatherer, Pass, urgency_of
from jwk_operator.reconcile.keymaterial import private_values
from jwk_operator.reconcile.locks import Locks
from jwk_operator.reconcile.protection import Protection
from jwk_operator.reconcile.render import render, status_patch
from jwk_operator.reconcile.request import create_body, generate_body
from jwk_operator.reconcile.state import (
    Amend,
    Call,
    Cause,
    Conclusion,
    Create,
    Delete,
    Disclaim,
    Facts,
    LetGo,
    Listed,
    Look,
    MakeClaim,
    Note,
    Rename,
    Report,
    Rest,
    Update,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_STEPS = 12


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Result:
    """How a pass ended. `again` is seconds until the next one, None when only an event or the check-up brings it."""

    action: str
    reason: str
    again: float | None = None
    checkup: float | None = None
    connection: str = ""
    freed: bool = False
    """Whether the resource gave its remote name back, so that others who wait for it can have it."""
    news: tuple[str, ...] = ()
    """Reasons of the Events that were posted."""


class Reconciler:
    """Carries out passes. It raises what the API server's client raises; the caller repeats the pass then."""

    def __init__(
        self,
        jwks: Store,
        connections: Connections,
        gatherer: Gatherer,
        writer: JwkWriter,
        events: EventPoster,
        jitter: Callable[[], float],
        protection: Protection,
        fetch_connection: Callable[[ConnectionKey, Key], Awaitable[None]],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._jwks = jwks
        self._connections = connections
        self._gatherer = gatherer
        self._writer = writer
        self._events = events
        self._jitter = jitter
        self._protection = protection
        self._fetch_connection = fetch_connection
        self._now = now
        self._names = Locks()

    async def reconcile(self, key: Key, cause: Cause) -> Result | None:
        """Make one pass over a resource; None when it does not exist any more."""
        raw = self._jwks.get(key)
        if raw is None:
            return None
        current = await self._with_connection(self._begin(raw, cause))
        async with self._names.hold(current.remote_key) as waited:
            if waited:
                raw = self._jwks.get(key)
                if raw is None:
                    return None
                current = self._begin(raw, cause)
            try:
                result = await self._steps(current)
            except RetiredError:
                result = await self._start_over(current)
        if _news(self._jwks.get(key), current.facts.resource):
            result = replace(result, again=0)
        result = replace(result, again=_soonest(result.again, self._overlap(current)))
        return replace(result, checkup=self._checkup(current), connection=shown(current.resolved.key))

    def _overlap(self, current: Pass) -> float | None:
        """Seconds until the old JWK of a replacement is to go; None where there is none, or it should have gone."""
        raw = self._jwks.get(key_of(current.raw))
        replacement = read(raw).status.replacement if raw is not None else None
        if replacement is None or replacement.keep_old_until is None:
            return None
        seconds = (replacement.keep_old_until - current.facts.now).total_seconds()
        return seconds if seconds > 0 else None

    async def _with_connection(self, current: Pass) -> Pass:
        """Before a connection is reported as missing, ask for it: its watch may be slower than that of the JWKs."""
        problem, reported = current.resolved.problem, current.facts.resource.reason
        if problem is None or problem.reason is not Reason.CONNECTION_NOT_FOUND or reported is problem.reason:
            return current
        await self._fetch_connection(current.resolved.key, key_of(current.raw))
        return self._begin(current.raw, current.facts.cause)

    def _begin(self, raw: Raw, cause: Cause) -> Pass:
        resource = read(raw)
        resolved = self._connections.resolve(raw)
        facts = Facts(
            resource=resource,
            now=self._now().replace(microsecond=0),
            jitter=self._jitter(),
            cause=cause,
            target=resolved.target,
            address=resolved.address,
            problem=resolved.problem,
            read_only=resolved.spec is not None and resolved.spec.read_only,
            secret_news=self._gatherer.secret_news(resource),
            rival=self._gatherer.rival(raw, resolved),
        )
        return Pass(raw, facts, resolved)

    def _checkup(self, current: Pass) -> float | None:
        interval = current.resolved.spec.resync_interval.total_seconds() if current.resolved.spec else 0.0
        return delays.checkup(interval, self._jitter()) if interval > 0 else None

    async def _steps(self, current: Pass) -> Result:
        for _ in range(_MOST_STEPS):
            decision = decide(current.facts)
            match decision:
                case Look():
                    await self._gatherer.look(current, decision)
                case MakeClaim():
                    if not await self._claim(current, decision):
                        return Result("claim", "Conflict", again=0)
                case Create() | Update() | Rename() | Delete():
                    result = await self._act(current, decision)
                    if result is not None:
                        return result
                case _:
                    return await self._finish(current, decision)
        raise AssertionError("a pass takes a handful of steps")

    async def _start_over(self, current: Pass) -> Result:
        """The connection has changed in the middle of a pass. A claim that was made in it for nothing is taken back."""
        if current.facts.claimed_now and not current.sent:
            await _until_answered(lambda: self._writer.amend(current.raw, None))
        return Result("claim", "Conflict", again=0)

    async def _claim(self, current: Pass, decision: MakeClaim) -> bool:
        """Write the claim; False when the object has changed meanwhile, so that everything must be looked at again."""
        first = current.facts.resource.claim is None
        try:
            async with self._protection.claiming(current.raw) as may_claim:
                if not may_claim:
                    return False
                await self._writer.claim(current.raw, decision.claim)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            await self._writer.refresh(key_of(current.raw))
            return False
        raw = self._jwks.get(key_of(current.raw))
        if raw is None or read(raw).deleting:
            return False
        current.raw = raw
        free = isinstance(current.facts.listed, Listed) and current.facts.entry is None
        current.facts = replace(current.facts, resource=read(raw), claimed_now=first and free)
        return True

    # --- acting ----------------------------------------------------------------------------------------------------

    async def _act(self, current: Pass, call: Call) -> Result | None:
        """Send one call and report; None when a new token came to light, so that the pass goes on with it."""
        if current.line is None:
            await self._gatherer.look(current, Look(client=True))
            return None
        answer = await self._send(current, call)
        current.sent = current.sent or not answer.local
        if answer.local:
            # Nothing was sent, so nothing is concluded: the connection's trouble is what there is to report.
            problem = problem_of(current.facts, answer)
            current.facts = replace(current.facts, client=problem, listed=problem)
            return None
        if answer.verdict is Verdict.UNAUTHORIZED and await self._gatherer.reopen(current):
            return None
        if answer.verdict is Verdict.OK and isinstance(call, Create) and _is_generated(current):
            # Apinizer made the key, so that only the list can tell what it is.
            current.facts = replace(current.facts, listed=None)
            with contextlib.suppress(RetiredError):  # the answer counts all the same
                await self._gatherer.look(current, Look(listed=True))
        conclusion = conclude(call, current.facts, answer)
        action = type(call).__name__.lower()
        return await self._carry_out(current, action, conclusion)

    async def _send(self, current: Pass, call: Call) -> Answer:
        if current.line is None:
            raise AssertionError("a line is open before a call is sent")
        client, lists, secrets = current.line.client, current.line.lists, _private_values(current)
        try:
            match call:
                case Create(target):
                    return await _create(client, current, target, secrets)
                case Update(target, description):
                    urgency = urgency_of(current.facts)
                    return await client.update(target.project, target.name, description, None, urgency, secrets)
                case Rename(target, new_name, description):
                    return await client.update(target.project, target.name, description, new_name, secrets=secrets)
                case Delete(target):
                    return await client.delete(target.project, target.name, secrets)
        finally:
            lists.written(call.target.project, call.target.name)
            if isinstance(call, Rename):
                lists.written(call.target.project, call.new_name)

    # --- reporting -------------------------------------------------------------------------------------------------

    async def _finish(self, current: Pass, decision: Rest | LetGo | Disclaim | Amend | Report) -> Result:
        match decision:
            case Rest(due):
                again = (due - current.facts.now).total_seconds() if due else None
                return Result("rest", str(current.facts.resource.reason or ""), again)
            case LetGo(notes):
                return await self._carry_out(current, "let go", Conclusion(let_go=True, notes=notes))
            case Disclaim(report):
                return await self._carry_out(current, "report", Conclusion(report, disclaim=True))
            case Amend(claim, report):
                return await self._carry_out(current, "report", Conclusion(report, claim=claim))
            case Report():
                return await self._carry_out(current, "report", Conclusion(decision))

    async def _carry_out(self, current: Pass, action: str, conclusion: Conclusion) -> Result:
        report = conclusion.report
        if conclusion.let_go or conclusion.disclaim or conclusion.claim is not None:
            claim = conclusion.claim
            if not await _until_answered(lambda: self._writer.amend(current.raw, claim)):
                return Result(action, "Conflict", again=0)
        written = await self._write_status(current, report) if report else True
        notes = (*(report.notes if report and written else ()), *conclusion.notes)
        for note in notes:
            await self._post(current, note)
        news = tuple(note.reason for note in notes)
        if report is None:
            return Result("let go" if action == "delete" else action, "Deleted", freed=True, news=news)
        shown = action if written or action != "report" else "rest"
        return Result(shown, report.reason.value, report.delay, freed=conclusion.disclaim, news=news)

    async def _write_status(self, current: Pass, report: Report) -> bool:
        """Patch what changed; False when nothing did. What Apinizer has answered must not be lost to a short outage."""
        raw = self._jwks.get(key_of(current.raw))
        if raw is None or raw["metadata"]["uid"] != current.facts.resource.uid:
            return False
        patch = status_patch(
            raw["status"], render(current.facts.resource, report, current.facts.now, anew=current.facts.changed)
        )
        if not patch:
            return False
        try:
            await _until_answered(lambda: self._writer.status(raw, patch))
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            await self._writer.refresh(key_of(raw))  # gone, or another object of that name
        return True

    async def _post(self, current: Pass, note: Note) -> None:
        await self._events.post(current.facts.resource, warning=note.warning, reason=note.reason, message=note.message)


def _soonest(*delays: float | None) -> float | None:
    return min((delay for delay in delays if delay is not None), default=None)


def _news(latest: Raw | None, seen: Resource) -> bool:
    """Whether a resource changed during a pass over an earlier version of it.

    The answer to one's own patch has such a change in it, and its watch event then looks like an old one.
    """
    if latest is None:
        return False
    now = read(latest)
    before = (seen.uid, seen.generation, seen.deleting, seen.reconcile_requested)
    return (now.uid, now.generation, now.deleting, now.reconcile_requested) != before


def _is_generated(current: Pass) -> bool:
    spec = current.facts.resource.spec
    return spec is not None and spec.source_type is SourceType.GENERATE


def _private_values(current: Pass) -> list[str]:
    """What of the key an answer must not repeat, as far as the key was read."""
    spec = current.facts.resource.spec
    read = current.jwk_str.reveal() if current.jwk_str else None
    return private_values(read or (spec.jwk_str if spec else None) or "")


async def _create(client: ManagementClient, current: Pass, target: RemoteName, secrets: list[str]) -> Answer:
    spec = current.facts.resource.spec
    if spec is None:
        raise AssertionError("nothing is created from a spec that cannot be read")
    if spec.source_type is SourceType.GENERATE:
        return await client.generate(target.project, generate_body(spec, target))
    jwk_str = current.jwk_str.reveal() if current.jwk_str else None
    return await client.create(target.project, create_body(spec, target, jwk_str), secrets)


async def _until_answered(write: Callable[[], Awaitable[T]]) -> T:
    """Repeat an idempotent write until the API server answers; cancelled when the process ends."""
    failures = 0
    while True:
        try:
            return await write()
        except ApiUnavailableError as error:
            failures += 1
            log.warning("write to the API server not answered, repeating: %s", error)
            await asyncio.sleep(min(10.0, 0.2 * 2**failures))
