"""What was asked, for tests to look at; without any secret."""

import re
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl

from .exchange import CALLS, Exchange

MASK = "***"
_SECRET = frozenset(("jwkStr", "client_secret", "access_token", "k", "d", "p", "q", "dp", "dq", "qi", "oth"))
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass
class Record:
    """One request; `status` is null until it was answered, and stays so when it was dropped."""

    sequence: int
    time: float
    monotonic: float
    call: str
    method: str
    path: str
    raw_path: str
    project: str | None
    name: str | None
    body: Any
    status: int | None = None
    acted: bool = False
    fault: int | None = None
    done: bool = False


class Recorder:
    """Keeps the requests of one run of the simulator."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._sequence = 0
        self._running = 0
        self._most = 0

    def begin(self, exchange: Exchange) -> Record:
        """Record a request that has arrived."""
        self._sequence += 1
        self._running += 1
        self._most = max(self._most, self._running)
        record = Record(
            self._sequence,
            time.time(),
            time.monotonic(),
            exchange.call,
            exchange.method,
            exchange.path,
            exchange.raw_path,
            exchange.project,
            next(iter(exchange.names), None),
            _masked_body(exchange),
        )
        self._records.append(record)
        return record

    def end(self, record: Record) -> None:
        """Note that a request is over."""
        record.done = True
        self._running -= 1

    def clear(self) -> None:
        """Forget everything but the sequence."""
        self._records.clear()
        self._most = self._running

    def since(self, sequence: int) -> list[dict[str, Any]]:
        """The records after a sequence number."""
        return [asdict(record) for record in self._records if record.sequence > sequence]

    def summary(self) -> dict[str, Any]:
        """How often each call was made, how often it took effect, and the creates by name."""
        none = dict.fromkeys((*(call for call, _, _ in CALLS), "unknown"), 0)
        made = Counter(record.call for record in self._records)
        acted = Counter(record.call for record in self._records if record.acted)
        creates = Counter(record.name for record in self._records if record.call == "create" and record.name)
        return {
            "calls": {**none, **made},
            "acted": {**none, **acted},
            "creates": dict(creates),
            "maxConcurrent": self._most,
        }


def masked(value: Any) -> Any:
    """`value` without key material, passwords or tokens, at any depth."""
    if isinstance(value, dict):
        return {key: MASK if key in _SECRET else masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return _USERINFO.sub(f"{MASK}@", value) if isinstance(value, str) else value


def _masked_body(exchange: Exchange) -> Any:
    if not exchange.body:
        return None
    document = exchange.document
    if isinstance(document, dict | list):
        return masked(document)
    if exchange.call == "token" and exchange.content_type == "application/x-www-form-urlencoded":
        return masked(dict(parse_qsl(exchange.body.decode("utf-8", "replace"), keep_blank_values=True)))
    return f"<{len(exchange.body)} bytes>"
