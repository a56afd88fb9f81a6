"""The finalizer that keeps a connection for as long as a JWK needs it in order to be deleted remotely.

It stands before the first JWK claims a remote name through the connection, and goes with the last JWK that needs it.
What is needed is read off the JWKs themselves: nothing is counted that a restart would forget.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from jwk_operator.api.names import ConnectionKey
from jwk_operator.kube.client import ApiError
from jwk_operator.kube.connections import ConnectionWriter, is_going, is_held
from jwk_operator.kube.jwks import claim_of, connection_of, deletes_remotely
from jwk_operator.kube.store import Key, Raw, Store, key_of, version_of
from jwk_operator.reconcile.locks import Locks

_NAMED = 3


class Protection:
    """Holds connections and lets them go; one change of a connection at a time."""

    def __init__(self, jwks: Store, connections: Store, writer: ConnectionWriter) -> None:
        self._jwks = jwks
        self._connections = connections
        self._writer = writer
        self._locks = Locks()
        self._claiming: dict[ConnectionKey, dict[Key, int]] = {}
        """JWKs whose claim may be on its way, each with the version that the claim's patch was made for."""
        self._doubtful: set[ConnectionKey] = set()
        """Connections with a patch on its way, or one that failed: they are read again before they count."""

    @asynccontextmanager
    async def claiming(self, raw: Raw) -> AsyncIterator[bool]:
        """Hold a JWK's connection while it claims; yields whether it may, which a connection that goes forbids.

        A claim whose answer was lost counts until a newer version of the JWK shows whether it was made.
        """
        if claim_of(raw) is not None or not deletes_remotely(raw):
            yield True  # held already, or not needed
            return
        connection, key = connection_of(raw), key_of(raw)
        # Noted before anything is awaited: from here on nobody takes the finalizer away.
        self._claiming.setdefault(connection, {})[key] = version_of(raw)
        try:
            await self.settle(connection)
            found = self._connections.get(connection[1:])
            yield found is not None and is_held(found, self._writer.finalizer) and not is_going(found)
        except ApiError:
            self._answered(connection, key)
            raise
        self._answered(connection, key)

    def _answered(self, connection: ConnectionKey, key: Key) -> None:
        claiming = self._claiming.get(connection, {})
        claiming.pop(key, None)
        if not claiming:
            self._claiming.pop(connection, None)

    def is_needed(self, connection: ConnectionKey) -> bool:
        """Whether a JWK needs a connection for its deletion, or may be about to."""
        return self._jwks.has("needs", connection) or self._is_being_claimed(connection)

    def _is_being_claimed(self, connection: ConnectionKey) -> bool:
        for key, version in list(self._claiming.get(connection, {}).items()):
            found = self._jwks.get(key)
            # The claim's patch tests the version: a newer one has the claim in it, or has made the patch fail.
            if found is None or version_of(found) != version:
                self._answered(connection, key)
        return connection in self._claiming

    def is_settled(self, connection: ConnectionKey) -> bool:
        """Whether a connection has the finalizer exactly if it should; one that goes cannot get it any more."""
        found = self._connections.get(connection[1:])
        if found is None or (is_going(found) and not is_held(found, self._writer.finalizer)):
            return True
        return is_held(found, self._writer.finalizer) is self.is_needed(connection)

    def undisturbed(self, connection: ConnectionKey) -> AbstractAsyncContextManager[bool]:
        """Keep the finalizer as it is while something else of a connection is written, which would make it fail."""
        return self._locks.hold(connection)

    async def settle(self, connection: ConnectionKey) -> None:
        """Add or take away the finalizer, if need be. Raises what the API server's client raises."""
        async with self._locks.hold(connection):
            while connection in self._doubtful or not self.is_settled(connection):
                await self._change(connection)

    async def _change(self, connection: ConnectionKey) -> None:
        found = self._connections.get(connection[1:])
        try:
            if found is None or connection in self._doubtful:
                await self._writer.refresh(connection[1:])
            else:
                self._doubtful.add(connection)
                await self._writer.hold(found, held=self.is_needed(connection))
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            await self._writer.refresh(connection[1:])
        self._doubtful.discard(connection)

    def _is_going(self, key: Key) -> bool:
        found = self._jwks.get(key)
        return found is None or "deletionTimestamp" in found["metadata"]

    def waits_for(self, connection: ConnectionKey) -> str | None:
        """Say in one sentence what keeps a connection that is being deleted; None when nothing does for long.

        A JWK that is being deleted as well is on its way, and tells itself what stops it.
        """
        needing = [key for key in self._jwks.find("needs", connection) if not self._is_going(key)]
        found = self._connections.get(connection[1:])
        if not needing or found is None or not is_going(found) or not is_held(found, self._writer.finalizer):
            return None
        named = ", ".join("/".join(key) for key in needing[:_NAMED])
        more = f" and {len(needing) - _NAMED} more" if len(needing) > _NAMED else ""
        return (
            f"Kept until no JWK needs it for its deletion: {named}{more}; delete them, or set their "
            "spec.deletionPolicy to Retain to leave the remote JWKs as they are."
        )
