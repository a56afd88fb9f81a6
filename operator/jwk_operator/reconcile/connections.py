"""Connections as JWKs use them: which one, whether it may be used, and the client behind it."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol
from weakref import WeakValueDictionary

from pydantic import ValidationError

from jwk_operator.api.connection import ApinizerConnectionSpec, ClusterApinizerConnectionSpec
from jwk_operator.api.jwk import ConnectionKind
from jwk_operator.api.names import ConnectionKey, RemoteName
from jwk_operator.api.reasons import Reason
from jwk_operator.api.selector import selects
from jwk_operator.apinizer.budget import Budget
from jwk_operator.apinizer.client import ManagementClient
from jwk_operator.apinizer.environments import ProjectEnvironments
from jwk_operator.apinizer.gate import Gate
from jwk_operator.apinizer.lists import ProjectLists, Writes
from jwk_operator.apinizer.term import MayWrite, always
from jwk_operator.apinizer.transport import Endpoint, Proxy, Wrap, as_it_is
from jwk_operator.kube.connections import is_going
from jwk_operator.kube.jwks import claim_of, connection_of, wished_name
from jwk_operator.kube.secrets import Sources
from jwk_operator.kube.store import Raw, Store, once
from jwk_operator.reconcile.connection_secrets import read_secrets, sources_of
from jwk_operator.reconcile.locks import Locks
from jwk_operator.reconcile.state import Problem, Ready


class ConnectionObserver(Protocol):
    """Is told of the calls of connections, each by its name: `Kind/namespace/name`. Times are in seconds."""

    def called(self, connection: str, call: str, method: str, status: int, seconds: float) -> None:
        """Take in one call: which, its HTTP method and status (0 without an answer) and its duration."""

    def waited(self, connection: str, seconds: float) -> None:
        """Take in for how long a call waited for its turn."""

    def forgotten(self, connection: str) -> None:
        """Take in that a connection is gone for good."""

    def keep(self, connections: Collection[str]) -> None:
        """Take in which connections there are, at a start: all others are gone for good."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The connection that a JWK names. With a `problem` it cannot be used, and the rest may be None."""

    key: ConnectionKey
    spec: ApinizerConnectionSpec | None = None
    address: str | None = None
    target: RemoteName | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An open line to a manager: the client, what is shared of its answers, and the Secret behind it for messages."""

    client: ManagementClient
    lists: ProjectLists
    environments: ProjectEnvironments
    ready: Ready
    spec: ApinizerConnectionSpec


class Connections:
    """Resolves JWKs to connections, and keeps one line for each connection that is in use."""

    def __init__(
        self,
        store: Store,
        namespaces: Store | None,
        sources: Sources,
        observer: ConnectionObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        proxy_for: Callable[[str], Proxy | None] = lambda _: None,
        may_write: MayWrite = always,
        chance: Callable[[], float] = random.random,
        wrap: Wrap = as_it_is,
    ) -> None:
        """`store` holds connections of both kinds; `namespaces` is None when only some namespaces are served.

        `proxy_for` gives the proxy to an address for connections that name none; `wrap` is for the transport of each.
        """
        self._store = store
        self._namespaces = namespaces
        self._sources = sources
        self._observer = observer
        self._clock = clock
        self._now = now
        self._proxy_for = proxy_for
        self._may_write = may_write
        self._chance = chance
        self._wrap = wrap
        self._lines: dict[ConnectionKey, Line] = {}
        self._last_good: dict[ConnectionKey, Line] = {}
        self._opening: set[ConnectionKey] = set()
        """Those whose lines are being opened and have not been dropped since that began."""
        self._gates: dict[ConnectionKey, tuple[str, Gate]] = {}
        self._writes: WeakValueDictionary[str, Writes] = WeakValueDictionary()
        """By the manager's address. Kept by the lines: each that is open, or that a call under way goes over."""
        self.on_gate_change: Callable[[ConnectionKey], None] = lambda _: None
        """Called when the calls of a connection are held back from now on, or may go out again."""
        self._locks = Locks()

    def resolve(self, raw: Raw) -> Resolved:
        """Find the connection and the remote name that a (trimmed) JWK means. Reads memory only.

        For a deletion a connection that is gone counts as it was when it last worked.
        """
        key = connection_of(raw)
        kind, namespace, name = key
        if kind == ConnectionKind.CLUSTER and self._namespaces is None:
            message = (
                f"{kind} {name} cannot be used: this operator serves single namespaces; use an ApinizerConnection."
            )
            return Resolved(key, problem=Problem(Reason.CONNECTION_NOT_FOUND, message))
        found = self._store.get((namespace, name))
        last = self._last_good.get(key) if "deletionTimestamp" in raw["metadata"] else None
        if found is None and last is None:
            where = f" in namespace {namespace}" if namespace else ""
            message = f"{kind} {name} does not exist{where}; create it or correct spec.connectionRef."
            return Resolved(key, problem=Problem(Reason.CONNECTION_NOT_FOUND, message))
        if found is not None and is_going(found) and claim_of(raw) is None:
            message = f"{kind} {name} is being deleted; create it anew once it is gone, or correct spec.connectionRef."
            return Resolved(key, problem=Problem(Reason.CONNECTION_NOT_FOUND, message))
        spec, why = once(found, read_spec) if found else (last.spec if last else None, "")
        if spec is None:
            return Resolved(key, problem=_unreadable(key, why))
        if not self._allowed(spec, raw["metadata"]["namespace"]):
            message = (
                f"{kind} {name} does not allow namespace {raw['metadata']['namespace']}; add it to "
                "spec.allowedNamespaces of the connection or use another one."
            )
            return Resolved(key, spec, problem=Problem(Reason.CONNECTION_NOT_ALLOWED, message))
        address, unusable = _address(spec, f"{kind} {name}")
        if unusable is not None:
            return Resolved(key, problem=unusable)
        target, problem = _target(raw, spec, f"{kind} {name}")
        return Resolved(key, spec, address, target, problem)

    async def line(self, key: ConnectionKey, spec: ApinizerConnectionSpec) -> Line | Problem:
        """Return the open line of a connection, opening it when needed: then its Secret is read."""
        if (known := self._open_line(key, spec)) is not None:
            return known
        async with self._locks.hold(key):
            if (known := self._open_line(key, spec)) is not None:
                return known  # opened while this waited for its turn
            opened = await self._open_as_it_is(key, spec)
            if isinstance(opened, Line):
                replaced = self._last_good.get(key)
                self._lines[key] = self._last_good[key] = opened
                if replaced is not None:
                    replaced.client.retire()
            return opened

    def _open_line(self, key: ConnectionKey, spec: ApinizerConnectionSpec) -> Line | None:
        """Return the line that is open, unless a pass that began before the connection changed opened it as it was."""
        known = self._lines.get(key)
        return known if known is not None and (known.spec is spec or known.spec == spec) else None

    def last_good(self, key: ConnectionKey) -> Line | None:
        """Return the line that worked last, also when connection or Secret are gone since; for deletions."""
        return self._last_good.get(key)

    def drop(self, key: ConnectionKey) -> None:
        """Have a connection opened anew when it is next needed, because it or what it refers to has changed."""
        self._lines.pop(key, None)
        self._opening.discard(key)

    async def open(self, key: ConnectionKey) -> Line | Problem | None:
        """Open the line of a connection for its own sake, not for that of a JWK; None when it does not exist."""
        kind, _namespace, name = key
        found = self._store.get(key[1:])
        if found is None:
            return None
        spec, why = once(found, read_spec)
        if spec is None:
            return _unreadable(key, why)
        return _address(spec, f"{kind} {name}")[1] or await self.line(key, spec)

    def gate(self, key: ConnectionKey) -> Gate | None:
        """Return the gate of a connection; None while no line of it was ever opened."""
        known = self._gates.get(key)
        return known[1] if known else None

    def _gate(self, key: ConnectionKey, spec: ApinizerConnectionSpec, address: str) -> Gate:
        """Return the gate that every line of a connection shares for as long as it leads to the same address."""
        limits = spec.max_concurrent_requests, spec.requests_per_second, spec.burst
        known = self._gates.get(key)
        if known is not None and known[0] == address:
            known[1].budget.resize(*limits)
            known[1].hasten()
            return known[1]
        waited = partial(self._waited, key)
        gate = Gate(Budget(*limits, clock=self._clock, waited=waited), self._clock, self._now, self._chance)
        gate.on_change = lambda: self.on_gate_change(key)
        self._gates[key] = address, gate
        return gate

    def remembers(self, key: ConnectionKey) -> bool:
        """Whether anything is kept of a connection beyond what the API server has of it."""
        return key in self._lines or key in self._last_good

    def forget(self, key: ConnectionKey) -> None:
        """Drop line and token of a connection that is gone and that nobody needs; calls under way may end."""
        self._lines.pop(key, None)
        self._gates.pop(key, None)
        last = self._last_good.pop(key, None)
        if last is not None:
            last.client.retire()
        if self._observer is not None:
            self._observer.forgotten(shown(key))

    def begin(self, keys: Iterable[ConnectionKey]) -> None:
        """Everything is loaded: these are the connections that there are."""
        if self._observer is not None:
            self._observer.keep({shown(key) for key in keys})

    def _called(self, key: ConnectionKey, call: str, method: str, status: int, seconds: float) -> None:
        # Not of one that is forgotten, whose last calls may still end.
        if self._observer is not None and key in self._gates:
            self._observer.called(shown(key), call, method, status, seconds)

    def _waited(self, key: ConnectionKey, seconds: float) -> None:
        if self._observer is not None and key in self._gates:
            self._observer.waited(shown(key), seconds)

    async def aclose(self) -> None:
        """Close every line."""
        lines = {id(line): line for line in (*self._lines.values(), *self._last_good.values())}
        self._lines.clear()
        self._last_good.clear()
        for line in lines.values():
            await line.client.aclose()

    async def reopen(self, key: ConnectionKey, spec: ApinizerConnectionSpec, refused: Line) -> bool:
        """After a 401: read the Secret again. Return whether it holds another token than the refused one."""
        if self._lines.get(key) is refused:
            self.drop(key)
        opened = await self.line(key, spec)
        return isinstance(opened, Line) and opened.client.credential != refused.client.credential

    def referring(self, kind: str, namespace: str, name: str) -> Iterator[ConnectionKey]:
        """Yield the connections that refer to a Secret or ConfigMap."""
        for own, connection in self._store:
            found = self._store.get((own, connection))
            connection_kind = ConnectionKind.NAMESPACED if own else ConnectionKind.CLUSTER
            spec, _why = once(found, read_spec) if found else (None, "")
            if spec and any((r.kind, r.namespace, r.name) == (kind, namespace, name) for r in sources_of(spec, own)):
                yield connection_kind, own, connection

    def _allowed(self, spec: ApinizerConnectionSpec, namespace: str) -> bool:
        if not isinstance(spec, ClusterApinizerConnectionSpec):
            return True
        allowed = spec.allowed_namespaces
        if namespace in (allowed.names or ()):
            return True
        found = self._namespaces.get(("", namespace)) if self._namespaces is not None else None
        labels = (found or {}).get("metadata", {}).get("labels") or {}
        return allowed.selector is not None and selects(allowed.selector, labels)

    async def _open_as_it_is(self, key: ConnectionKey, spec: ApinizerConnectionSpec) -> Line | Problem:
        """Open a line, again if it was dropped meanwhile: what was read before that may be no more how things are."""
        while True:
            self._opening.add(key)
            try:
                opened = await self._open(key, spec)
                if key in self._opening:
                    return opened
            finally:
                self._opening.discard(key)
            if isinstance(opened, Line):
                opened.client.retire()

    async def _open(self, key: ConnectionKey, spec: ApinizerConnectionSpec) -> Line | Problem:
        who = f"{key[0]} {key[2]}"
        found = await read_secrets(self._sources, spec, key[1], who)
        if isinstance(found, Problem):
            return found
        endpoint = endpoint_of(spec, found.ca_pem)
        endpoint = replace(endpoint, proxy=found.proxy or self._proxy_for(endpoint.address))
        gate = self._gate(key, spec, endpoint.address)
        told = partial(self._called, key)
        try:
            client = ManagementClient(
                endpoint, found.credential, told, self._clock, gate, self._now, self._may_write, self._wrap
            )
        except ssl.SSLError:
            message = f"{who}: spec.tls.caRef holds a certificate that cannot be read; correct it."
            return Problem(Reason.SECRET_KEY_NOT_FOUND, message, of_connection=True)
        lists = ProjectLists(client, self._clock, self._writes.setdefault(endpoint.address, Writes()))
        environments = ProjectEnvironments(client, self._clock)
        return Line(client, lists, environments, Ready(found.source), spec)


