"""Calls of the Management API that the operator makes. The call that returns key material is not among them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from jwk_operator.api.remote import RemoteEntry
from jwk_operator.apinizer.answers import (
    Answer,
    Deployment,
    EnvironmentEntry,
    Verdict,
    classify_error,
    read_deployment,
    read_environments,
    read_list,
)
from jwk_operator.apinizer.auth import IssuedAuth, IssuedToken, IssuedTokens, NoTokenError, StaticAuth
from jwk_operator.apinizer.budget import Budget, Urgency
from jwk_operator.apinizer.credentials import ClientCredentials, Credential
from jwk_operator.apinizer.gate import RATE_LIMITED, Gate
from jwk_operator.apinizer.limits import MOST_BYTES, MOST_BYTES_OF_LIST
from jwk_operator.apinizer.scrub import presentable
from jwk_operator.apinizer.term import MayWrite, always
from jwk_operator.apinizer.token_call import of_token_call, read_token, token_request
from jwk_operator.apinizer.transport import (
    TRANSPORT_ERRORS,
    Endpoint,
    Proxy,
    Wrap,
    as_it_is,
    exchange,
    explain,
    new_request,
    open_client,
)

DEFAULT_RETRY_AFTER = 5.0
LONGEST_RETRY_AFTER = 3600.0


class CallObserver(Protocol):
    """Told of every call: its name, the HTTP method and status (0: no answer) and how many seconds it took."""

    def __call__(self, call: str, method: str, status: int, seconds: float) -> None: ...


class RetiredError(Exception):
    """A client sends nothing more, as its connection or Secret has changed: another one has taken its place."""


class ManagementClient:
    """One connection to a manager with one credential; shared by everything that uses the connection.

    Every method returns an `Answer` or a value, and raises nothing for what the network or the manager may do. Once it
    was retired, they raise `RetiredError` for what is not sent yet: the token may be one that was withdrawn.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credential: Credential,
        observer: CallObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
        gate: Gate | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        may_write: MayWrite = always,
        wrap: Wrap = as_it_is,
    ) -> None:
        """Open a client. Raises ssl.SSLError when the endpoint's `ca_pem` holds no certificate."""
        self.endpoint = endpoint
        self.credential = credential
        self._auth = (
            IssuedAuth(IssuedTokens(partial(self._issue, credential), clock, now))
            if isinstance(credential, ClientCredentials)
            else StaticAuth(credential)
        )
        self._http = open_client(endpoint, may_write, wrap)
        self.gate = gate or Gate(Budget(endpoint.max_concurrent_requests), clock)
        self._observe = observer
        self.on_response: Callable[[httpx.Response], None] = lambda _: None
        """Called with every answer, for what its headers say besides."""
        self._clock = clock
        self._root = f"{endpoint.address}/apiops"
        self._users = 0
        self._retired = False

    @property
    def token_expires_at(self) -> datetime | None:
        """When the token in use ends, where that is known."""
        return self._auth.expires_at

    async def list_jwks(self, project: str, urgency: Urgency = Urgency.USER) -> Answer | dict[str, RemoteEntry]:
        """GET the project's list: entries by name, or the answer that came instead."""
        answer, body = await self._call("list", project, "GET", _path(project), urgency=urgency)
        if answer.verdict in (Verdict.MISSING, Verdict.EXISTS, Verdict.REJECTED):
            return replace(answer, verdict=Verdict.PROJECT_MISSING)  # a list is about nothing but its project
        if answer.verdict is not Verdict.OK:
            return answer
        entries = read_list(body)
        if entries is None:
            return replace(answer, verdict=Verdict.SERVER_ERROR, text="the list is not of the documented form")
        return entries

    async def environments(self, project: str, *, probe: bool = False) -> Answer | tuple[EnvironmentEntry, ...]:
        """GET the project's environments, or return the answer that came instead.

        As a probe it goes out although calls are held back, except during a pause that Apinizer asked for.
        """
        path = f"/environments/{quote(project, safe='')}"
        if not probe:
            answer, body = await self._call("environments", project, "GET", path)
        elif (wait := self.gate.pause()) > 0:
            return Answer(Verdict.RATE_LIMITED, RATE_LIMITED, retry_after=wait, local=True)
        else:
            with self._in_use(), self.gate.probing():
                answer, body = await self._send_and_learn("environments", "GET", path)
        if answer.verdict in (Verdict.MISSING, Verdict.EXISTS, Verdict.REJECTED):
            return replace(answer, verdict=Verdict.PROJECT_MISSING)  # this call, too, is about nothing but its project
        if answer.verdict is not Verdict.OK:
            return answer
        found = read_environments(body)
        if found is None:
            return replace(answer, verdict=Verdict.SERVER_ERROR, text="the environments are not of the documented form")
        return found

    async def create(self, project: str, body: Mapping[str, Any], secrets: Iterable[str] = ()) -> Answer:
        """POST a JWK. `body` is the create request; `secrets` are the private values in it, for scrubbing."""
        return await self._write("create", project, "POST", _path(project), body, secrets)

    async def generate(self, project: str, body: Mapping[str, Any]) -> Answer:
        """POST the generate request `body`: Apinizer makes the key. Nothing but the deployment comes back."""
        return await self._write("generate", project, "POST", f"{_path(project)}generate", body)

    async def update(
        self,
        project: str,
        name: str,
        description: str,
        new_name: str | None = None,
        urgency: Urgency = Urgency.USER,
        secrets: Iterable[str] = (),
    ) -> Answer:
        """PUT the description, and the new name if one is given. `secrets` are what an error must not repeat.

        Every update also deploys again and cuts the link to a source.
        """
        renamed = {} if new_name is None else {"name": new_name}
        body = {**renamed, "description": description}
        return await self._write("update", project, "PUT", _path(project, name), body, secrets, urgency)

    async def delete(self, project: str, name: str, secrets: Iterable[str] = ()) -> Answer:
        """DELETE a JWK everywhere. `secrets` are what an error must not repeat."""
        return await self._write("delete", project, "DELETE", _path(project, name), None, secrets)

    def retire(self) -> None:
        """Send nothing more, and close the client as soon as no call is under way."""
        self._retired = True
        if self._users == 0:
            self._close_later()

    async def aclose(self) -> None:
        """Close the client now."""
        await self._http.aclose()

    async def _write(
        self,
        call: str,
        project: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        secrets: Iterable[str] = (),
        urgency: Urgency = Urgency.USER,
    ) -> Answer:
        answer, content = await self._call(call, project, method, path, body, secrets, urgency)
        if answer.verdict is not Verdict.OK:
            return answer
        return replace(answer, deployment=self._deployment(content, secrets))

    def _deployment(self, content: dict[str, Any], secrets: Iterable[str]) -> Deployment | None:
        found = read_deployment(content)
        if found is None:
            return None
        # An environment named twice would make the status invalid, whose list is a map by this name.
        outcomes = {
            (name := self._presentable(item.name, secrets)): replace(
                item, name=name, message=self._presentable(item.message, secrets)
            )
            for item in found.environments
        }
        return Deployment(found.success, self._presentable(found.message, secrets), tuple(outcomes.values()))

    async def _call(
        self,
        call: str,
        project: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        secrets: Iterable[str] = (),
        urgency: Urgency = Urgency.USER,
    ) -> tuple[Answer, dict[str, Any]]:
        with self._in_use():
            if self.gate.is_probe_due(self.credential):
                await self.environments(project, probe=True)
            held = self.gate.held(self.credential)
            if held is not None:
                return held, {}
            async with self.gate.budget.turn(urgency):
                self._ask_whether_retired()  # what was learned while this call waited for its turn
                held = self.gate.held(self.credential)
                if held is not None:
                    return held, {}
                return await self._send_and_learn(call, method, path, body, secrets)

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        self._ask_whether_retired()
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if self._retired and self._users == 0:
                self._close_later()

    def _ask_whether_retired(self) -> None:
        if self._retired:
            raise RetiredError

    async def _send_and_learn(
        self,
        call: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        secrets: Iterable[str] = (),
    ) -> tuple[Answer, dict[str, Any]]:
        sent = self._clock()
        answer, content = await self._send(call, method, path, body, tuple(secrets))
        self.gate.learn(self.credential, answer, sent=sent, writes=method != "GET")
        return answer, content

    async def _send(
        self, call: str, method: str, path: str, body: Mapping[str, Any] | None, secrets: tuple[str, ...]
    ) -> tuple[Answer, dict[str, Any]]:
        request = new_request(self.endpoint, method, self._root + path, body)
        most = MOST_BYTES_OF_LIST if call == "list" else MOST_BYTES
        started = time.monotonic()
        try:
            await self._auth.prepare()  # with a time limit of its own, so that it is told which of the calls failed
            response, content = await exchange(self._http, request, self.endpoint, self._auth, most)
        except NoTokenError as error:
            return error.answer, {}
        except TRANSPORT_ERRORS as error:
            self._told(call, request, 0, started)
            return Answer(Verdict.UNREACHABLE, explain(error, self.endpoint)), {}
        self._told(call, request, response.status_code, started)
        self.on_response(response)
        return self._interpret(call, response, content, secrets)

    def _interpret(
        self, call: str, response: httpx.Response, content: bytes, secrets: tuple[str, ...]
    ) -> tuple[Answer, dict[str, Any]]:
        status, body = response.status_code, _json_object(content)
        if status == 200 and body is not None and body.get("success") is True:
            return Answer(Verdict.OK, http_status=status), body
        if status == 407:
            why = f"the proxy wants other credentials; check {(self.endpoint.proxy or Proxy('')).auth_place}"
            return Answer(Verdict.SERVER_ERROR, why, status), {}
        if 200 <= status < 400:
            where = "elsewhere (a redirect)" if status >= 300 else "in a form that is not documented"
            return Answer(Verdict.SERVER_ERROR, f"Apinizer answered {status} {where}", status), {}
        code = _text(body, "error")
        description = _text(body, "error_description") or ""
        verdict = classify_error(status, description, creates=call in _CREATING)
        if code is None and verdict not in _CREDIBLE_BARE:
            verdict = Verdict.SERVER_ERROR  # not Apinizer's own answer, but that of something on the way to it
        shown = self._presentable(_with_fields(description, body) or code or "no explanation was given", secrets)
        answer = Answer(verdict, shown, status, self._presentable(code, secrets) if code else None)
        if verdict is Verdict.RATE_LIMITED:
            delay = retry_after(response.headers.get("retry-after"), body)
            answer = replace(answer, text=RATE_LIMITED, retry_after=delay)
        return answer, {}

    async def _issue(self, credential: ClientCredentials) -> IssuedToken:
        """Make the token call. Raises `NoTokenError` with what it came to, as the answer of the call that needs it."""
        request = token_request(self._http, self._root, credential)
        started = time.monotonic()
        try:
            response, content = await exchange(self._http, request, self.endpoint, None, MOST_BYTES)
        except TRANSPORT_ERRORS as error:
            self._told("token", request, 0, started)
            text = f"the token call failed: {explain(error, self.endpoint)}"
            raise NoTokenError(Answer(Verdict.UNREACHABLE, text)) from None
        self._told("token", request, response.status_code, started)
        self.on_response(response)
        issued = read_token(response.status_code, content)
        if issued is not None:
            return issued
        answer, _ = self._interpret("token", response, content, ())
        raise NoTokenError(of_token_call(answer))

    def _presentable(self, text: str, secrets: Iterable[str]) -> str:
        return presentable(text[:4000], (*self.credential.secrets, *self._auth.secrets, *secrets))

    def _told(self, call: str, request: httpx.Request, status: int, started: float) -> None:
        if self._observe is not None:
            self._observe(call, request.method, status, time.monotonic() - started)

    def _close_later(self) -> None:
        task = asyncio.get_running_loop().create_task(self._http.aclose())
        _closing.add(task)
        task.add_done_callback(_closing.discard)


