"""What the API server makes of an object before it looks at the values: unknown fields out, nulls out, defaults in."""

from __future__ import annotations

import copy
from typing import Any

from jwk_operator.admission.golang import Json
from jwk_operator.api.schema import Schema

_META = ("apiVersion", "kind", "metadata")


def prune(content: dict[str, Any], schema: Schema) -> list[str]:
    """Remove from an object what its schema does not know; returns the paths, sorted."""
    unknown: list[str] = []
    for name in [name for name in content if name not in _META]:
        _prune_field(content, name, schema, "", unknown)
    return sorted(unknown)


def remove_nulls(value: Json, schema: Schema | None) -> None:
    """Remove nulls from objects, except those that a default takes the place of."""
    if isinstance(value, dict):
        for name in list(value):
            child = _child(schema, name)
            if value[name] is None and child is not None and "default" not in child:
                del value[name]
            else:
                remove_nulls(value[name], child)
    elif isinstance(value, list):
        for item in value:
            remove_nulls(item, (schema or {}).get("items"))


def fill_in(value: Json, schema: Schema) -> None:
    """Fill in the defaults."""
    if isinstance(value, dict):
        for name, child in schema.get("properties", {}).items():
            if child.get("default") is not None and value.get(name) is None:
                value[name] = copy.deepcopy(child["default"])
        for name, item in value.items():
            child = _child(schema, name)
            if child is not None:
                fill_in(item, child)
    elif isinstance(value, list):
        for item in value:
            fill_in(item, schema.get("items", {}))


def _prune(value: Json, schema: Schema, path: str, unknown: list[str]) -> None:
    if isinstance(value, dict):
        for name in list(value):
            _prune_field(value, name, schema, path, unknown)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _prune(item, schema.get("items", {}), f"{path}[{index}]", unknown)


def _prune_field(content: dict[str, Any], name: str, schema: Schema, path: str, unknown: list[str]) -> None:
    child, at = _child(schema, name), f"{path}.{name}" if path else name
    if child is not None:
        _prune(content[name], child, at, unknown)
    else:
        unknown.append(at)
        del content[name]


def _child(schema: Schema | None, name: str) -> Schema | None:
    if schema is None:
        return None
    found: Schema | None = schema.get("properties", {}).get(name)
    return found if found is not None else schema.get("additionalProperties")
