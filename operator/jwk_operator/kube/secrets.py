"""Values from Secrets and ConfigMaps: read when they are needed, held no longer, and never shown."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from jwk_operator.apinizer.scrub import Secret
from jwk_operator.kube.client import CONFIG_MAPS, SECRETS, ApiError, ObjectClient, Raw
from jwk_operator.kube.store import Key

_Place = tuple[str, str, str]
"""Kind, namespace and name."""


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


@dataclass(frozen=True, slots=True)
class Content:
    """The text under a key, and the version of the object that it was read from."""

    text: Secret
    version: str


class Sources:
    """Reads Secrets and ConfigMaps, and remembers only which version of each is the newest known one.

    Watches tell of changes, too, and either may be the first to know: a read that finds another version than the one
    known so far is told by `on_change` to whoever read that, as the watch's event will be no news any more.
    """

    def __init__(self, client: ObjectClient) -> None:
        self._client = client
        self._versions: dict[_Place, str | None] = {}
        self._readings: dict[_Place, list[list[str | None]]] = {}
        """For each read that is under way, the versions that have become known since it was sent."""
        self.on_change: Callable[[str, str, str], None] = lambda *_: None
        """Called with kind, namespace and name when a read finds what no watch has told of yet."""

    async def read(self, source: SourceRef) -> Content:
        """Return what is under a key.

        Raises `SourceNotFoundError`, `SourceKeyNotFoundError`, or what `ObjectClient.get` raises.
        """
        place = (source.kind, source.namespace, source.name)
        raw = await self._newest(place)
        version = _version_of(raw)
        self._found(place, version)
        if raw is None or version is None:
            raise SourceNotFoundError(f"{source.kind} {source.namespace}/{source.name} does not exist")
        data = raw.get("data") or {}
        if source.key not in data:
            raise SourceKeyNotFoundError(f"{source.kind} {source.namespace}/{source.name} has no key {source.key}")
        return Content(Secret(_decode(data[source.key], source)), version)

    def knows(self, kind: str, namespace: str, name: str) -> bool:
        """Whether it was read, or a watch told of it, so that `version` says something."""
        return (kind, namespace, name) in self._versions

    def version(self, kind: str, namespace: str, name: str) -> str | None:
        """Return the newest known version; None when it is gone."""
        return self._versions.get((kind, namespace, name))

    def known(self, kind: str) -> set[Key]:
        """Return namespace and name of everything of a kind that was read or told of, and is not known to be gone."""
        return {place[1:] for place, version in self._versions.items() if place[0] == kind and version is not None}

    def told(self, kind: str, namespace: str, name: str, version: str | None, *, wanted: bool = False) -> bool:
        """Take in the version that a watch tells of (None: gone), and return whether it is news to who read before.

        A watch may lag behind the reads: an older version is no news. What nobody has read is remembered only if it is
        `wanted`, and is news to nobody.
        """
        place = (kind, namespace, name)
        self._tell_readers(place, version)
        known = place in self._versions
        if known and (version == self._versions[place] or _is_older(version, self._versions[place])):
            return False
        if known or wanted:
            self._versions[place] = version
        return known

    async def _newest(self, place: _Place) -> Raw | None:
        """Read an object, again if it changed meanwhile: an answer may be older than what became known before it came.

        None when there is none.
        """
        since: list[str | None] = []
        self._readings.setdefault(place, []).append(since)
        try:
            while True:
                since.clear()
                raw = await self._get(place)
                if not since or not _may_be_older(_version_of(raw), since[-1]):
                    return raw
        finally:
            # by identity: others that are equal are other reads
            left = [other for other in self._readings.pop(place) if other is not since]
            if left:
                self._readings[place] = left

    async def _get(self, place: _Place) -> Raw | None:
        kind, namespace, name = place
        try:
            return await self._client.get(SECRETS if kind == "Secret" else CONFIG_MAPS, namespace, name)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    def _found(self, place: _Place, version: str | None) -> None:
        known, before = place in self._versions, self._versions.get(place)
        self._versions[place] = version
        self._tell_readers(place, version)
        if known and version != before:
            self.on_change(*place)

    def _tell_readers(self, place: _Place, version: str | None) -> None:
        for since in self._readings.get(place, ()):
            since.append(version)


def _version_of(raw: Raw | None) -> str | None:
    return None if raw is None else str(raw["metadata"]["resourceVersion"])


def _is_older(version: str | None, other: str | None) -> bool:
    """Whether a version is known to be older than another one; when something went is not known."""
    return version is not None and other is not None and int(version) < int(other)


def _may_be_older(version: str | None, other: str | None) -> bool:
    """Whether a version may be older than another one: what is there may have come after what is not, or before."""
    return version != other and (version is None or other is None or int(version) < int(other))


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