def shown(key: ConnectionKey) -> str:
    """Return how metrics and logs call a connection: `Kind/namespace/name`, without what it does not have."""
    return "/".join(part for part in key if part)


def read_spec(raw: Raw) -> tuple[ApinizerConnectionSpec | None, str]:
    """Read the spec of a (trimmed) connection of either kind, or say what of it cannot be read."""
    model = ApinizerConnectionSpec if raw["metadata"].get("namespace") else ClusterApinizerConnectionSpec
    try:
        spec = model.model_validate(raw["spec"])
    except ValidationError as error:
        problems = (
            f"spec.{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)
        )
        return None, "; ".join(problems)
    return spec, ""


def endpoint_of(spec: ApinizerConnectionSpec, ca_pem: str | None) -> Endpoint:
    """Return where and how a connection is reached, its proxy aside, for which Secrets may be needed."""
    return Endpoint(
        base_url=spec.base_url,
        connect_timeout=spec.connect_timeout_seconds,
        read_timeout=spec.read_timeout_seconds,
        ca_pem=ca_pem,
        insecure_skip_verify=bool(spec.tls and spec.tls.insecure_skip_verify),
        max_concurrent_requests=spec.max_concurrent_requests,
        read_only=spec.read_only,
    )


def _unreadable(key: ConnectionKey, why: str) -> Problem:
    return Problem(Reason.INVALID_SPEC, f"{key[0]} {key[2]}: {why}.", of_connection=True)


def _address(spec: ApinizerConnectionSpec, who: str) -> tuple[str, Problem | None]:
    try:
        return endpoint_of(spec, None).address, None
    except ValueError:
        message = f"{who}: spec.baseUrl is no usable address; check its host and port."
        return "", Problem(Reason.INVALID_SPEC, message, of_connection=True)


def _target(raw: Raw, spec: ApinizerConnectionSpec, who: str) -> tuple[RemoteName | None, Problem | None]:
    own = raw["spec"].get("projectName")
    if own and spec.project_name and own != spec.project_name:
        message = (
            f'spec.projectName is "{own}", but {who} is for project "{spec.project_name}"; leave spec.projectName out.'
        )
        return None, Problem(Reason.INVALID_SPEC, message)
    project = own or spec.project_name
    if {project, wished_name(raw)} & {".", ".."}:
        message = "A project or JWK cannot be named . or .. because no URL can hold that; choose another name."
        return None, Problem(Reason.INVALID_SPEC, message)
    if not project:
        message = f"Neither spec.projectName nor {who} names a project; set one of them."
        return None, Problem(Reason.PROJECT_NOT_SET, message)
    return RemoteName(project, wished_name(raw)), None
