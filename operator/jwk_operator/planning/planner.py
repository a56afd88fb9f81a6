"""The operator's own passes over a stage: each JWK is worked on until it rests."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from jwk_operator.api.jwk import ConnectionKind
from jwk_operator.api.names import ConnectionKey, RemoteName
from jwk_operator.api.reasons import Reason
from jwk_operator.apinizer.answers import Answer
from jwk_operator.apinizer.transport import Proxy
from jwk_operator.kube.client import CONFIG_MAPS, JWKS, NAMESPACES, SECRETS, ApiError, Raw
from jwk_operator.kube.connections import ConnectionWriter
from jwk_operator.kube.events import EventPoster
from jwk_operator.kube.jwks import JwkWriter, claim_of, connection_of, read, secrets_of, trim, wished_name
from jwk_operator.kube.secrets import SourceKeyNotFoundError, SourceNotFoundError, SourceRef, Sources
from jwk_operator.kube.store import Key, key_of
from jwk_operator.planning.assumed import as_owned
from jwk_operator.planning.remote import Rehearsal, RemoteCall
from jwk_operator.planning.stage import Stage
from jwk_operator.reconcile.connection_secrets import sources_of
from jwk_operator.reconcile.connections import Connections, shown
from jwk_operator.reconcile.gather import Gatherer, Pass
from jwk_operator.reconcile.protection import Protection
from jwk_operator.reconcile.reconciler import Reconciler, Result
from jwk_operator.reconcile.state import Cause, Look, Problem

_MOST_PASSES = 25
_JITTER = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a JWK: how it was, how it is when it rests, and what was called and told meanwhile.

    `after` is None when it is gone; `due` is when its next attempt was due, if that is later than now.
    """

    key: Key
    before: Raw
    after: Raw | None
    remote: RemoteName | None
    connection: str
    calls: tuple[RemoteCall, ...]
    news: tuple[tuple[str, str], ...]
    problem: Problem | None
    due: datetime | None


class _Gatherer(Gatherer):
    """Remembers why the project could not be looked at: of a JWK that is settled, no status tells that."""

    problem: Problem | None = None

    async def look(self, current: Pass, wanted: Look) -> None:
        """Add the facts that a decision asks for to the pass."""
        await super().look(current, wanted)
        listed = current.facts.listed
        if listed is not None:
            self.problem = listed if isinstance(listed, Problem) else None