_CREDIBLE_BARE = (Verdict.UNAUTHORIZED, Verdict.FORBIDDEN, Verdict.RATE_LIMITED)
"""Refusals that are believed without Apinizer's error object: a proxy's, too, keeps the call from being carried out."""

_CREATING = ("create", "generate")
_closing: set[asyncio.Task[None]] = set()


def retry_after(header: str | None, body: Mapping[str, Any] | None) -> float:
    """Seconds to pause after a 429: the larger of the header's and the body's, five where neither can be read."""
    given = [_seconds(header), _until(header), _seconds((body or {}).get("retry_after"))]
    known = [seconds for seconds in given if seconds is not None]
    return min(max(known), LONGEST_RETRY_AFTER) if known else DEFAULT_RETRY_AFTER


def _seconds(value: object) -> float | None:
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _until(header: str | None) -> float | None:
    """Seconds until the date that a Retry-After header may hold instead of a number (RFC 9110 section 10.2.3)."""
    try:
        when = parsedate_to_datetime(header or "")
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (when - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _path(project: str, name: str | None = None) -> str:
    path = f"/projects/{quote(project, safe='')}/jwks/"
    return path if name is None else f"{path}{quote(name, safe='')}/"


def _json_object(content: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _text(body: Mapping[str, Any] | None, name: str) -> str | None:
    value = (body or {}).get(name)
    return value if isinstance(value, str) and value else None


def _with_fields(description: str, body: Mapping[str, Any] | None) -> str:
    errors = (body or {}).get("validation_errors")
    details = [
        f"{item.get('field')}: {item.get('message')}"
        for item in (errors if isinstance(errors, list) else [])
        if isinstance(item, dict)
    ]
    return f"{description} ({'; '.join(details)})" if details else description
