"""Names of remote JWKs, and the records on a resource that say which one it may own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import count
from urllib.parse import quote, unquote

from jwk_operator.api.jwk import JWKSpec

LONGEST_NAME = 255

SOURCE_FIELDS = {
    "source_type",
    "url",
    "url_option_connect_timeout",
    "url_option_read_timeout",
    "url_option_size_limit",
    "jwk_str",
    "jwk_str_from",
    "kid",
    "certificate_name",
    "key_name",
    "key_store_name",
    "alias_name",
    "environment_name",
    "use_type",
    "algorithm",
    "generate",
}
"""Fields of a spec that the key comes from."""


ConnectionKey = tuple[str, str, str]
"""Kind, namespace (empty for the cluster-wide kind) and name."""


@dataclass(frozen=True, slots=True)
class RemoteName:
    """A JWK in Apinizer: its project and its name there. Both compare case-sensitively."""

    project: str
    name: str

    def __str__(self) -> str:
        return f'"{self.name}" in project "{self.project}"'

    def encode(self) -> str:
        """Return `PROJECT/NAME` for the annotation, each part percent-encoded so that the slash is unambiguous."""
        return f"{quote(self.project, safe='')}/{quote(self.name, safe='')}"

    @classmethod
    def decode(cls, text: str) -> RemoteName | None:
        """Read what `encode` wrote; None for anything else, and for what would lead out of the project in a URL."""
        project, slash, name = text.partition("/")
        if not (project and slash and name) or "/" in name:
            return None
        remote = cls(unquote(project), unquote(name))
        return None if {remote.project, remote.name} & {".", ".."} else remote


class Phase(Enum):
    """What a replacement is about to do, written down before it is done."""

    RENAMING = "renaming"
    """The old JWK is given its name aside."""
    CREATING = "creating"
    """The new JWK is created under the name; once it is there, the old one goes."""
    RETURNING = "returning"
    """The old JWK is given its own name back."""


@dataclass(frozen=True, slots=True)
class Aside:
    """The record of a replacement: the old JWK, and the name that it has or gets meanwhile.

    `source` and `key` are the digests that the old JWK was made from, and `seen` is that of what the list shows of its
    key, by which it is told from any other JWK of either name.
    """

    name: str
    source: str
    key: str
    seen: str
    phase: Phase

    def encode(self) -> str:
        """Return the third annotation's value."""
        return ".".join((self.phase.value, self.source or _NONE, self.key or _NONE, self.seen, quote(self.name, "")))

    @classmethod
    def decode(cls, text: str | None) -> Aside | None:
        """Read what `encode` wrote; None for anything else."""
        parts = (text or "").split(".", 4)
        if len(parts) != 5 or parts[0] not in {phase.value for phase in Phase}:
            return None
        phase, source, key, seen, name = (*parts[:4], unquote(parts[4]))
        if name in ("", ".", ".."):
            return None
        return cls(name, source.replace(_NONE, ""), key.replace(_NONE, ""), seen, Phase(phase))


@dataclass(frozen=True, slots=True)
class Claim:
    """The durable record "we may own this", written together with the finalizer before the create call.

    `uid` binds it to one resource: a copy of the resource, or one restored from a backup, has another one's claim.
    `visible`, `source` and `key` are digests of what the create call was going to send: of the fields that the
    project's list shows, of all source fields of the spec, and of the key where it comes from a Secret. They let a
    later pass recognise the JWK even after the spec was edited. `address` is the digest of the manager's address: a
    name at another manager is another JWK. With `adopts` nothing was to be sent: the JWK was there, and `visible` is
    what the list showed of it.
    """

    remote: RemoteName
    uid: str
    visible: str
    source: str
    address: str = ""
    key: str = ""
    adopts: bool = False
    aside: Aside | None = None

    def encode(self) -> str:
        """Return the second annotation's value; the first is `remote.encode()`, the third `aside.encode()`."""
        digests = (self.source, self.address, self.key, "adopts" if self.adopts else "")
        return ".".join((self.uid, self.visible, *(digest or _NONE for digest in digests)))

    @classmethod
    def decode(cls, remote: str | None, claim: str | None, aside: str | None = None) -> Claim | None:
        """Read the annotations; None when there is no usable record."""
        name = RemoteName.decode(remote or "")
        parts = ["" if part == _NONE else part for part in (claim or "").split(".")]
        if name is None or len(parts) != 6:
            return None
        uid, visible, source, address, key, adopts = parts
        return cls(name, uid, visible, source, address, key, adopts == "adopts", Aside.decode(aside))


_NONE = "-"


def aside_names(name: str, uid: str) -> Iterator[str]:
    """Yield names for an old JWK while a new one takes its place: recognisable, and within 255 characters.

    They are derived from the resource's `uid`, so that no two resources ever mean the same one.
    """
    for attempt in count():
        suffix = f"-replaced-{_digest([uid, attempt])[:8]}"
        yield name[: LONGEST_NAME - len(suffix)] + suffix


def aside_name(name: str, uid: str, taken: Container[str]) -> str:
    """Return the first of these names that is free."""
    return next(candidate for candidate in aside_names(name, uid) if candidate not in taken)


def visible_digest(
    source_type: str, url: str | None, description: str | None, key_type: str | None, kid: str | None
) -> str:
    """Digest of what the project's list shows of a JWK; `key_type` and `kid` are None where not known ahead."""
    return _digest([source_type, url or "", description or "", key_type or "", kid or ""])


def seen_digest(key_type: str | None, kid: str | None) -> str:
    """Digest of what the project's list shows of a key, which no update call changes."""
    return _digest([key_type or "", kid or ""])


@lru_cache
def address_digest(address: str) -> str:
    """Digest of a manager's address in its canonical spelling."""
    return _digest(address)


def source_digest(spec: JWKSpec) -> str:
    """Digest of every field of the spec that the key comes from. It covers the spec alone, never a Secret's content."""
    return _digest(spec.model_dump(mode="json", include=SOURCE_FIELDS, exclude_none=True))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
