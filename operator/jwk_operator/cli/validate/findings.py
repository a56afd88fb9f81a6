"""What `validate` finds, and what it tells of the resources that it looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from jwk_operator.manifests import Manifest
from jwk_operator.manifests.fields import mapping, text


class Level(StrEnum):
    """How bad a finding is: an error makes the command fail, a warning does with `--strict`."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding. `id` is stable."""

    id: str
    level: Level
    summary: str


UNREADABLE = Rule("unreadable", Level.ERROR, "A file or a document in it cannot be read.")
REFUSED = Rule("refused", Level.ERROR, "The API server would refuse the resource.")
TWICE = Rule("duplicate-resource", Level.WARNING, "Two manifests are of one resource: the second would undo the first.")
SAME_REMOTE = Rule("duplicate-remote-name", Level.WARNING, "Two JWKs want one name in one project.")
INVALID_KEY = Rule("invalid-key", Level.ERROR, "The operator would report InvalidKey.")
SECRET_KEY = Rule("secret-key-missing", Level.ERROR, "The operator would report SecretKeyNotFound.")
BROKEN_KEY = Rule("unusable-key", Level.ERROR, "A key cannot be used as it says of itself.")
WEAK_KEY = Rule("doubtful-key", Level.WARNING, "A key is weak, deprecated, expired or says odd things of itself.")
DEPRECATED = Rule("deprecated-algorithm", Level.WARNING, "An algorithm is deprecated.")
INLINE = Rule("private-key-inline", Level.WARNING, "A private key stands where everyone who may read JWKs sees it.")
ELSEWHERE = Rule("connection-elsewhere", Level.WARNING, "A connection is there, but of another kind or namespace.")
FOREIGN = Rule("foreign-version", Level.WARNING, "A kind of this operator has the apiVersion of another.")

RULES = (
    *(UNREADABLE, REFUSED, TWICE, SAME_REMOTE, INVALID_KEY, SECRET_KEY, BROKEN_KEY, WEAK_KEY, DEPRECATED, INLINE),
    *(ELSEWHERE, FOREIGN),
)


@dataclass(frozen=True, slots=True)
class Resource:
    """A manifest of one of the operator's kinds. Without a namespace it is for kubectl to say which."""

    manifest: Manifest
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, manifest: Manifest) -> Resource:
        """Return the resource of a manifest, as far as it says what it is."""
        metadata = mapping(manifest.content, "metadata")
        name = text(metadata, "name") or text(metadata, "generateName")
        return cls(manifest, text(manifest.content, "kind"), text(metadata, "namespace"), name)

    @property
    def spec(self) -> dict[str, Any]:
        """Return the spec, empty where there is none."""
        return mapping(self.manifest.content, "spec")

    def __str__(self) -> str:
        named = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {named}".strip()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. Without a resource it is about a file."""

    rule: Rule
    source: str
    line: int
    message: str
    resource: Resource | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """What may be told of a JWK's key."""

    type: str
    bits: int | None
    curve: str | None
    kid: str | None
    thumbprint: str | None

    def __str__(self) -> str:
        size = f" {self.bits}" if self.bits else f" {self.curve}" if self.curve else ""
        kid = f", kid {self.kid}" if self.kid else ""
        return f"{self.type}{size}{kid}, thumbprint {self.thumbprint or 'none (a symmetric key has none)'}"


@dataclass(slots=True)
class Report:
    """All that came of a run. `passed_over` counts the objects of other kinds."""

    findings: list[Finding] = field(default_factory=list)
    resources: list[tuple[Resource, Key | None]] = field(default_factory=list)
    passed_over: int = 0

    def count(self, level: Level) -> int:
        """Return how many findings are of a level."""
        return sum(finding.rule.level is level for finding in self.findings)

    def of(self, resource: Resource | None) -> list[Finding]:
        """Return the findings about one resource, or those that are about none."""
        return [finding for finding in self.findings if finding.resource is resource]


def finding(rule: Rule, resource: Resource, path: str, message: str) -> Finding:
    """Return what was found at a field of a resource."""
    manifest = resource.manifest
    return Finding(rule, manifest.source, manifest.line_of(path), message, resource, path)
