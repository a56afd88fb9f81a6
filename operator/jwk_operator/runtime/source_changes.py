"""Secrets and ConfigMaps that change: whoever refers to them is woken."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jwk_operator.api.names import ConnectionKey
from jwk_operator.kube.secrets import Sources
from jwk_operator.kube.store import Key, Raw, Store, key_of
from jwk_operator.reconcile.connections import Connections


class SourceChanges:
    """Takes in what watches of metadata tell, and what reads find before that."""

    def __init__(
        self,
        jwks: Store,
        connections: Connections,
        sources: Sources,
        wake: Callable[[Iterable[Key]], None],
        reopen: Callable[[ConnectionKey], None],
    ) -> None:
        """`wake` is for JWKs, `reopen` for connections that have to be read anew."""
        self._jwks = jwks
        self._connections = connections
        self._sources = sources
        self._wake = wake
        self._reopen = reopen
        sources.on_change = self._has_changed

    def changed(self, kind: str, event: str | None, raw: Raw) -> None:
        """Take in a watch event of a Secret or ConfigMap."""
        namespace, name = key_of(raw)
        version = None if event == "DELETED" else raw["metadata"]["resourceVersion"]
        keys = self._jwks.find("secret", (namespace, name)) if kind == "Secret" else []
        if self._sources.told(kind, namespace, name, version, wanted=bool(keys)):
            self._has_changed(kind, namespace, name)
        else:
            self._wake(key for key in keys if self._speaks_of_another(key, version))

    def _has_changed(self, kind: str, namespace: str, name: str) -> None:
        if kind == "Secret":
            self._wake(self._jwks.find("secret", (namespace, name)))
        for connection in list(self._connections.referring(kind, namespace, name)):
            self._reopen(connection)

    def listed(self, kind: str, namespace: str | None, shown: set[Key]) -> None:
        """Take in a whole list: what is referred to and not shown is gone."""
        referred = self._sources.known(kind)
        if kind == "Secret":
            referred |= self._jwks.values("secret")
        for own, name in referred - shown:
            if namespace in (None, own):
                self.changed(kind, "DELETED", {"metadata": {"namespace": own, "name": name}})

    def _speaks_of_another(self, key: Key, version: str | None) -> bool:
        """Whether a JWK's status tells of another version of the Secret with its key than there is now."""
        remote = (self._jwks.get(key) or {}).get("status", {}).get("remote")
        return remote is not None and remote.get("secretVersion") != version
