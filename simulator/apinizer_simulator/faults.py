"""Faults that tests order: what goes wrong, and with which requests."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import bad_request
from .exchange import Exchange

_TEXTS = ("method", "path", "project", "name", "call")
_NUMBER = (int, float)

#: By kind: whether the call is carried out by default, the fields that it needs, and those that it may have.
KINDS: Mapping[str, tuple[bool, Mapping[str, Any], Mapping[str, Any]]] = {
    "status": (False, {"status": int}, {"body": (dict, list, str), "headers": dict}),
    "delay": (True, {"seconds": _NUMBER}, {"act_first": bool}),
    "hang": (False, {}, {}),
    "drop": (False, {}, {}),
    "truncate": (True, {}, {}),
    "garbage": (True, {}, {}),
    "rate_limit": (False, {}, {"retry_after": (*_NUMBER, type(None)), "header": (*_NUMBER, str, type(None))}),
    "environment": (True, {"environmentName": str}, {"message": str}),
    "redirect": (False, {"location": str}, {"status": int}),
    "huge": (False, {"bytes": int}, {}),
}
_ALWAYS_ACT = ("delay", "environment")


@dataclass
class Fault:
    """One order: `times` None is for ever."""

    id: int
    match: Mapping[str, str]
    times: int | None
    spec: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Which fault it is."""
        return str(self.spec["kind"])

    @property
    def act(self) -> bool:
        """Whether the call is carried out in spite of the fault."""
        return bool(self.spec.get("act", KINDS[self.kind][0]))

    def meets(self, exchange: Exchange) -> bool:
        """Whether the fault is for this request."""
        if self.times is not None and self.times <= 0:
            return False
        plain = {"method": exchange.method, "project": exchange.project, "call": exchange.call}
        for key, wanted in self.match.items():
            if key == "path" and not re.search(wanted, exchange.path):
                return False
            if key == "name" and wanted not in exchange.names:
                return False
            if key in plain and plain[key] != wanted:
                return False
        return True


class Faults:
    """The faults in force, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._last = 0

    def add(self, document: Any) -> int:
        """Put a fault in force; raises ApiError when the order makes no sense."""
        match, times, spec = _checked(document)
        self._last += 1
        self._faults.append(Fault(self._last, match, times, spec))
        return self._last

    def clear(self) -> None:
        """Everything works again."""
        self._faults.clear()

    def take(self, exchange: Exchange) -> Fault | None:
        """The fault for a request; each meeting uses one of its times."""
        for fault in self._faults:
            if fault.meets(exchange):
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None


def _checked(document: Any) -> tuple[dict[str, str], int | None, dict[str, Any]]:
    if not isinstance(document, dict) or set(document) - {"match", "times", "fault"}:
        raise bad_request("a fault has match, times and fault")
    match, times, spec = document.get("match", {}), document.get("times", 1), document.get("fault")
    if not isinstance(match, dict) or not all(k in _TEXTS and isinstance(v, str) for k, v in match.items()):
        raise bad_request(f"match holds strings: {', '.join(_TEXTS)}")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise bad_request("times is a positive integer or null")
    try:
        re.compile(match.get("path", ""))
    except re.error as error:
        raise bad_request("match.path is not a regular expression") from error
    _check_spec(spec)
    return match, times, dict(spec or {})


def _check_spec(spec: Any) -> None:
    if not isinstance(spec, dict) or spec.get("kind") not in KINDS:
        raise bad_request(f"fault.kind is one of {', '.join(KINDS)}")
    _, needed, optional = KINDS[spec["kind"]]
    known: dict[str, Any] = {"kind": str, **needed, **optional}
    if spec["kind"] not in _ALWAYS_ACT:
        known["act"] = bool
    for field in needed:
        if field not in spec:
            raise bad_request(f"fault.{field} is needed for {spec['kind']}")
    for field, value in spec.items():
        if field not in known or not isinstance(value, known[field]):
            raise bad_request(f"fault.{field} is unknown or of a wrong type")
