"""Logging in: the Authorization header of every call, and the token that client credentials are exchanged for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from jwk_operator.apinizer.answers import Answer
from jwk_operator.apinizer.credentials import StaticToken, expiry_of
from jwk_operator.apinizer.scrub import Secret

_AHEAD = 60.0
_AHEAD_PART = 0.2
"""A token is renewed so many seconds before its end, or so large a part of its life before, if that is less."""
_LONGEST_LIFE = timedelta(days=3650).total_seconds()


class NoTokenError(Exception):
    """There is no token to send a call with; `answer` is what the token call came to, in place of that call's own."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("no token")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as the token call answered it; `lifetime` is in seconds, None where it did not say."""

    token: Secret
    lifetime: float | None


class StaticAuth(httpx.Auth):
    """Sends the one token that there is: nothing but a change of the Secret brings another."""

    def __init__(self, credential: StaticToken) -> None:
        self._token = credential.token
        self.expires_at = expiry_of(credential.token)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must not be shown."""
        return (self._token.reveal(),)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Authorize a request."""
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request


class IssuedTokens:
    """Keeps the one token that everybody on a connection shares, and renews it: ahead of its end, and when refused.

    However many wait for a token, one token call is under way.
    """

    def __init__(
        self,
        issue: Callable[[], Awaitable[IssuedToken]],
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        """`issue` makes the token call; it raises `NoTokenError`, which gets through to whoever needs the token."""
        self._issue = issue
        self._clock = clock
        self._now = now
        self._lock = asyncio.Lock()
        self._token: Secret | None = None
        self._renew_at = float("inf")
        self._in_vain = False
        """Whether the token was renewed because of a 403 that did not go away."""
        self.expires_at: datetime | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must not be shown."""
        return (self._token.reveal(),) if self._token else ()

    async def current(self) -> Secret:
        """Return a token that is good for a while. Raises `NoTokenError`."""
        token = self._fresh()
        if token is not None:
            return token
        async with self._lock:
            return self._fresh() or await self._renew()

    async def renewed(self, refused: Secret, *, forbidden: bool) -> Secret | None:
        """Return another token than the refused one; None when a new one would not help either.

        After a 401 there is always one to be had. Rights may come with a new token, too; but where one that was made
        for this reason did not bring them, a thousand resources without permission must not cost a thousand tokens.
        Raises `NoTokenError`.
        """
        async with self._lock:
            if self._token is not None and self._token != refused:
                return self._token
            if not forbidden:
                return await self._renew()
            if self._in_vain:
                return None
            try:
                token = await self._renew()
            except NoTokenError:
                return None  # what counts is the 403
            self._in_vain = True
            return token

    def helped(self) -> None:
        """A renewed token was accepted."""
        self._in_vain = False

    def _fresh(self) -> Secret | None:
        return self._token if self._clock() < self._renew_at else None

    async def _renew(self) -> Secret:
        asked, at = self._clock(), self._now()
        issued = await self._issue()
        self._token, self._in_vain = issued.token, False
        if issued.lifetime is None:
            self._renew_at, self.expires_at = float("inf"), expiry_of(issued.token)
        else:
            life = min(issued.lifetime, _LONGEST_LIFE)
            self._renew_at = asked + life - min(_AHEAD, _AHEAD_PART * life)
            self.expires_at = at + timedelta(seconds=life)
        return issued.token


class IssuedAuth(httpx.Auth):
    """Sends an issued token, and once more another one after a 401 or 403, which kept the call undone."""

    def __init__(self, tokens: IssuedTokens) -> None:
        self._tokens = tokens

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must not be shown."""
        return self._tokens.secrets

    @property
    def expires_at(self) -> datetime | None:
        """When the token in use ends, where that is known."""
        return self._tokens.expires_at

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Authorize a request. Raises `NoTokenError`."""
        token = await self._tokens.current()
        request.headers["Authorization"] = f"Bearer {token.reveal()}"
        response = yield request
        if response.status_code not in (401, 403):
            return
        another = await self._tokens.renewed(token, forbidden=response.status_code == 403)
        if another is None:
            return
        request.headers["Authorization"] = f"Bearer {another.reveal()}"
        response = yield request
        if response.status_code not in (401, 403):
            self._tokens.helped()
