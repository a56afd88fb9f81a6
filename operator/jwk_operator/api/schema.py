"""Structural OpenAPI schemas, as CRDs need them, from pydantic models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jwk_operator.api.base import ApiModel
from jwk_operator.api.rules import Rule

Schema = dict[str, Any]

# What a structural schema has no place for, or what an absent field says by itself.
_DROPPED = frozenset({"title", "$defs"})


def structural_schema(model: type[ApiModel]) -> Schema:
    """Return the schema of a model without references, titles and nulls: an optional field is one not required."""
    schema = model.model_json_schema(by_alias=True)
    return _inline(schema, schema.get("$defs", {}))


def attach(schema: Schema, rules: Iterable[Rule]) -> None:
    """Add rules to the schema of a whole object, each at its place."""
    for rule in rules:
        _at(schema, rule.at).setdefault("x-kubernetes-validations", []).append(rule.as_schema())


def _inline(node: Schema, definitions: dict[str, Schema]) -> Schema:
    node = _resolved(node, definitions)
    result: Schema = {}
    for key, value in node.items():
        if key in _DROPPED or (key == "default" and value is None):
            continue
        if key == "properties":
            result[key] = {name: _inline(child, definitions) for name, child in value.items()}
        elif key == "items" or (key == "additionalProperties" and isinstance(value, dict)):
            result[key] = _inline(value, definitions)
        else:
            result[key] = value
    return result


def _resolved(node: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return the node with what it refers to put in; what the node says itself wins."""
    if "anyOf" in node:
        (only,) = (option for option in node["anyOf"] if option != {"type": "null"})
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        return _resolved({**only, **rest}, definitions)
    if "$ref" in node:
        target = definitions[node["$ref"].removeprefix("#/$defs/")]
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _resolved({**target, **rest}, definitions)
    return node


def _at(schema: Schema, path: str) -> Schema:
    for part in path.split(".") if path else ():
        schema = schema["properties"][part.removesuffix("[]")]
        if part.endswith("[]"):
            schema = schema["items"]
    return schema
