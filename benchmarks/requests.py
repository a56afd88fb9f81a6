"""The API server's audit log, read as it grows: whoever measures must not ask the server that is measured."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from harness.audit import Request, read

_POLL = 0.25


class Requests:
    """All requests so far of one user, or of everybody for an empty name."""

    def __init__(self, log: Path, user: str = "") -> None:
        self._log = log
        self._user = user
        self._end = 0
        self._found: list[Request] = []

    def found(self) -> list[Request]:
        """Return the requests that the log has by now, oldest answer first."""
        more, self._end = read(self._log, self._end, self._user)
        self._found += more
        return self._found

    def since(self, start: int) -> list[Request]:
        """Return the requests after the first `start` ones."""
        return self.found()[start:]

    def wait(self, start: int, holds: Callable[[Request], bool], count: int, seconds: float) -> list[Request]:
        """Wait until there was a request that fits about each of so many JWKs after the first `start` requests.

        Return the first about each, oldest first. Raises AssertionError after the time.
        """
        deadline = time.monotonic() + seconds
        first: dict[str, Request] = {}
        looked = start
        while True:
            for request in self.since(looked):
                if holds(request):
                    first.setdefault(request.name, request)
            looked = len(self._found)
            if len(first) >= count:
                return list(first.values())[:count]
            if time.monotonic() > deadline:
                raise AssertionError(f"gave up waiting for {count} JWKs, of {kinds(self._found[start:])}")
            time.sleep(_POLL)  # coarse, as a look takes the cores' time, and what counts are the times in the log


def is_report(request: Request) -> bool:
    """Whether a request is the patch of a JWK's status."""
    return request.verb == "patch" and request.resource == "jwks/status"


def is_claim_or_release(request: Request) -> bool:
    """Whether a request is the patch of a JWK that is none of its status."""
    return request.verb == "patch" and request.resource == "jwks"


def about_jwks(request: Request) -> bool:
    """Whether it is about one JWK or many, or about the status of one."""
    return request.resource.partition("/")[0] == "jwks"


def received(request: Request) -> float:
    """Return when it was received, in seconds since the epoch."""
    return datetime.fromisoformat(request.time).timestamp()


def answered(request: Request) -> float:
    """Return when it was answered, in seconds since the epoch."""
    return datetime.fromisoformat(request.answered).timestamp()


def kinds(requests: Iterable[Request]) -> Counter[str]:
    """Count requests by verb and resource; what asks for no resource asks which there are."""
    return Counter(f"{request.verb} {request.resource or 'discovery'}" for request in requests)
