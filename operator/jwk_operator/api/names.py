"""Names of remote JWKs, and the records on a resource that say which one it may own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from urllib.parse import quote, unquote

from jwk_operator.api.jwk import JWKSpec

_SOURCE_FIELDS = frozenset(
    {
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
)


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


@dataclass(frozen=True, slots=True)
class Claim:
    """The durable record "we may own this", written together with the finalizer before the create call.

    `uid` binds it to one resource: a copy of the resource, or one restored from a backup, has another one's claim.
    `visible` and `source` are digests of what the create call was going to send: of the fields that the project's list
    shows, and of all source fields of the spec. They let a later pass recognise the JWK even after the spec was edited.
    """

    remote: RemoteName
    uid: str
    visible: str
    source: str
    address: str = ""
    """Digest of the manager's address: a name at another manager is another JWK."""

    def encode(self) -> str:
        """Return the second annotation's value; the first one is `remote.encode()`."""
        return ".".join(part for part in (self.uid, self.visible, self.source, self.address) if part)

    @classmethod
    def decode(cls, remote: str | None, claim: str | None) -> Claim | None:
        """Read both annotations; None when there is no usable record."""
        name = RemoteName.decode(remote or "")
        parts = (claim or "").split(".")
        if name is None or len(parts) not in (3, 4):
            return None
        return cls(name, *parts)


def visible_digest(
    source_type: str, url: str | None, description: str | None, key_type: str | None, kid: str | None
) -> str:
    """Digest of what the project's list shows of a JWK; `key_type` and `kid` are None where not known ahead."""
    return _digest([source_type, url or "", description or "", key_type or "", kid or ""])


def address_digest(address: str) -> str:
    """Digest of a manager's address in its canonical spelling."""
    return _digest(address)


def source_digest(spec: JWKSpec) -> str:
    """Digest of every field of the spec that the key comes from. It covers the spec alone, never a Secret's content."""
    return _digest(spec.model_dump(mode="json", include=set(_SOURCE_FIELDS), exclude_none=True))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