class Planner:
    """Plays a stage to its end."""

    def __init__(
        self,
        stage: Stage,
        rehearsal: Rehearsal,
        now: datetime,
        proxy_for: Callable[[str], Proxy | None],
        *,
        assume_owned: bool = False,
    ) -> None:
        """With `assume_owned` a JWK that exists under a wished name counts as made by whoever wishes for it."""
        self._stage = stage
        self._rehearsal = rehearsal
        self._assumes = assume_owned
        self._now = self._time = now
        self._sources = Sources(stage.objects)
        self._connections = Connections(
            stage.connections,
            stage.namespaces,
            self._sources,
            proxy_for=proxy_for,
            may_write=lambda: False,
            wrap=rehearsal.wrap,
        )
        self._gatherer = _Gatherer(stage.jwks, self._connections, self._sources)
        connections = ConnectionWriter(stage.objects, stage.connections, self._connection_changed)
        self._reconciler = Reconciler(
            stage.jwks,
            self._connections,
            self._gatherer,
            JwkWriter(stage.objects, stage.jwks),
            EventPoster(stage.objects),
            lambda: _JITTER,
            Protection(stage.jwks, stage.connections, connections),
            _nothing_to_fetch,
            lambda: self._time,
        )
        self._before: dict[Key, Raw] = {}
        self._calls: dict[Key, list[RemoteCall]] = {}
        self._problems: dict[Key, Problem] = {}
        self._woken: deque[Key] = deque()

    async def play(self, step: Callable[[], None] = lambda: None) -> list[Outcome]:
        """Work on every JWK that is planned until it rests; `step` is called after each. Raises `ApiUnavailableError`.

        Those that wait for a name which is given back are worked on as well, whether planned or not.
        """
        for raw in self._stage.gone:
            self._wake_namesakes(key_of(raw), wished_name(raw))
        try:
            for key in self._stage.planned if self._assumes else ():
                await self._assume_owned(key)
            for key in self._stage.planned:
                await self._serve(key, await self._cause(key))
                step()
            while self._woken:
                await self._serve(self._woken.popleft(), Cause.DEPENDENCY)
        finally:
            await self._connections.aclose()
        gone = [_ended(trim(raw)) for raw in self._stage.gone]
        return [*(self._outcome(key) for key in self._before), *gone]

    async def _assume_owned(self, key: Key) -> None:
        raw = await self._stage.objects.get(JWKS, *key)
        resource, resolved = read(trim(raw)), self._connections.resolve(trim(raw))
        target, address, spec = resolved.target, resolved.address, resource.spec
        if resource.claim is not None or spec is None or resolved.spec is None or target is None or address is None:
            return
        line = await self._connections.line(resolved.key, resolved.spec)
        if isinstance(line, Problem):
            return
        listed = await line.lists.entries(target.project, [target.name])
        entry = None if isinstance(listed, Answer) else listed.get(target.name)
        if entry is not None:
            self._stage.take_in(as_owned(raw, spec, target, address, entry, self._now))

    async def _serve(self, key: Key, cause: Cause) -> None:
        """Do what the operator does about news, and then, if it ever would, what it does when it checks up."""
        raw = self._stage.jwks.get(key)
        if raw is None:
            return
        self._before.setdefault(key, raw)
        due = read(raw).status.next_attempt_at
        self._time = max(self._now, due) if due else self._now
        result = await self._settle(key, cause)
        if result is not None and result.checkup is not None and self._stage.jwks.get(key) is not None:
            await self._settle(key, Cause.CHECKUP)

    async def _settle(self, key: Key, cause: Cause) -> Result | None:
        result = None
        for _ in range(_MOST_PASSES):
            raw = self._stage.jwks.get(key)
            if raw is None:
                return result
            result = await self._pass(key, raw, cause)
            if result is None or result.again != 0:
                return result
            cause = cause if result.action == "claim" else Cause.TIMER
        return result

    async def _pass(self, key: Key, raw: Raw, cause: Cause) -> Result | None:
        self._rehearsal.environments = _environments(raw)
        self._gatherer.problem = None
        made = len(self._rehearsal.calls)
        result = await self._reconciler.reconcile(key, cause)
        self._calls.setdefault(key, []).extend(self._rehearsal.calls[made:])
        if self._gatherer.problem is not None:
            self._problems.setdefault(key, self._gatherer.problem)
        if self._stage.jwks.get(key) is None or (result is not None and result.freed):
            self._wake_namesakes(key, wished_name(raw))
        return result

    def _connection_changed(self, event: str, raw: Raw) -> None:
        self._stage.connections.observe(event, raw)

    def _wake_namesakes(self, key: Key, name: str) -> None:
        for other in self._stage.jwks.find("name", name):
            raw = self._stage.jwks.get(other)
            if other != key and raw is not None and read(raw).reason is Reason.NAME_CONFLICT:
                self._woken.append(other)

    async def _cause(self, key: Key) -> Cause:
        """Return why the operator would look at a JWK first."""
        raw = self._stage.jwks.get(key)
        if raw is None:
            return Cause.EVENT
        news = await self._secret_news(raw) or await self._depends_on_change(raw)
        return Cause.DEPENDENCY if news else Cause.EVENT

    async def _secret_news(self, raw: Raw) -> bool:
        """Read the Secret with the key, so that a change of it is known, as watches let the operator know."""
        resource = read(raw)
        if resource.spec is None or resource.spec.jwk_str_from is None or resource.status.remote is None:
            return False
        reference = resource.spec.jwk_str_from.secret_key_ref
        source = SourceRef("Secret", resource.namespace, reference.name, reference.key)
        try:
            await self._sources.read(source)
        except (SourceNotFoundError, SourceKeyNotFoundError):
            pass  # which the pass tells
        except ApiError:
            self._sources.told("Secret", source.namespace, source.name, None, wanted=True)
        return self._gatherer.secret_news(resource)

    async def _depends_on_change(self, raw: Raw) -> bool:
        """Whether the manifests change anything that a JWK refers to, be it by its connection."""
        connection, objects = connection_of(raw), self._stage.objects
        if connection in self._stage.changed:
            return True
        if connection[0] == ConnectionKind.CLUSTER and await objects.is_changed(NAMESPACES, "", key_of(raw)[0]):
            return True
        resolved = self._connections.resolve(raw)
        used = sources_of(resolved.spec, connection[1]) if resolved.spec is not None else ()
        places = [(SECRETS if item.kind == "Secret" else CONFIG_MAPS, item.namespace, item.name) for item in used]
        places += [(SECRETS, *secret) for secret in secrets_of(raw)]
        return any([await objects.is_changed(*place) for place in places])

    def _outcome(self, key: Key) -> Outcome:
        before, after = self._before[key], self._stage.jwks.get(key)
        latest = after or before
        claim = claim_of(latest) or claim_of(before)
        due = read(before).status.next_attempt_at
        return Outcome(
            key=key,
            before=before,
            after=after,
            remote=claim.remote if claim else self._connections.resolve(latest).target,
            connection=shown(connection_of(before)),
            calls=tuple(self._calls.get(key, ())),
            news=tuple(self._stage.objects.news(before["metadata"]["uid"])),
            problem=self._problems.get(key),
            due=due if due is not None and due.astimezone(UTC) > self._now else None,
        )


def _ended(raw: Raw) -> Outcome:
    """Return what becomes of a JWK that nothing holds, and which therefore has nothing in Apinizer."""
    return Outcome(key_of(raw), raw, None, None, shown(connection_of(raw)), (), (), None, None)


async def _nothing_to_fetch(_connection: ConnectionKey, _key: Key) -> None:
    """Every connection was taken in before."""


def _environments(raw: Raw) -> tuple[str, ...]:
    """Return the environments that a write is going to tell of, as far as that can be known."""
    resource = read(raw)
    deployment = resource.status.deployment_result
    told = [item.environment_name for item in deployment.environment_results or ()] if deployment else []
    required = (resource.spec.required_environments if resource.spec else None) or []
    return tuple(dict.fromkeys([*told, *required]))
