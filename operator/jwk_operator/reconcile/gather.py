"""Gathering: the facts for one decision, each looked up only when the decision asks for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from jwk_operator.api.jwk import AdoptionPolicy, JWKSpec
from jwk_operator.api.names import RemoteName
from jwk_operator.api.reasons import Reason
from jwk_operator.api.resource import Resource
from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.budget import Urgency
from jwk_operator.apinizer.lists import BURST, SHORT_WHILE
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.kube.client import ApiError
from jwk_operator.kube.jwks import claim_of
from jwk_operator.kube.secrets import SourceKeyNotFoundError, SourceNotFoundError, SourceRef, Sources
from jwk_operator.kube.store import Raw, Store
from jwk_operator.reconcile.conclude import problem_of
from jwk_operator.reconcile.connections import Connections, Line, Resolved
from jwk_operator.reconcile.keymaterial import InvalidKeyError, KeyFacts, inspect_key
from jwk_operator.reconcile.state import Cause, Facts, Listed, Look, Problem

_GONE = frozenset({Reason.CONNECTION_NOT_FOUND, Reason.SECRET_NOT_FOUND, Reason.SECRET_KEY_NOT_FOUND})
REQUEST_AGE = 0.0
"""Seconds that a list may be old when somebody asks for a look; those who wait at the same time still share one."""
CHECKUP_AGE = 0.85
"""Part of the resync interval that a list may be old on a check-up.

The jitter adds up, so that check-ups which began together spread over the whole interval: one list must serve nearly
all of it. It is less than the 0.9 that may lie between two check-ups of one JWK, so that each sees a newer list.
"""


@dataclass(slots=True)
class Pass:
    """One pass over one resource: the facts so far, and the lines and secrets behind them that are no facts."""

    raw: Raw
    facts: Facts
    resolved: Resolved
    line: Line | None = None
    jwk_str: Secret | None = field(default=None, repr=False)
    reopened: bool = False
    sent: bool = False
    """Whether a call was sent that could change something."""

    @property
    def remote_key(self) -> tuple[str | None, RemoteName | None]:
        """What no two passes may write to at the same time: a remote name at an address."""
        return self.resolved.address, self.facts.remote


class Gatherer:
    """Looks facts up in memory, in the cluster and in the project's list."""

    def __init__(self, jwks: Store, connections: Connections, sources: Sources) -> None:
        self._jwks = jwks
        self._connections = connections
        self._sources = sources

    def secret_news(self, resource: Resource) -> bool:
        """Whether the Secret with a resource's key has changed since its status was written, as far as is known."""
        spec, remote = resource.spec, resource.status.remote
        if spec is None or spec.jwk_str_from is None or remote is None:
            return False
        place = ("Secret", resource.namespace, spec.jwk_str_from.secret_key_ref.name)
        return self._sources.knows(*place) and self._sources.version(*place) != remote.secret_version

    def rival(self, raw: Raw, resolved: Resolved) -> str | None:
        """Return the resource that the remote name belongs to before this one: owners first, then the oldest."""
        claim = claim_of(raw)
        remote = claim.remote if claim else resolved.target
        if remote is None or resolved.address is None:
            return None
        own = _rank(raw)
        rivals = (self._jwks.get(key) for key in self._jwks.find("name", remote.name))
        better = [
            _rank(other) for other in rivals if other is not None and self._wants(other, remote, resolved.address)
        ]
        return min(better)[-1] if better and min(better) < own else None

    def _wants(self, other: Raw, remote: RemoteName, address: str) -> bool:
        claim = claim_of(other)
        if claim is None and "deletionTimestamp" in other["metadata"]:
            return False
        resolved = self._connections.resolve(other)
        return resolved.address == address and (claim.remote if claim else resolved.target) == remote

    async def look(self, current: Pass, wanted: Look) -> None:
        """Add the facts that a decision asks for to the pass."""
        if wanted.client or wanted.listed or wanted.environments:
            await self._open_line(current)
        if wanted.key:
            await self._read_key(current)
        if wanted.listed:
            await self._read_list(current)
        if wanted.environments:
            await self._read_environments(current)

    async def reopen(self, current: Pass) -> bool:
        """After a 401, once a pass: whether the Secret holds another token by now, so that a repeat makes sense."""
        spec, line = current.resolved.spec, current.line
        if current.reopened or spec is None or line is None:
            return False
        current.reopened = True
        if not await self._connections.reopen(current.resolved.key, spec, line):
            return False
        current.line, current.facts = None, replace(current.facts, client=None, listed=None)
        return True

    async def _open_line(self, current: Pass) -> None:
        if current.line is not None:
            return
        resolved = current.resolved
        opened: Line | Problem
        if resolved.problem is not None or resolved.spec is None:
            opened = resolved.problem or Problem(Reason.CONNECTION_NOT_FOUND, "The connection cannot be read.")
        else:
            opened = await self._connections.line(resolved.key, resolved.spec)
        if isinstance(opened, Problem) and current.facts.resource.deleting and opened.reason in _GONE:
            opened = self._connections.last_good(resolved.key) or opened
        current.line = opened if isinstance(opened, Line) else None
        current.facts = replace(current.facts, client=opened.ready if isinstance(opened, Line) else opened)

    async def _read_list(self, current: Pass) -> None:
        remote = current.facts.remote
        if current.line is None or remote is None:
            problem = current.facts.client if isinstance(current.facts.client, Problem) else None
            missing = Problem(Reason.PROJECT_NOT_SET, "No project is known.")
            current.facts = replace(current.facts, listed=problem or missing)
            return
        aside, told = current.facts.aside, current.facts.resource.status.replacement
        names = [remote.name, *([aside.name] if aside else [told.old_name] if told else [])]
        urgency = urgency_of(current.facts)
        found = await current.line.lists.entries(
            remote.project,
            names,
            *_list_age(current),
            urgency,
            sure_of_absence=_may_take_over(current.facts),
            sure_of_presence=_may_be_in_conflict(current.facts),
        )
        refused = isinstance(found, Answer) and found.verdict is Verdict.UNAUTHORIZED and not found.local
        if refused and await self.reopen(current):
            await self.look(current, Look(listed=True))
            return
        listed = problem_of(current.facts, found) if isinstance(found, Answer) else Listed(found)
        current.facts = replace(current.facts, listed=listed)

    async def _read_environments(self, current: Pass) -> None:
        spec, remote = current.facts.resource.spec, current.facts.remote
        if spec is None or spec.environment_name is None or remote is None or current.line is None:
            raise AssertionError("environments are asked for once there is a line, for a spec that names one")
        names = await current.line.environments.names(remote.project, spec.environment_name)
        current.facts = replace(current.facts, environments=names, environments_asked=True)

    async def _read_key(self, current: Pass) -> None:
        spec = current.facts.resource.spec
        if spec is None:
            raise AssertionError("no key is asked for without a spec")
        key = await self._key(current, spec)
        current.facts = replace(current.facts, key=key)

    async def _key(self, current: Pass, spec: JWKSpec) -> KeyFacts | Problem:
        where = "spec.jwkStr"
        try:
            if spec.jwk_str_from is not None:
                reference = spec.jwk_str_from.secret_key_ref
                source = SourceRef("Secret", current.facts.resource.namespace, reference.name, reference.key)
                where = str(source)
                content = await self._sources.read(source)
                current.jwk_str = content.text
                salt = current.facts.resource.uid
                key = await asyncio.to_thread(inspect_key, content.text.reveal(), spec.kid, salt)
                return replace(key, secret_version=content.version)
            current.jwk_str = Secret(spec.jwk_str or "")
            return inspect_key(current.jwk_str.reveal(), spec.kid)
        except SourceNotFoundError as error:
            return Problem(Reason.SECRET_NOT_FOUND, f"spec.jwkStrFrom: {error}; create it.")
        except SourceKeyNotFoundError as error:
            return Problem(Reason.SECRET_KEY_NOT_FOUND, f"spec.jwkStrFrom: {error}; add it.")
        except InvalidKeyError as error:
            return Problem(Reason.INVALID_KEY, f"{where}: {error}.")
        except ApiError as error:
            return Problem(
                Reason.SECRET_NOT_FOUND, f"The operator may not read {where} ({error.reason}); check its RBAC."
            )


