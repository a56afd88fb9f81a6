"""The API server's audit log, read as it grows: whoever measures must not ask the server that is measured."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.audit import READS

_POLL = 0.25


@dataclass(frozen=True, slots=True)
class Request:
    """One answered request. Times are seconds since the epoch; `resource` has the subresource: ``jwks/status``."""

    verb: str
    resource: str
    name: str
    received: float
    answered: float

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.verb not in READS

    @property
    def about_jwks(self) -> bool:
        """Whether it is about one JWK or many, or about the status of one."""
        return self.resource.partition("/")[0] == "jwks"


class Requests:
    """All requests so far of one user, or of everybody for an empty name."""

    def __init__(self, log: Path, user: str = "") -> None:
        self._log = log
        self._user = user
        self._read = 0
        self._found: list[Request] = []

    def found(self) -> list[Request]:
        """Return the requests that the log has by now, oldest answer first."""
        with self._log.open("rb") as handle:
            handle.seek(self._read)
            text = handle.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        wanted = f'"{self._user}"'.encode()
        self._found += [_request(json.loads(line)) for line in whole.splitlines() if not self._user or wanted in line]
        return self._found

    def since(self, start: int) -> list[Request]:
        """Return the requests after the first `start` ones."""
        return self.found()[start:]

    def wait(self, start: int, holds: Callable[[Request], bool], count: int, seconds: float) -> float:
        """Wait for so many requests that fit after the first `start` ones; return when the last of them was answered.

        Raises AssertionError after the time.
        """

        deadline = time.monotonic() + seconds
        while True:
            answered = [request.answered for request in self.since(start) if holds(request)]
            if len(answered) >= count:
                return max(answered[:count])
            if time.monotonic() > deadline:
                raise AssertionError(f"gave up waiting for {count} requests, of {kinds(self.since(start))}")
            time.sleep(_POLL)  # coarse, as a look takes the cores' time, and what counts are the times in the log


def kinds(requests: list[Request]) -> Counter[str]:
    """Count requests by verb and resource."""
    return Counter(f"{request.verb} {request.resource}" for request in requests)


def _request(line: dict[str, object]) -> Request:
    what = line.get("objectRef")
    what = what if isinstance(what, dict) else {}
    resource = "/".join(part for part in (what.get("resource"), what.get("subresource")) if part)
    received, answered = (_seconds(str(line[name])) for name in ("requestReceivedTimestamp", "stageTimestamp"))
    return Request(str(line["verb"]), resource, str(what.get("name", "")), received, answered)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
