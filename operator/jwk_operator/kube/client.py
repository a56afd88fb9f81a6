"""Requests to the API server: lean, asynchronous, one keep-alive session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp
from pydantic_core import from_json

from jwk_operator.api.base import GROUP, VERSION
from jwk_operator.apinizer.term import MayWrite, NotLeaderError, always

Raw = dict[str, Any]

_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
_WATCH_TIMEOUT = aiohttp.ClientTimeout(total=330, sock_connect=5, sock_read=90)
_CHUNK = 100
"""Objects in a chunk of a list. Decoded, one as it comes takes ten times what is kept of it."""
_AT_ONCE = 16
"""Requests on their way, watches aside. Each needs a connection, and with TLS each connection has buffers of 270 KB."""
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class ApiError(Exception):
    """The API server refused a request. `status` is the HTTP status; the text is the server's own message."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}" if reason or message else f"the API server answers {status}")
        self.status = status
        self.reason = reason


class ApiUnavailableError(Exception):
    """No answer from the API server, or one that says "later"; the request may be repeated."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A resource of the API server as its paths need it."""

    group: str
    version: str
    plural: str

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the path of a collection or, with `name`, of one object or its subresource."""
        parts = ["api", self.version] if not self.group else ["apis", self.group, self.version]
        parts += ["namespaces", namespace] if namespace else []
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/" + "/".join(quote(part, safe="") for part in parts)


JWKS = Kind(GROUP, VERSION, "jwks")
CONNECTIONS = Kind(GROUP, VERSION, "apinizerconnections")
CLUSTER_CONNECTIONS = Kind(GROUP, VERSION, "clusterapinizerconnections")
SECRETS = Kind("", "v1", "secrets")
CONFIG_MAPS = Kind("", "v1", "configmaps")
NAMESPACES = Kind("", "v1", "namespaces")
EVENTS = Kind("", "v1", "events")


class ObjectClient(Protocol):
    """Requests for single objects: what a writer needs of the API server, or of what stands in for it."""

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Raw:
        """Return one object."""

    async def merge_patch(
        self, kind: Kind, namespace: str, name: str, patch: Raw, subresource: str | None = None
    ) -> Raw:
        """Apply a merge patch and return the object as it is then."""

    async def create(self, kind: Kind, namespace: str, body: Raw) -> Raw:
        """Create an object and return it."""


class KubeClient:
    """What the operator asks of the API server. Every method raises `ApiError` or `ApiUnavailableError`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        server: str,
        may_write: MayWrite = always,
        asked: Callable[[str], None] = lambda _: None,
    ) -> None:
        """While `may_write` says no, a request that could change something raises `NotLeaderError`.

        `asked` is told the path of each watch that is asked for.
        """
        self.may_write = may_write
        self._asked = asked
        self._session = session
        self._server = server.rstrip("/")
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Raw:
        """Return one object."""
        return await self._request("GET", kind.path(namespace, name))

    async def list(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        metadata_only: bool = False,
        selector: str | None = None,
        name: str | None = None,
    ) -> AsyncIterator[tuple[list[Raw], str]]:
        """Yield the objects of a namespace, or of the whole cluster for None, in chunks with the list's version.

        With `selector` those with these labels, with `name` that one. A chunk is emptied when the next one is asked
        for.
        """
        params = {"limit": str(_CHUNK), **_selection(selector, name)}
        headers = {"Accept": _METADATA_LIST} if metadata_only else None
        while True:
            answer = await self._request("GET", kind.path(namespace), params=params, headers=headers)
            items, metadata = answer.pop("items", None) or [], answer["metadata"]
            yield items, metadata["resourceVersion"]
            items.clear()  # not to be held while the next chunk comes in
            token = metadata.get("continue")
            if not token:
                return
            params["continue"] = token

    async def watch(
        self,
        kind: Kind,
        namespace: str | None,
        version: str,
        *,
        metadata_only: bool = False,
        selector: str | None = None,
        name: str | None = None,
    ) -> AsyncIterator[Raw]:
        """Yield the events after a version, bookmarks included, until the server ends the watch or falls silent.

        An object that the selector does not select any more is told of as deleted.
        """
        params = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version, "timeoutSeconds": "300"}
        params |= _selection(selector, name)
        headers = {"Accept": _METADATA} if metadata_only else None
        path = kind.path(namespace)
        self._asked(path)
        try:
            async with self._session.get(
                self._server + path, params=params, headers=headers, timeout=_WATCH_TIMEOUT
            ) as response:
                if response.status != 200:
                    _answer(response.status, await response.read())
                async for line in _lines(response.content):
                    event = _decoded(line)
                    if event["type"] == "ERROR":
                        error = event["object"]
                        raise ApiError(error.get("code", 500), error.get("reason", ""), error.get("message", ""))
                    yield event
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiUnavailableError(f"no answer from the API server ({type(error).__name__})") from error

    async def merge_patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        patch: Raw,
        subresource: str | None = None,
        *,
        manager: str | None = None,
    ) -> Raw:
        """Apply a merge patch (RFC 7396) and return the object as it is then.

        With `metadata.resourceVersion` or `metadata.uid` in the patch it is refused (409) unless they still hold.
        `manager` is the field manager; without it the API server makes one of the User-Agent.
        """
        path, headers = kind.path(namespace, name, subresource), {"Content-Type": "application/merge-patch+json"}
        params = {"fieldManager": manager} if manager else None
        return await self._request("PATCH", path, params=params, body=patch, headers=headers)

    async def create(self, kind: Kind, namespace: str, body: Raw) -> Raw:
        """Create an object and return it."""
        headers = {"Content-Type": "application/json"}
        return await self._request("POST", kind.path(namespace), body=body, headers=headers)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: Raw | None = None,
        headers: dict[str, str] | None = None,
    ) -> Raw:
        if method != "GET" and not self.may_write():
            raise NotLeaderError
        data = None if body is None else _ENCODER.encode(body).encode()
        try:
            async with (
                self._places,
                self._session.request(
                    method, self._server + path, params=params, data=data, headers=headers, timeout=_TIMEOUT
                ) as response,
            ):
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiUnavailableError(f"no answer from the API server ({type(error).__name__})") from error
        return _answer(response.status, content)


def _selection(selector: str | None, name: str | None) -> dict[str, str]:
    """Return the query that chooses objects by their labels or by their name."""
    labels = {"labelSelector": selector} if selector else {}
    return {**labels, "fieldSelector": f"metadata.name={name}"} if name else labels


def _decoded(content: bytes) -> Any:
    """Decode JSON, three times as fast as the standard library. Raises ValueError."""
    return from_json(content, cache_strings="keys")


def _answer(status: int, content: bytes) -> Raw:
    try:
        body = _decoded(content)
    except ValueError:
        body = {}
    if 200 <= status < 300:
        if isinstance(body, dict) and "kind" in body:
            return body
        raise ApiUnavailableError("what answers at the API server's address is none")
    reason = str(body.get("reason", "")) if isinstance(body, dict) else ""
    message = str(body.get("message", "")) if isinstance(body, dict) else ""
    if status == 429 or status >= 500:
        raise ApiUnavailableError(f"the API server answers {status} {reason}".rstrip())
    raise ApiError(status, reason, message)


async def _lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Split a stream into lines of any length; the reader's own method has a limit to them."""
    rest = b""
    async for chunk in stream.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line:
                yield line