def _rank(raw: Raw) -> tuple[bool, str, str]:
    metadata = raw["metadata"]
    who = f"{metadata['namespace']}/{metadata['name']}"
    return claim_of(raw) is None, metadata.get("creationTimestamp", ""), who


def urgency_of(facts: Facts) -> Urgency:
    """Say how urgent the calls of a pass are: deletions and what users change, then repairs, then drift."""
    if facts.resource.deleting or facts.changed or facts.cause is Cause.EVENT:
        return Urgency.USER
    return Urgency.ROUTINE if facts.cause is Cause.CHECKUP else Urgency.REPAIR


def _may_take_over(facts: Facts) -> bool:
    """Whether a JWK of the name would be taken over: one that was made a moment ago must not be missed."""
    spec = facts.resource.spec
    return spec is not None and spec.adoption_policy is AdoptionPolicy.IF_MATCHING and facts.resource.claim is None


def _may_be_in_conflict(facts: Facts) -> bool:
    """Whether a JWK of the name would be somebody else's, which nobody looks into again before the next check-up."""
    return facts.resource.claim is None and facts.cause is not Cause.CHECKUP


def _list_age(current: Pass) -> tuple[float, float]:
    """Seconds that the project's list may be old for this pass, and in a burst of passes."""
    if current.facts.requested:
        return REQUEST_AGE, REQUEST_AGE
    if current.facts.cause is not Cause.CHECKUP:
        return SHORT_WHILE, BURST
    interval = current.resolved.spec.resync_interval.total_seconds() if current.resolved.spec else 0.0
    return interval * CHECKUP_AGE, interval * CHECKUP_AGE
