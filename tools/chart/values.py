"""The chart's values: their schema (JSON Schema draft 7, which Helm checks) and their table, both from values.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_COMMENT = re.compile(r"^ *# -- (.*)$")
_KEY = re.compile(r"^( *)([A-Za-z]\w*):")
_OPEN = ("resources", "podSecurityContext", "securityContext", "nodeSelector", "labels")
"""Maps whose keys are the user's."""
_RULES: dict[str, dict[str, Any]] = {
    "image.repository": {"minLength": 1},
    "image.digest": {"pattern": "^(sha256:[0-9a-f]{64})?$"},
    "image.pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
    "replicas": {"minimum": 0},
    "log.level": {"enum": ["debug", "info", "warning", "error"]},
    "log.format": {"enum": ["json", "text"]},
    "gracePeriodSeconds": {"minimum": 0},
    "leaseDurationSeconds": {"minimum": 1},
}


@dataclass(frozen=True, slots=True)
class Value:
    """One documented value: its place with dots, its default, and what it is for."""

    place: str
    default: Any
    text: str


def values(path: Path) -> list[Value]:
    """Return the documented values of values.yaml in their order."""
    document = yaml.safe_load(path.read_text())
    return [Value(place, _at(document, place), text) for place, text in _documented(path.read_text())]


def _documented(text: str) -> Iterator[tuple[str, str]]:
    place: list[str] = []
    said: str | None = None
    for line in text.splitlines():
        comment, key = _COMMENT.match(line), _KEY.match(line)
        if comment:
            said = comment[1]
        elif key:
            place = [*place[: len(key[1]) // 2], key[2]]
            if said is not None:
                yield ".".join(place), said
            said = None


def _at(document: Any, place: str) -> Any:
    for name in place.split("."):
        document = document[name]
    return document


def schema(path: Path) -> dict[str, Any]:
    """Return the schema: types as the defaults have them, nothing that is not there, and a few rules."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart jwk-operator",
        **_schema(yaml.safe_load(path.read_text()), "", {value.place: value.text for value in values(path)}),
    }


def _schema(default: Any, place: str, texts: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"description": texts[place]} if place in texts else {}
    match default:
        case bool():
            found["type"] = "boolean"
        case int():
            found["type"] = "integer"
        case str():
            found["type"] = "string"
        case list():
            found["type"] = "array"
            if default:
                found["items"] = _schema(default[0], "", {})
        case dict():
            found["type"] = "object"
            if default and place.rpartition(".")[2] not in _OPEN:
                inner = {name: _schema(value, f"{place}.{name}".lstrip("."), texts) for name, value in default.items()}
                if not place:
                    inner["global"] = {"type": "object"}
                found |= {"properties": inner, "additionalProperties": False}
    return {**found, **_RULES.get(place, {})}
