"""What a call to the Management API came to, as a value that says how it is to be treated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from jwk_operator.api.remote import RemoteEntry


class Verdict(Enum):
    """How an answer is to be treated."""

    OK = auto()
    EXISTS = auto()
    """The name is taken (400 "already exist", or 409)."""
    MISSING = auto()
    """There is no such JWK (400 "is not found", or a 404 that is not about the project)."""
    PROJECT_MISSING = auto()
    REJECTED = auto()
    """Refused because of what was asked: nothing changed, and nothing will until the request changes."""
    UNAUTHORIZED = auto()
    FORBIDDEN = auto()
    RATE_LIMITED = auto()
    SERVER_ERROR = auto()
    """Answered with a 5xx, or in a form that says nothing: a write may have happened or not."""
    UNREACHABLE = auto()
    """No complete answer: a write may have happened or not."""
    CIRCUIT_OPEN = auto()
    """Not sent: the connection failed several times in a row, and only probes go out until one succeeds."""


UNKNOWN_OUTCOME = frozenset({Verdict.SERVER_ERROR, Verdict.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class EnvironmentOutcome:
    """What a write reported for one environment."""

    name: str
    success: bool
    message: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a write reported of its deployment."""

    success: bool
    message: str
    environments: tuple[EnvironmentOutcome, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the environments that failed."""
        return tuple(item.name for item in self.environments if not item.success)

    @property
    def lacks(self) -> str | None:
        """Where it did not come through, for people; None when everywhere."""
        if self.failed:
            return ", ".join(sorted(self.failed))
        return None if self.success else "every environment"


@dataclass(frozen=True, slots=True)
class Answer:
    """One call's result. `text` is fit to be shown: shortened and free of secrets. `retry_after` is in seconds."""

    verdict: Verdict
    text: str = ""
    http_status: int | None = None
    code: str | None = None
    retry_after: float | None = None
    deployment: Deployment | None = None
    local: bool = False
    """Whether nothing was sent: earlier answers hold the connection's calls back."""


@dataclass(frozen=True, slots=True)
class EnvironmentEntry:
    """One environment as the list of environments shows it."""

    name: str
    type: str | None = None
    status: str | None = None


_ABOUT_PROJECT = re.compile(r"\s*project\b", re.IGNORECASE)
_JWK_MISSING = re.compile(r"JWK \(name: .*\) is not found!", re.DOTALL)


def classify_error(status: int, description: str, *, creates: bool) -> Verdict:
    """Say how an error answer is to be treated (Apinizer Management API, page on errors).

    `creates`: whether the call was a create, where "is not found" speaks of a certificate or key, not of the JWK.
    """
    if status == 401:
        return Verdict.UNAUTHORIZED
    if status == 403:
        return Verdict.FORBIDDEN
    if status == 429:
        return Verdict.RATE_LIMITED
    if status == 409 or (status == 400 and "already exist" in description):
        return Verdict.EXISTS
    if status == 404:
        project = _ABOUT_PROJECT.match(description) or creates
        return Verdict.PROJECT_MISSING if project else Verdict.MISSING
    if status == 400 and description.startswith("Project not found"):
        return Verdict.PROJECT_MISSING
    if status == 400 and not creates and _JWK_MISSING.search(description):
        return Verdict.MISSING
    if 400 <= status < 500 and status != 408:
        return Verdict.REJECTED
    return Verdict.SERVER_ERROR


def read_deployment(body: dict[str, Any]) -> Deployment | None:
    """Read `deploymentResult` of an answer; None when it is absent or not of the documented form."""
    result = body.get("deploymentResult")
    if not isinstance(result, dict):
        return None
    items = result.get("environmentResults")
    outcomes = tuple(
        EnvironmentOutcome(str(item["environmentName"]), item.get("success") is True, str(item.get("message") or ""))
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and item.get("environmentName")
    )
    return Deployment(result.get("success") is True, str(result.get("message") or ""), outcomes)


def read_list(body: dict[str, Any]) -> dict[str, RemoteEntry] | None:
    """Read a project's list into entries by name; None when it is not of the documented form."""
    items = body.get("resultList")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    if not all(isinstance(item.get("name"), str) for item in items):
        return None
    return {
        item["name"]: RemoteEntry(
            description=str(item.get("description") or ""),
            source_type=str(item.get("sourceType") or ""),
            source_url=_text(item.get("sourceUrl")),
            type=_text(item.get("type")),
            kid=_text(item.get("kid")),
        )
        for item in items
    }


def read_environments(body: dict[str, Any]) -> tuple[EnvironmentEntry, ...] | None:
    """Read the environments of a project, in order of their names; None when they are not of the documented form."""
    items = body.get("resultList")
    if not isinstance(items, list) or not all(isinstance(item, dict) and _text(item.get("name")) for item in items):
        return None
    entries = {
        str(item["name"]): EnvironmentEntry(str(item["name"]), _text(item.get("type")), _text(item.get("status")))
        for item in items
    }
    return tuple(entries[name] for name in sorted(entries))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
