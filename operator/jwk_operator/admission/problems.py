"""What the API server finds wrong, in its words (k8s.io/apimachinery/pkg/util/validation/field)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jwk_operator.admission.golang import Json, marshal, number, quote


@dataclass(frozen=True, slots=True)
class Refusal:
    """One cause; `message` is the server's words, such as `spec.url: Required value: ...`. The whole has no path."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A cause, and whether the rules are left out because of it."""

    path: str
    body: str
    blocks_rules: bool = False

    @property
    def message(self) -> str:
        """Return the whole text: the field and what is wrong with it."""
        return f"{self.path or '<nil>'}: {self.body}"


RULES_LEFT_OUT = Problem(
    "",
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing "
    "errors to complete validation",
)


def required(path: str, detail: str = "") -> Problem:
    """Something is missing."""
    return Problem(path, _with("Required value", detail), blocks_rules=True)


def forbidden(path: str, detail: str) -> Problem:
    """Something must not be there."""
    return Problem(path, _with("Forbidden", detail))


def invalid(path: str, value: Json, detail: str) -> Problem:
    """A value is not right."""
    return Problem(path, _with(f"Invalid value: {shown(value)}", detail))


def invalid_unseen(path: str, detail: str) -> Problem:
    """A value is not right, and is too large to be shown: an object or a list."""
    return Problem(path, _with("Invalid value", detail))


def wrong_type(path: str, value: Json, detail: str) -> Problem:
    """A value is of another type than the schema says."""
    return Problem(path, _with(f"Invalid value: {shown(value)}", detail), blocks_rules=True)


def unsupported(path: str, value: Json, supported: Iterable[Json]) -> Problem:
    """A value is none of those that there are."""
    names = (item if isinstance(item, str) else marshal(item) for item in supported)
    listed = ", ".join(map(quote, names))
    return Problem(path, f"Unsupported value: {shown(value)}: supported values: {listed}", blocks_rules=True)


def duplicate(path: str, value: Json) -> Problem:
    """A value is there twice."""
    return Problem(path, f"Duplicate value: {shown(value)}")


def too_long(path: str, most: int) -> Problem:
    """A text is too long."""
    return Problem(path, f"Too long: may not be more than {most} byte{'' if most == 1 else 's'}", blocks_rules=True)


def too_many(path: str, count: int, most: int) -> Problem:
    """A list is too long."""
    body = f"Too many: {count}: must have at most {most} item{'' if most == 1 else 's'}"
    return Problem(path, body, blocks_rules=True)


def shown(value: Json) -> str:
    """Return a value as it stands in a message."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, float):
        return number(value)
    return marshal(value)


def _with(what: str, detail: str) -> str:
    return f"{what}: {detail}" if detail else what
