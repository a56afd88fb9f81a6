"""Logging in: the Authorization header of every call, and the token that client credentials are exchanged for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.credentials import StaticToken, expiry_of
from jwk_operator.apinizer.scrub import Secret

_AHEAD = 60.0
_AHEAD_PART = 0.2
"""A token is renewed so many seconds before its end, or so large a part of its life before, if that is less."""
_LONGEST_LIFE = timedelta(days=3650).total_seconds()
_AFTER_FAILURE = 60.0
"""Seconds for which a 403 costs no token call after one that was made for this reason failed."""
_REMEMBERED = 3
"""How many tokens are kept to be masked: a call that was sent with an older one may still be answered."""


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

    async def prepare(self) -> None:
        """Do nothing: the token is there."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Authorize a request."""
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request


class IssuedTokens:
    """Keeps the one token that everybody on a connection shares, and renews it: ahead of its end, and when refused.

    However many wait for a token, one token call is under way, and what it comes to is for all who waited for it.
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
        self._tokens: deque[Secret] = deque(maxlen=_REMEMBERED)
        """The last one is in use."""
        self._renew_at = self._ends_at = float("-inf")
        self._ended = 0
        """How many token calls have ended."""
        self._failure: Answer | None = None
        """What the last one came to, if it brought no token."""
        self._rights_at = float("-inf")
        """From when on a 403 may cost a token call; never again while the last one for this reason was in vain."""
        self.expires_at: datetime | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must not be shown."""
        return tuple(token.reveal() for token in self._tokens)

    @property
    def latest(self) -> Secret | None:
        """Return the token in use, however long it lasts."""
        return self._tokens[-1] if self._tokens else None

    async def current(self) -> Secret:
        """Return a token that is good for a while. Raises `NoTokenError`."""
        token = self._fresh()
        if token is not None:
            return token
        ended = self._ended
        async with self._lock:
            if self._ended == ended:
                await self._renew_ahead()
            return self._fresh() or self._outcome()

    async def renewed(self, refused: Secret, *, forbidden: bool) -> Secret | None:
        """Return another token than the refused one; None when a new one would not help either.

        After a 401 there is always one to be had. Rights may come with a new token, too; but where one that was made
        for this reason did not bring them, a thousand resources without permission must not cost a thousand tokens.
        Raises `NoTokenError`.
        """
        ended = self._ended
        async with self._lock:
            if self.latest is not None and self.latest != refused:
                return self.latest
            if forbidden:
                return await self._renew_for_rights()
            return self._outcome() if self._ended != ended else await self._renew()

    def helped(self) -> None:
        """A renewed token was accepted."""
        self._rights_at = float("-inf")

    def _fresh(self) -> Secret | None:
        return self.latest if self._clock() < self._renew_at else None

    def _outcome(self) -> Secret:
        """Return what the last token call brought. Raises `NoTokenError`."""
        if self._failure is not None or self.latest is None:
            raise NoTokenError(self._failure or Answer(Verdict.UNREACHABLE))
        return self.latest

    async def _renew_ahead(self) -> None:
        """Renew the token; when that fails, the one in use is good until its end, and a while later is soon enough."""
        try:
            await self._renew()
        except NoTokenError:
            self._renew_at = min(self._clock() + _AHEAD / 6, self._ends_at)

    async def _renew_for_rights(self) -> Secret | None:
        if self._clock() < self._rights_at:
            return None
        try:
            token = await self._renew()
        except NoTokenError:
            self._rights_at = self._clock() + _AFTER_FAILURE
            return None  # what counts is the 403
        self._rights_at = float("inf")
        return token

    async def _renew(self) -> Secret:
        asked, at = self._clock(), self._now()
        try:
            issued = await self._issue()
        except NoTokenError as error:
            self._ended, self._failure = self._ended + 1, error.answer
            raise
        self._ended, self._failure = self._ended + 1, None
        self._tokens.append(issued.token)
        self._rights_at = float("-inf")
        if issued.lifetime is None:
            self._renew_at = self._ends_at = float("inf")
            self.expires_at = expiry_of(issued.token)
        else:
            life = min(issued.lifetime, _LONGEST_LIFE)
            self._ends_at = asked + life
            self._renew_at = self._ends_at - min(_AHEAD, _AHEAD_PART * life)
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

    async def prepare(self) -> None:
        """See to it that there is a token, which may take a call of its own. Raises `NoTokenError`."""
        await self._tokens.current()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Authorize a request, for which `prepare` was called. Raises `NoTokenError`."""
        token = self._tokens.latest or await self._tokens.current()
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
