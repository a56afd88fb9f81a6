"""The objects that `jwk-operator status` shows: read once, and kept up to date by watches of the API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime

import click

from jwk_operator.cli.cluster import LOGIN_REFUSED, NO_CRDS
from jwk_operator.cli.status.board import Board
from jwk_operator.cli.status.reading import Scope, missing_names, read_board, uses_cluster_wide
from jwk_operator.kube.client import (
    CLUSTER_CONNECTIONS,
    CONNECTIONS,
    JWKS,
    ApiError,
    ApiUnavailableError,
    Kind,
    KubeClient,
    Raw,
)
from jwk_operator.kube.following import follow
from jwk_operator.kube.store import Key, key_of

_BURST = 0.2
"""Seconds in which changes come together before they are shown."""
_FINAL = (401, 403, 404)
"""HTTP statuses that asking again does not change."""


class Objects:
    """What is known of JWKs and connections in a scope."""

    def __init__(self, client: KubeClient, scope: Scope) -> None:
        self._client = client
        self._scope = scope
        self._found: dict[Kind, dict[Key, Raw]] = {}
        self._versions: dict[Kind, str] = {}
        self._failing = False

    async def read(self) -> None:
        """Read everything once. Raises `click.ClickException` when that is refused."""
        await asyncio.gather(*map(self._read, (JWKS, CONNECTIONS, CLUSTER_CONNECTIONS)))

    async def boards(self) -> AsyncGenerator[Board]:
        """Yield what is known after `read`, and again after each change, until closed.

        Raises `click.ClickException` when the API server refuses to tell of changes.
        """
        changed = asyncio.Event()
        tasks = [asyncio.create_task(self._follow(kind, changed.set)) for kind in self._found]
        for task in tasks:
            task.add_done_callback(lambda _: changed.set())
        try:
            while True:
                yield self.board()
                await changed.wait()
                await asyncio.sleep(_BURST)
                changed.clear()
                for task in tasks:
                    if task.done():
                        task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def board(self) -> Board:
        """Return what is known now."""
        jwks = self._found[JWKS].values()
        connections = [raw for kind in (CONNECTIONS, CLUSTER_CONNECTIONS) for raw in self._found.get(kind, {}).values()]
        unknown = [kind.plural for kind in (CONNECTIONS, CLUSTER_CONNECTIONS) if kind not in self._found]
        if not uses_cluster_wide(jwks) and self._scope.namespace is not None:
            unknown = [plural for plural in unknown if plural != CLUSTER_CONNECTIONS.plural]
        notes = tuple(f"{plural} are not shown: you may not list them" for plural in unknown)
        return read_board(self._scope, jwks, connections, datetime.now(UTC), notes)

    def missing(self) -> list[str]:
        """Return the names asked for that no JWK has."""
        return missing_names(self._scope, self._found[JWKS].values())

    async def _read(self, kind: Kind) -> None:
        try:
            await self._list(kind)
        except ApiError as error:
            if kind is JWKS or error.status != 403:
                raise _refusal(kind, self._place(kind), "list", error) from error
            # a person of one namespace may see its JWKs alone: a note says so

    async def _list(self, kind: Kind) -> str:
        found: dict[Key, Raw] = {}
        newest = ""
        async for items, version in self._client.list(kind, self._place(kind), selector=self._selector(kind)):
            newest = version
            found.update({key_of(raw): raw for raw in items})
        self._found[kind], self._versions[kind] = found, newest
        return newest

    async def _follow(self, kind: Kind, changed: Callable[[], None]) -> None:
        def notify(event: str | None, raw: Raw) -> None:
            if event == "DELETED":
                self._found[kind].pop(key_of(raw), None)
            else:
                self._found[kind][key_of(raw)] = raw
            self._failing = False
            changed()

        async def relist() -> str:
            version = await self._list(kind)
            changed()
            return version

        def failed(error: ApiError | ApiUnavailableError) -> None:
            if isinstance(error, ApiError) and error.status in _FINAL:
                raise _refusal(kind, self._place(kind), "watch", error) from error
            if not self._failing:
                click.echo(f"{error}; what is shown may be old. Trying again.", err=True)
            self._failing = True

        where, version, selector = self._place(kind), self._versions[kind], self._selector(kind)
        await follow(self._client, kind, where, notify, relist, version, selector=selector, failed=failed)

    def _place(self, kind: Kind) -> str | None:
        return None if kind is CLUSTER_CONNECTIONS else self._scope.namespace

    def _selector(self, kind: Kind) -> str | None:
        return self._scope.selector if kind is JWKS else None


def _refusal(kind: Kind, namespace: str | None, verb: str, error: ApiError) -> click.ClickException:
    """Say what a person can do about what the API server refuses."""
    what = f"{kind.plural}.{kind.group}"
    if error.status == 404:
        return click.ClickException(NO_CRDS)
    if error.status == 403:
        where = f"in namespace {namespace}" if namespace else "in all namespaces"
        remedy = "" if namespace else ", or look in one namespace with -n NAMESPACE"
        return click.ClickException(
            f'you lack the right "{verb}" on {what} {where}: have an administrator give you the role view there{remedy}'
        )
    if error.status == 401:
        return click.ClickException(LOGIN_REFUSED)
    return click.ClickException(f"{what} cannot be read: {error}")
