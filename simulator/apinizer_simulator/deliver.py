"""Answers on the wire, sound or as a fault wants them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from .errors import ApiError
from .faults import Fault
from .recorder import Record

Perform = Callable[[Mapping[str, str]], Awaitable[dict[str, Any]]]
GARBAGE = "<html><head><title>Maintenance</title></head><body>Please come back later</body></html>"
_CHUNK = 65536


@dataclass
class Answer:
    """Status, body and headers; a dict or list is sent as JSON."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        """The answer as aiohttp sends it."""
        if isinstance(self.body, str):
            return web.Response(status=self.status, text=self.body, headers=self.headers)
        text = json.dumps(self.body)
        return web.Response(status=self.status, text=text, content_type="application/json", headers=self.headers)


class Delivery:
    """Carries one request out and answers it."""

    def __init__(self, request: web.BaseRequest, record: Record, perform: Perform, closing: asyncio.Event) -> None:
        self._request = request
        self._record = record
        self._perform = perform
        self._closing = closing

    async def send(self, fault: Fault | None) -> web.StreamResponse:
        """The answer; with a fault, the one that the fault wants."""
        if fault is None:
            return self._sound(await self._act())
        self._record.fault = fault.id
        return await _SENDERS[fault.kind](self, fault)

    async def _act(self, broken: Mapping[str, str] | None = None) -> Answer:
        try:
            body = await self._perform(broken or {})
        except ApiError as error:
            return Answer(error.status, error.body)
        self._record.acted = True
        return Answer(200, body)

    def _sound(self, answer: Answer) -> web.Response:
        self._record.status = answer.status
        return answer.response()

    async def _instead(self, fault: Fault, answer: Answer) -> web.StreamResponse:
        if fault.act:
            await self._act()
        return self._sound(answer)

    async def _status(self, fault: Fault) -> web.StreamResponse:
        spec = fault.spec
        default = {"error": "internal_error", "error_description": _UNEXPECTED}
        return await self._instead(fault, Answer(spec["status"], spec.get("body", default), spec.get("headers", {})))

    async def _rate_limit(self, fault: Fault) -> web.StreamResponse:
        after, header = fault.spec.get("retry_after"), fault.spec.get("header")
        body = {"error": "rate_limit_exceeded", "error_description": "Rate limit exceeded. Please try again later."}
        more = {} if after is None else {"retry_after": after}
        headers = {} if header is None else {"Retry-After": str(header)}
        return await self._instead(fault, Answer(429, {**body, **more}, headers))

    async def _garbage(self, fault: Fault) -> web.StreamResponse:
        return await self._instead(fault, Answer(200, GARBAGE, {"Content-Type": "text/html"}))

    async def _redirect(self, fault: Fault) -> web.StreamResponse:
        headers = {"Location": fault.spec["location"]}
        return await self._instead(fault, Answer(fault.spec.get("status", 302), "", headers))

    async def _delay(self, fault: Fault) -> web.StreamResponse:
        if fault.spec.get("act_first", False):
            answer = await self._act()
            await self._wait(fault.spec["seconds"])
        else:
            await self._wait(fault.spec["seconds"])
            answer = await self._act()
        return self._sound(answer)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return

    async def _environment(self, fault: Fault) -> web.StreamResponse:
        message = fault.spec.get("message", "Deployment failed")
        return self._sound(await self._act({fault.spec["environmentName"]: message}))

    async def _hang(self, fault: Fault) -> web.StreamResponse:
        if fault.act:
            await self._act()
        while self._connected() and not self._closing.is_set():
            await self._wait(0.02)
        return self._cut()

    async def _drop(self, fault: Fault) -> web.StreamResponse:
        if fault.act:
            await self._act()
        return self._cut()

    async def _truncate(self, fault: Fault) -> web.StreamResponse:
        answer = await self._act() if fault.act else Answer(200, {"success": True})
        self._record.status = answer.status
        text = json.dumps(answer.body).encode()
        response = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
        response.content_length = len(text)
        await response.prepare(self._request)
        await response.write(text[: len(text) // 2])
        self._cut()
        return response

    async def _huge(self, fault: Fault) -> web.StreamResponse:
        if fault.act:
            await self._act()
        self._record.status = 200
        left = fault.spec["bytes"] - len('{"success": true}')
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(self._request)
        await response.write(b'{"success": true')
        while left > 0:
            await response.write(b" " * min(left, _CHUNK))
            left -= _CHUNK
        await response.write(b"}")
        return response

    def _connected(self) -> bool:
        transport = self._request.transport
        return transport is not None and not transport.is_closing()

    def _cut(self) -> web.Response:
        if self._request.transport is not None:
            self._request.transport.close()
        return web.Response()


_UNEXPECTED = "An unexpected error occurred. Please try again later."
_SENDERS: Mapping[str, Callable[[Delivery, Fault], Awaitable[web.StreamResponse]]] = {
    "status": Delivery._status,
    "delay": Delivery._delay,
    "hang": Delivery._hang,
    "drop": Delivery._drop,
    "truncate": Delivery._truncate,
    "garbage": Delivery._garbage,
    "rate_limit": Delivery._rate_limit,
    "environment": Delivery._environment,
    "redirect": Delivery._redirect,
    "huge": Delivery._huge,
}
