"""What stands in for Apinizer: its lists as they are read, with the announced calls carried out on them in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

from jwk_operator.apinizer.read_only import ReadOnlyError, ReadOnlyTransport, changes_nothing
from jwk_operator.apinizer.transport import Endpoint
from jwk_operator.reconcile.keymaterial import InvalidKeyError, inspect_key

Entry = Mapping[str, Any]
"""One JWK as the project's list shows it."""

_JWKS = re.compile(r"/apiops/projects/([^/]+)/jwks/(generate|(?:([^/]+)/)?)")
_ENVIRONMENTS = re.compile(r"/apiops/environments/[^/]+")


@dataclass(frozen=True, slots=True)
class RemoteCall:
    """A call that would change something. `body` is that of an update call; others may hold a key.

    `name` is that of the JWK before the call, or of the one that is made.
    """

    method: str
    path: str
    name: str
    body: Mapping[str, str] = field(default_factory=dict)
    before: str | None = None
    """The description that the JWK has before it, where it is there."""

    @property
    def renames(self) -> bool:
        """Whether it gives a JWK another name."""
        return "name" in self.body


class Rehearsal:
    """All managers of a plan: what was changed in memory, and by which calls."""

    def __init__(self) -> None:
        self.calls: list[RemoteCall] = []
        self.environments: tuple[str, ...] = ()
        """Those that the coming calls are answered to have been carried out in."""
        self._changes: dict[tuple[str, str], dict[str, Entry | None]] = {}

    def wrap(self, endpoint: Endpoint, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """Return the transport for an endpoint, above the one given: nothing gets through to that but what reads."""
        return _RehearsalTransport(self, endpoint.address, ReadOnlyTransport(transport))

    def changes(self, address: str, project: str) -> dict[str, Entry | None]:
        """Return the JWKs of a project that are not as listed, by name; None for one that is gone."""
        return self._changes.setdefault((address, project), {})


class _RehearsalTransport(httpx.AsyncBaseTransport):
    """Answers as a manager would. Each project is listed once: a plan rests on one state of affairs."""

    def __init__(self, rehearsal: Rehearsal, address: str, inner: httpx.AsyncBaseTransport) -> None:
        self._rehearsal = rehearsal
        self._address = address
        self._inner = inner
        self._listed: dict[str, dict[str, Entry]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request. Raises `ReadOnlyError` for one that no plan needs, such as that for key material."""
        path = request.url.raw_path.decode("ascii")
        found = _JWKS.fullmatch(path)
        if found is not None and request.method == "GET" and not found[2]:
            return await self._list(request, unquote(found[1]))
        if found is not None and request.method != "GET":
            return self._write(request, path, unquote(found[1]), unquote(found[3] or ""))
        token_call = request.method == "POST" and changes_nothing(request)
        if token_call or (request.method == "GET" and _ENVIRONMENTS.fullmatch(path)):
            return await self._inner.handle_async_request(request)
        raise ReadOnlyError(f"a {request.method} that no plan needs was about to leave")

    async def aclose(self) -> None:
        """Close the transport below."""
        await self._inner.aclose()

    async def _list(self, request: httpx.Request, project: str) -> httpx.Response:
        if project not in self._listed:
            response = await self._inner.handle_async_request(request)
            content = await response.aread()
            await response.aclose()
            entries = _entries(response.status_code, content)
            if entries is None:
                return httpx.Response(response.status_code, headers=_kept(response), content=content, request=request)
            self._listed[project] = entries
        return _success(request, resultList=list(self._known(project).values()))

    def _known(self, project: str) -> dict[str, Entry]:
        known: dict[str, Entry | None] = {**self._listed[project], **self._rehearsal.changes(self._address, project)}
        return {name: entry for name, entry in known.items() if entry is not None}

    def _write(self, request: httpx.Request, path: str, project: str, name: str) -> httpx.Response:
        if project not in self._listed:
            raise AssertionError("nothing is changed before the list was seen")
        body = json.loads(request.content or b"{}")
        known = self._known(project)
        shown = body if request.method == "PUT" else {}
        about = name or str(body.get("name"))
        described = str(known[about].get("description") or "") if about in known else None
        self._rehearsal.calls.append(RemoteCall(request.method, path, about, shown, described))
        why = _refusal(request.method, name, body, known)
        if why is not None:
            return httpx.Response(400, json={"error": "bad_request", "error_description": why}, request=request)
        self._rehearsal.changes(self._address, project).update(_changes(request.method, name, body, known))
        done = "Undeploy" if request.method == "DELETE" else "Deploy"
        results = [
            {"environmentName": environment, "success": True, "message": f"{done}ed successfully"}
            for environment in self._rehearsal.environments
        ]
        told = {"success": True, "message": f"{done}ment completed successfully", "environmentResults": results}
        return _success(request, deploymentResult=told)


def _success(request: httpx.Request, **members: Any) -> httpx.Response:
    return httpx.Response(200, json={"success": True, **members}, request=request)


def _kept(response: httpx.Response) -> dict[str, str]:
    """The headers that tell something, once the content was read."""
    return {name: value for name, value in response.headers.items() if name in ("content-type", "retry-after")}


def _entries(status: int, content: bytes) -> dict[str, Entry] | None:
    """Return what a list shows, by name; None where it is none, which the client knows how to take."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    items = body.get("resultList") if status == 200 and isinstance(body, dict) and body.get("success") is True else None
    if not isinstance(items, list) or not all(isinstance(item, dict) and "name" in item for item in items):
        return None
    return {str(item["name"]): item for item in items}


def _refusal(method: str, name: str, body: Mapping[str, str], known: Mapping[str, Entry]) -> str | None:
    """Say why Apinizer would refuse a write, as far as its list tells."""
    wished = body.get("name", name)
    if method == "POST":
        exists = f"JWK (name: {wished}) is already exist! Try update operation if want to change its value."
        return exists if wished in known else None
    if name not in known:
        return f"JWK (name: {name}) is not found!{' Try create operation.' if method == 'PUT' else ''}"
    return f"JWK (name: {wished}) is already exist!" if wished != name and wished in known else None


def _changes(method: str, name: str, body: Mapping[str, str], known: Mapping[str, Entry]) -> dict[str, Entry | None]:
    """Return what a write changes, by name."""
    if method == "DELETE":
        return {name: None}
    if method == "PUT":
        after = {**known[name], **body}
        return {name: None, after["name"]: after}
    return {body["name"]: _created(body)}


def _created(body: Mapping[str, str]) -> Entry:
    """Return what the list is going to show of a JWK, as far as that can be told from the create or generate call."""
    key_type, kid = body.get("type"), body.get("kid")
    if "jwkStr" in body:
        try:
            key = inspect_key(body["jwkStr"], kid)
        except InvalidKeyError:
            raise AssertionError("a key is looked at before it is sent") from None
        key_type, kid = key.type.value, key.kid
    return {
        "name": body["name"],
        "description": body.get("description", ""),
        "sourceType": body.get("sourceType", "GENERATE"),
        "sourceUrl": body.get("url"),
        "type": key_type,
        "kid": kid,
    }
