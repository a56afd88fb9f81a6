"""Values against the schema, in the order and the words of the API server (k8s.io/kube-openapi/pkg/validation)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from jwk_operator.admission.correlation import Pair
from jwk_operator.admission.golang import Json, marshal, number, type_name
from jwk_operator.admission.problems import (
    Problem,
    duplicate,
    invalid,
    required,
    too_long,
    too_many,
    unsupported,
    wrong_type,
)
from jwk_operator.api.schema import Schema

_MOST_EXACT = float(2**53 - 1)
_EPSILON = 1e-9


def check(schema: Schema, pair: Pair, path: str = "") -> list[Problem]:
    """Return what is wrong with a value. On an update, what was wrong before and has not changed is let be."""
    value = pair.value
    problems = list(_type(schema, value, path))
    if isinstance(value, str):
        problems += _text(schema, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        problems += _number(schema, value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            problems += check(schema.get("items", {}), pair.item(item, schema), f"{path}[{index}]")
        most = schema.get("maxItems")
        if most is not None and len(value) > most:
            problems.append(too_many(path, len(value), most))
    problems += _enum(schema, value, path)
    if isinstance(value, dict):
        problems += _fields(schema, pair, value, path)
    return [] if problems and pair.unchanged else problems


def check_lists(schema: Schema, value: Json, path: str = "") -> Iterator[Problem]:
    """Yield what is twice in a list where each entry must be another, or each must have another key."""
    if isinstance(value, dict):
        for name, child in schema.get("properties", {}).items():
            if name in value:
                yield from check_lists(child, value[name], f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        kind = schema.get("x-kubernetes-list-type")
        if kind == "set":
            yield from (duplicate(f"{path}[{index}]", value[index]) for index in _repeated(value))
        elif kind == "map":
            yield from _keys_repeated(schema["x-kubernetes-list-map-keys"], value, path)
        for index, item in enumerate(value):
            yield from check_lists(schema.get("items", {}), item, f"{path}[{index}]")


def _keys_repeated(names: list[str], value: list[Json], path: str) -> Iterator[Problem]:
    for index, item in enumerate(value):
        if item is not None and not isinstance(item, dict):
            yield invalid(f"{path}[{index}]", item, "must be an object for an array of list-type map")
            return
    keys: list[Json] = [
        {name: item[name] for name in names if name in item} if isinstance(item, dict) else {} for item in value
    ]
    yield from (duplicate(f"{path}[{index}]", keys[index]) for index in _repeated(keys))


def _repeated(values: list[Json]) -> Iterator[int]:
    """Yield where a value stands for the second time; a third time is not told of."""
    seen: dict[tuple[str, str], int] = {}
    for index, value in enumerate(values):
        key = (type_name(value), marshal(value))
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 2:
            yield index


def _type(schema: Schema, value: Json, path: str) -> Iterator[Problem]:
    wanted, given = schema.get("type"), type_name(value)
    if wanted is None or given == wanted:
        return
    if wanted == "integer" and isinstance(value, float) and _counts_as_integer(value):
        return
    yield wrong_type(path, given, f"{path} in body must be of type {wanted}: {marshal(given)}")


def _counts_as_integer(value: float) -> bool:
    if abs(value) > _MOST_EXACT:
        return False
    if value.is_integer():
        return True
    whole = math.trunc(value)
    return whole != 0 and abs(value - whole) / abs(value + whole) < _EPSILON


def _text(schema: Schema, value: str, path: str) -> Iterator[Problem]:
    most, least = schema.get("maxLength"), schema.get("minLength")
    if most is not None and len(value) > most:
        yield too_long(path, most)
    elif least is not None and len(value) < least:
        yield invalid(path, value, f"{path} in body should be at least {least} chars long")


def _number(schema: Schema, value: float, path: str) -> Iterator[Problem]:
    if isinstance(value, float) and schema.get("type") == "integer" and not _fits_integer(value):
        # the server has no field to point at here
        yield invalid("", "", f"Checked value must be of type integer (default format) in {path}")
    bound = number if isinstance(value, float) else marshal
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and value < least:
        yield invalid(path, value, f"{path} in body should be greater than or equal to {bound(least)}")
    if most is not None and value > most:
        yield invalid(path, value, f"{path} in body should be less than or equal to {bound(most)}")


def _fits_integer(value: float) -> bool:
    return value.is_integer() and -(2**63) <= value < 2**63


def _enum(schema: Schema, value: Json, path: str) -> Iterator[Problem]:
    supported = schema.get("enum")
    if supported and not any(_is(value, item) for item in supported):
        yield unsupported(path, value, supported)


def _is(value: Json, item: Json) -> bool:
    """Whether a value is one of an enumeration; a number is cut off to the kind of those listed."""
    if isinstance(value, float) and isinstance(item, int) and math.isfinite(value):
        return math.trunc(value) == item
    return type(value) is type(item) and value == item


def _fields(schema: Schema, pair: Pair, value: dict[str, Json], path: str) -> Iterator[Problem]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties")
    for name in value if isinstance(others, dict) else ():
        if name not in properties:
            yield from check(others or {}, pair.field(name, value[name]), f"{path}.{name}")
    for name, child in properties.items():
        if name in value:
            # what an object is cannot be what was wrong with it before
            fixed = not path and name in ("apiVersion", "kind")
            child_pair = Pair(value[name]) if fixed else pair.field(name, value[name])
            yield from check(child, child_pair, f"{path}.{name}" if path else name)
    for name in schema.get("required", ()):
        if name not in value:
            yield required(f"{path}.{name}" if path else name)
