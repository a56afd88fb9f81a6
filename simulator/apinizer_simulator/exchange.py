"""One request: which call of the contract it is, and what it names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from .errors import ApiError, bad_request, not_found
from .keys import strict_json

_PROJECTS = ("apiops", "projects", "{project}", "jwks")

#: Every call of the contract; an empty last segment is a trailing slash.
CALLS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("create", "POST", (*_PROJECTS, "")),
    ("list", "GET", (*_PROJECTS, "")),
    ("update", "PUT", (*_PROJECTS, "{name}", "")),
    ("delete", "DELETE", (*_PROJECTS, "{name}", "")),
    ("get", "GET", (*_PROJECTS, "{name}", "")),
    ("generate", "POST", (*_PROJECTS, "generate")),
    ("token", "POST", ("apiops", "auth", "token")),
    ("environments", "GET", ("apiops", "environments", "{project}")),
)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass
class Exchange:
    """A request as it arrived, routed on its raw path (each segment is decoded once)."""

    method: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    call: str = "unknown"
    project: str | None = None
    path_name: str | None = None
    refusal: ApiError | None = None

    def __post_init__(self) -> None:
        try:
            self._route()
        except ApiError as error:
            self.refusal = error

    def _route(self) -> None:
        segments = self.raw_path.removeprefix("/").split("/")
        for call, method, pattern in CALLS:
            if method == self.method and _fits(pattern, segments):
                self.call = call
                found = {mark: decode(raw) for mark, raw in zip(pattern, segments, strict=True) if mark[:1] == "{"}
                self.project, self.path_name = found.get("{project}"), found.get("{name}")
                return self._check(found)
        raise not_found(self.method, self.path)

    def _check(self, found: Mapping[str, str]) -> None:
        if found.get("{project}") == "":
            raise bad_request("projectName value can not be empty!")
        if found.get("{name}") == "":
            raise bad_request("JWK name can not be empty!")
        if self.query:
            raise ApiError(400, "invalid_parameter", "The call has no query parameters")

    @property
    def path(self) -> str:
        """The decoded path, for people and for matching."""
        return unquote_to_bytes(self.raw_path).decode("utf-8", "replace")

    @property
    def content_type(self) -> str:
        """The media type of the body, without its parameters."""
        return self.headers.get("Content-Type", "").split(";")[0].strip().lower()

    @property
    def document(self) -> Any:
        """The body as JSON; None when it is not."""
        try:
            return strict_json(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def names(self) -> tuple[str, ...]:
        """The JWK names in the path and the body."""
        document = self.document if self.call in ("create", "update", "generate") else None
        inner = document.get("name") if isinstance(document, dict) else None
        return tuple(name for name in (self.path_name, inner) if isinstance(name, str))

    def json_body(self) -> dict[str, Any]:
        """The body, which has to be a JSON object of that content type."""
        if self.content_type != "application/json":
            raise bad_request("Content-Type must be application/json!")
        document = self.document
        if not isinstance(document, dict):
            raise bad_request("Request body must be a JSON object!")
        return document


def split_target(target: str) -> tuple[str, str]:
    """Path and query of a request target, in origin or absolute form (RFC 9112 section 3.2)."""
    if not target.startswith("/"):
        parts = urlsplit(target)
        return parts.path or "/", parts.query
    path, _, query = target.partition("?")
    return path, query


def decode(segment: str) -> str:
    """A percent-decoded path segment; ``+`` is itself (RFC 3986)."""
    if _BROKEN_ESCAPE.search(segment):
        raise bad_request("Path is not valid: broken percent-encoding!")
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError as error:
        raise bad_request("Path is not valid: it is not UTF-8!") from error


def _fits(pattern: tuple[str, ...], segments: list[str]) -> bool:
    pairs = zip(pattern, segments, strict=False)
    return len(pattern) == len(segments) and all(mark[:1] == "{" or mark == raw for mark, raw in pairs)
