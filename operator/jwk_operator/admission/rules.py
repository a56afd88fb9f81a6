"""The CEL rules of the CRDs, each compiled when it is first needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import celpy
from celpy import celtypes
from celpy.adapter import json_to_cel
from celpy.evaluation import CELEvalError, CELFunction

from jwk_operator.admission.address import Address, parse, parse_request_uri
from jwk_operator.admission.correlation import NONE, Pair
from jwk_operator.admission.golang import Json
from jwk_operator.admission.problems import Problem, forbidden, invalid, invalid_unseen, required
from jwk_operator.api.rules import FORBIDDEN, REQUIRED
from jwk_operator.api.schema import Schema

_RESERVED = frozenset(
    (
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"),
        *("let", "loop", "package", "namespace", "return", "var", "void", "while"),
    )
)
"""A field that is called like one of these words is written with underscores in a rule: `self.__namespace__`."""

_ASKED_FOR = re.compile(r"has\(self\.(\w+)\)")
_USED = re.compile(r"\bself\b(?:\.(\w+)(?!\())?")
_OLD = re.compile(r"\boldSelf\b")


def check_rules(schema: Schema, pair: Pair, path: str = "") -> Iterator[Problem]:
    """Yield what the rules find wrong with a value and with what is within it."""
    value = pair.value
    if value is None:
        return
    for rule in schema.get("x-kubernetes-validations", ()):
        problem = _broken(rule, schema, pair, path)
        if problem is not None:
            yield problem
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from check_rules(schema.get("items", {}), pair.item(item, schema), f"{path}[{index}]")
    elif isinstance(value, dict):
        for name, child in schema.get("properties", {}).items():
            if name in value:
                yield from check_rules(child, pair.field(name, value[name]), f"{path}.{name}" if path else name)


def _broken(rule: dict[str, str], schema: Schema, pair: Pair, path: str) -> Problem | None:
    compiled = _compiled(rule["rule"])
    if compiled.about_change and pair.old is NONE:
        return None
    if compiled.holds(pair, schema) or (not compiled.about_change and pair.let_be):
        return None
    field = f"{path}{rule.get('fieldPath', '')}".removeprefix(".")
    if rule["reason"] == REQUIRED:
        return required(field, rule["message"])
    if rule["reason"] == FORBIDDEN:
        return forbidden(field, rule["message"])
    if isinstance(pair.value, dict | list):
        return invalid_unseen(field, rule["message"])
    return invalid(field, pair.value, rule["message"])


class _Address(celtypes.StringType):
    """A URL as CEL holds it."""

    address: Address


def _is_url(text: celtypes.StringType) -> celtypes.BoolType:
    try:
        parse_request_uri(str(text))
    except ValueError:
        return celtypes.BoolType(False)
    return celtypes.BoolType(True)


def _url(text: celtypes.StringType) -> _Address:
    parse_request_uri(str(text))
    url = _Address(text)
    url.address = parse(str(text))
    return url


def _scheme(url: _Address) -> celtypes.StringType:
    return celtypes.StringType(url.address.scheme)


def _hostname(url: _Address) -> celtypes.StringType:
    return celtypes.StringType(url.address.hostname)


def _escaped_path(url: _Address) -> celtypes.StringType:
    return celtypes.StringType(url.address.escaped_path)


_FUNCTIONS: dict[str, CELFunction] = {
    "isURL": _is_url,
    "url": _url,
    "getScheme": _scheme,
    "getHostname": _hostname,
    "getEscapedPath": _escaped_path,
}


class _Rule:
    """A rule that can be asked. What was answered for the same values is not worked out again."""

    def __init__(self, text: str) -> None:
        environment = celpy.Environment()
        self._program = environment.program(environment.compile(text), functions=_FUNCTIONS)
        self.about_change = _OLD.search(text) is not None
        asked = set(_ASKED_FOR.findall(text))
        used = set(_USED.findall(_ASKED_FOR.sub("", text)))
        self._names = sorted(asked | used)
        self._by_presence = asked - used
        self._answers: dict[str, bool] = {}

    def holds(self, pair: Pair, schema: Schema) -> bool:
        """Whether the value is as the rule demands."""
        if self.about_change:
            return self._evaluate({"self": _cel(pair.value, schema), "oldSelf": _cel(pair.old, schema)})
        key = self._key(pair.value)
        if key not in self._answers:
            self._answers[key] = self._evaluate({"self": _cel(pair.value, schema)})
        return self._answers[key]

    def _key(self, value: Json) -> str:
        """Return all that the rule looks at."""
        if not isinstance(value, dict) or "" in self._names:
            return json.dumps(value, sort_keys=True)
        seen = ((name, name.strip("_") if name.startswith("__") else name) for name in self._names)
        return json.dumps(
            [(name, name in self._by_presence or value[field]) for name, field in seen if field in value],
            sort_keys=True,
        )

    def _evaluate(self, variables: dict[str, Any]) -> bool:
        try:
            return bool(self._program.evaluate(variables))
        except CELEvalError:
            return False


@cache
def _compiled(text: str) -> _Rule:
    return _Rule(text)


def _cel(value: Any, schema: Schema) -> Any:
    """Return a value for CEL, where a field whose name is a reserved word is called otherwise."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties") or {}
        return celtypes.MapType(
            {
                celtypes.StringType(f"__{name}__" if name in _RESERVED and name in properties else name): _cel(
                    item, properties.get(name, others)
                )
                for name, item in value.items()
            }
        )
    if isinstance(value, list):
        return celtypes.ListType([_cel(item, schema.get("items", {})) for item in value])
    return json_to_cel(value)
