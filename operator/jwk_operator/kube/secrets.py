"""Values from Secrets and ConfigMaps: read when they are needed, held no longer, and never shown."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from dataclasses import dataclass

from jwk_operator.apinizer.scrub import Secret
from jwk_operator.kube.client import CONFIG_MAPS, SECRETS, ApiError, Kind, ObjectClient, Raw
from jwk_operator.kube.store import Key


@dataclass(frozen=True, slots=True)
class SourceRef:
    """One key of a Secret or ConfigMap."""

    kind: str
    namespace: str
    name: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}, key {self.key}"


class SourceNotFoundError(Exception):
    """There is no such Secret or ConfigMap."""


class SourceKeyNotFoundError(Exception):
    """The Secret or ConfigMap has no such key, or nothing usable under it; the text says which."""


class Sources:
    """Reads Secrets and ConfigMaps, and remembers only which version of each was read last."""

    def __init__(self, client: ObjectClient) -> None:
        self._client = client
        self._versions: dict[tuple[str, str, str], str | None] = {}
        self._reading: Counter[tuple[str, str, str]] = Counter()
        self._told: dict[tuple[str, str, str], int] = {}
        """The newest version that was told of while an object is being read."""

    async def read(self, source: SourceRef) -> Secret:
        """Return the text under a key.

        Raises `SourceNotFoundError`, `SourceKeyNotFoundError`, or what `ObjectClient.get` raises.
        """
        kind = SECRETS if source.kind == "Secret" else CONFIG_MAPS
        place = (source.kind, source.namespace, source.name)
        try:
            raw = await self._newest(kind, place)
        except ApiError as error:
            if error.status != 404:
                raise
            self._versions[place] = None
            raise SourceNotFoundError(f"{source.kind} {source.namespace}/{source.name} does not exist") from None
        self._versions[place] = raw["metadata"]["resourceVersion"]
        data = raw.get("data") or {}
        if source.key not in data:
            raise SourceKeyNotFoundError(f"{source.kind} {source.namespace}/{source.name} has no key {source.key}")
        return Secret(_decode(data[source.key], source))

    def knows(self, kind: str, namespace: str, name: str) -> bool:
        """Whether it was read, or a watch told of it, so that `version` says something."""
        return (kind, namespace, name) in self._versions

    def version(self, kind: str, namespace: str, name: str) -> str | None:
        """Return the newest known version; None when it is gone."""
        return self._versions.get((kind, namespace, name))

    def known(self, kind: str) -> set[Key]:
        """Return namespace and name of everything of a kind that was read or noted, and is not known to be gone."""
        return {place[1:] for place, version in self._versions.items() if place[0] == kind and version is not None}

    def note(self, kind: str, namespace: str, name: str, version: str | None) -> None:
        """Remember the version that a watch told of, for one that somebody refers to."""
        if not self.knows(kind, namespace, name) or self.changed(kind, namespace, name, version):
            self._versions[kind, namespace, name] = version

    async def _newest(self, kind: Kind, place: tuple[str, str, str]) -> Raw:
        """Read an object, once more if it changed meanwhile: whoever was told of the change finds the new content."""
        self._reading[place] += 1
        try:
            while True:
                raw = await self._client.get(kind, *place[1:])
                if int(raw["metadata"]["resourceVersion"]) >= self._told.get(place, 0):
                    return raw
        finally:
            self._reading[place] -= 1
            if not self._reading[place]:
                del self._reading[place]
                self._told.pop(place, None)

    def changed(self, kind: str, namespace: str, name: str, version: str | None) -> bool:
        """Whether a version (None: gone) is news after the one read last; False for what nobody has read.

        A watch may lag behind the reading: an older version is no news.
        """
        place = (kind, namespace, name)
        if place in self._reading and version is not None:
            self._told[place] = max(int(version), self._told.get(place, 0))
        if place not in self._versions:
            return False
        known = self._versions[place]
        return known != version if known is None or version is None else int(version) > int(known)


def _decode(value: str, source: SourceRef) -> str:
    if source.kind != "Secret":
        return value
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise SourceKeyNotFoundError(f"{source} does not hold text") from None


def text_of(value: str, source: SourceRef | str) -> Secret:
    """Return a name or password without white space around it. Raises `SourceKeyNotFoundError` for none, or for
    control characters in it.
    """
    text = value.strip()
    if not text:
        raise SourceKeyNotFoundError(f"{source} is empty")
    if not text.isprintable():
        raise SourceKeyNotFoundError(f"{source} holds line breaks or control characters")
    return Secret(text)


def token_of(value: str, source: SourceRef | str) -> Secret:
    """Return the token in a Secret's value without white space around it, such as the newline that editors add.

    Raises `SourceKeyNotFoundError` when nothing is left, or when there is white space or a control character inside: a
    header cannot carry it, and it is no token.
    """
    token = value.strip()
    if not token:
        raise SourceKeyNotFoundError(f"{source} is empty; it must hold the token")
    if not all(0x21 <= ord(character) <= 0x7E for character in token):
        raise SourceKeyNotFoundError(
            f"{source} holds white space or other characters that no token has; it must hold the token alone"
        )
    return Secret(token)
