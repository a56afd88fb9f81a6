"""Values as Go prints them, since the API server's words quote what was given."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

Json = dict[str, Any] | list[Any] | str | int | float | bool | None

_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}
_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def decoded(value: Json) -> Json:
    """Return a value as the server gets it from kubectl: a number that is whole and fits is an int64."""
    if isinstance(value, dict):
        return {name: decoded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    fits = (isinstance(value, int) or value.is_integer()) and -(2**63) <= value < 2**63
    return int(value) if fits else float(value)


def quote(text: str) -> str:
    """Return what `%q` makes of a string."""
    return f'"{"".join(map(_quoted, text))}"'


def number(value: float) -> str:
    """Return what `%v` makes of a float64."""
    return _float(value, lambda exponent: exponent < -4 or exponent >= 6, 2)


def marshal(value: Json) -> str:
    """Return what encoding/json makes of a value."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{marshal(name)}:{marshal(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(marshal, value)) + "]"
    if isinstance(value, float):
        return _float(value, lambda exponent: exponent < -6 or exponent >= 21, 1)
    text = json.dumps(value, ensure_ascii=False)
    return "".join(_HTML.get(character, character) for character in text) if isinstance(value, str) else text


def type_name(value: Json) -> str:
    """Return the JSON Schema type of a value, as the server's validation names it."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def kind_name(value: Json) -> str:
    """Return the name of a value's kind in encoding/json's errors."""
    names = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _quoted(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character == " " or unicodedata.category(character)[0] in "LMNPS":
        return character
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _float(value: float, scientific: Callable[[int], bool], exponent_digits: int) -> str:
    exact = Decimal(repr(value)).normalize()
    sign = "-" if exact.is_signed() else ""
    text = "".join(map(str, exact.as_tuple().digits))
    exponent = exact.adjusted()
    if value != 0 and scientific(exponent):
        fraction = f".{text[1:]}" if len(text) > 1 else ""
        return f"{sign}{text[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):0{exponent_digits}d}"
    plain = f"{abs(exact):f}"
    return sign + (plain.rstrip("0").rstrip(".") if "." in plain else plain)
