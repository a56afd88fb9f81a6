"""The one door for every request of an operator in this process: where a pass can be held, killed or disturbed.

The product has no switch for this: the two functions that every request goes through are wrapped from outside, and a
context variable tells which of several operators is asking. Whoever asks outside of an operator is let through.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal
from unittest import mock

import jwk_operator.apinizer.client
import jwk_operator.apinizer.transport
from jwk_operator.kube.client import ApiUnavailableError, KubeClient

Moment = Literal["before", "after"]


class CrashError(BaseException):
    """The process is dead; not an Exception, so that nothing in it goes on."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A place in a pass: the n-th request, just before it is sent or when its answer is there."""

    number: int
    moment: Moment


@dataclass(slots=True)
class Gate:
    """The door of one operator. `told` hears of each request to Apinizer that was answered or cut off."""

    told: Callable[[], None]
    dead: bool = False
    stop: Stop | None = None
    holding: bool = False
    kube_writes: int = 0
    kube_fault: Moment | None = None
    """The API server does not answer the next write, which it carries out (`after`) or not (`before`)."""
    _number: int = 0
    _go_on: asyncio.Event = field(default_factory=asyncio.Event)
    when_held: Callable[[], None] = lambda: None

    def arm(self, stop: Stop | None) -> None:
        """Have the pass that follows held somewhere, or nowhere."""
        self.stop, self._number = stop, 0

    def release(self) -> None:
        """Let the pass that is held go on, or end if the operator is dead by now."""
        self.stop, self.holding = None, False
        self._go_on.set()
        self._go_on = asyncio.Event()

    async def request_kube(self, method: str, send: Callable[[], Awaitable[Any]]) -> Any:
        """Send a request to the API server."""
        if method == "GET":
            return await self._through(send)
        return await self._through(functools.partial(self._write_kube, send))

    async def _write_kube(self, send: Callable[[], Awaitable[Any]]) -> Any:
        self.kube_writes += 1
        fault, self.kube_fault = self.kube_fault, None
        if fault == "before":
            raise ApiUnavailableError("the story lost a request")
        answer = await send()
        if fault == "after":
            raise ApiUnavailableError("the story lost an answer")
        return answer

    async def request_apinizer(self, send: Callable[[], Awaitable[Any]]) -> Any:
        """Send a request to Apinizer."""

        async def told() -> Any:
            try:
                return await send()
            finally:
                self.told()

        return await self._through(told)

    async def _through(self, send: Callable[[], Awaitable[Any]]) -> Any:
        self._number += 1
        stop = self.stop if self.stop and self.stop.number == self._number else None
        if stop and stop.moment == "before":
            await self._hold()
        self._check()
        try:
            return await send()
        finally:
            if stop and stop.moment == "after":
                await self._hold()
            self._check()

    async def _hold(self) -> None:
        self.holding = True
        self.when_held()
        await self._go_on.wait()

    def _check(self) -> None:
        if self.dead:
            raise CrashError


entered: ContextVar[Gate | None] = ContextVar("entered", default=None)
"""The door of the operator that is running."""


@contextmanager
def doors() -> Iterator[None]:
    """Wrap both clients while the context is open. TLS contexts are made once, as that takes longest of all."""
    apinizer: Any = jwk_operator.apinizer.client
    transport: Any = jwk_operator.apinizer.transport
    exchange, request, tls = apinizer.exchange, KubeClient._request, transport.tls_context

    async def guarded_exchange(*arguments: Any) -> Any:
        gate = entered.get()
        if gate is None:
            return await exchange(*arguments)
        return await gate.request_apinizer(lambda: exchange(*arguments))

    async def guarded_request(self: KubeClient, method: str, path: str, **options: Any) -> Any:
        gate = entered.get()
        if gate is None:
            return await request(self, method, path, **options)
        return await gate.request_kube(method, lambda: request(self, method, path, **options))

    @functools.cache
    def context(_address: str) -> ssl.SSLContext:
        return ssl.create_default_context()

    def one_context(endpoint: Any) -> ssl.SSLContext:
        return tls(endpoint) if endpoint.ca_pem else context(endpoint.address)

    with (
        mock.patch.object(apinizer, "exchange", guarded_exchange),
        mock.patch.object(KubeClient, "_request", guarded_request),
        mock.patch.object(transport, "tls_context", one_context),
    ):
        yield
