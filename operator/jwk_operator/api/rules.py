"""Validation rules (CEL) as data: where a rule stands in the schema, what it demands, and what the refusal says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from jwk_operator.api.base import DURATION_PATTERN

FieldReason = Literal["FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired"]
INVALID: FieldReason = "FieldValueInvalid"
FORBIDDEN: FieldReason = "FieldValueForbidden"
REQUIRED: FieldReason = "FieldValueRequired"

_OUTER_WHITESPACE = r"^[\s\p{Z}]|[\s\p{Z}]$"
_CONTROL_CHARACTER = r"\p{Cc}"
_UNREADABLE_URL = "^/|#.*%"
"""What isURL() passes and url() may fail on: that error would repeat the URL with its credentials."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of `x-kubernetes-validations`.

    `at` is the place in the schema that the rule is attached to and that `self` means, such as `spec.generate`; empty
    is the whole object, and `[]` the entries of a list. `field` is the field that the refusal points at, relative to
    it.
    """

    at: str
    rule: str
    message: str
    field: str = ""
    reason: FieldReason = INVALID

    @property
    def path(self) -> str:
        """Return the full path of the field that the refusal points at."""
        return f"{self.at}{self.field}".removeprefix(".")

    def as_schema(self) -> dict[str, str]:
        """Return the rule as it stands in a CRD."""
        schema = {"rule": self.rule, "message": self.message, "reason": self.reason}
        return {**schema, "fieldPath": self.field} if self.field else schema


def cel_string(value: str) -> str:
    """Return a CEL string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def cel_list(values: Iterable[str]) -> str:
    """Return a CEL list of string literals."""
    return f"[{', '.join(cel_string(value) for value in values)}]"


def enumerate_words(words: Iterable[str], last: str = "and") -> str:
    """Return `A`, `A and B` or `A, B and C`."""
    *rest, final = words
    return f"{', '.join(rest)} {last} {final}" if rest else final


def remote_name_rules(path: str) -> tuple[Rule, ...]:
    """Return the rules for a name in Apinizer, which stands in the path of its calls."""
    return (
        Rule(
            path,
            "!(self in ['.', '..'])",
            f"{path} cannot be . or .., which have a meaning of their own in a URL: choose another name",
        ),
        Rule(
            path,
            f"!self.matches({cel_string(_OUTER_WHITESPACE)})",
            f"{path} cannot begin or end with whitespace: remove it",
        ),
        Rule(
            path,
            f"!self.matches({cel_string(_CONTROL_CHARACTER)})",
            f"{path} cannot contain control characters such as line breaks and tabs: remove them",
        ),
    )


def http_url_rule(parent: str, field: str, example: str) -> Rule:
    """Return the rule for an absolute http or https URL with a host.

    It is attached to the parent, as a refusal by a rule of the field itself would repeat the URL with its credentials.
    """
    url = f"self.{field}"
    return Rule(
        parent,
        f"!has({url})"
        f" || (isURL({url}) && !{url}.matches({cel_string(_UNREADABLE_URL)})"
        f" && url({url}).getScheme() in ['http', 'https'] && url({url}).getHostname() != '')",
        f"{parent}.{field} must be an absolute http or https URL with a host: write it as {example}",
        f".{field}",
    )


def duration_rule(path: str) -> Rule:
    """Return the rule for a duration."""
    return Rule(
        path,
        f"self.matches({cel_string(DURATION_PATTERN)})",
        f"{path} must be a duration: write it as 30s, 10m or 1h30m",
    )
