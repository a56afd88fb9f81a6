"""What a plain scalar of YAML means to kubectl: YAML 1.1 as sigs.k8s.io/yaml reads it, so `yes` and `on` are booleans.

YAML is turned into JSON there, by go-yaml v2. Its rules differ from YAML 1.1 in places (no base 60 numbers, `0o17` is
an integer, a date is a string), so they are followed here one by one.
"""

from __future__ import annotations

import base64
import math
import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER = re.compile(
    r"[-+]?(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO](?P<oct>[0-7]+)|(?P<old>0[0-7]*)|(?P<dec>[1-9][0-9]*))"
)
_BASES = {"hex": 16, "bin": 2, "oct": 8, "old": 8, "dec": 10}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_STRAY_UNDERSCORE = re.compile(r"(?<![0-9])_|_(?![0-9])")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?"
)
_LEAST, _MOST = -(2**63), 2**64 - 1

INT, FLOAT, BOOL, NULL, STR, BINARY = (
    f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "str", "binary")
)
_TYPES: dict[str, tuple[type, ...]] = {INT: (int,), FLOAT: (float, int), BOOL: (bool,), NULL: (type(None),)}


def plain(text: str) -> Scalar:
    """Return the value of a scalar without quotes and without a tag."""
    if text in _WORDS:
        return _WORDS[text]
    if not text[0].isascii() or text[0] not in "+-.0123456789":
        return text
    return text if _TIMESTAMP.fullmatch(text) else _number(text)


def tagged(tag: str, text: str) -> Scalar:
    """Return the value of a scalar with a tag of its own. Raises ValueError where they do not go together."""
    if tag == BINARY:
        return _binary(text)
    wanted = _TYPES.get(tag)
    if wanted is None:
        return text
    value = plain(text)
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise ValueError(f"a value does not fit its tag !!{tag.rpartition(':')[2]}")
    return float(value) if tag == FLOAT and isinstance(value, int) else value


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode(errors="replace")
    except ValueError:
        raise ValueError("!!binary value contains invalid base64 data") from None


def key_text(value: Scalar) -> str:
    """Return a mapping's key as the name in a JSON object. Raises ValueError for null, which cannot be one."""
    if value is None:
        raise ValueError("null cannot be the key of a mapping")
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def as_json(value: Scalar) -> Scalar:
    """Return a number as it arrives after its way through JSON. Raises ValueError for infinity and NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, int):
        return value if _LEAST <= value < 2**63 else as_json(float(value))
    if not math.isfinite(value):
        raise ValueError("infinity and NaN do not exist in JSON")
    whole = value.is_integer() and _LEAST <= value < 2**63
    return int(value) if whole else value


def _number(text: str) -> Scalar:
    digits = text.replace("_", "")
    found = _INTEGER.fullmatch(digits)
    if found is not None and found.lastgroup is not None:
        size = int(found[found.lastgroup], _BASES[found.lastgroup])
        value = -size if digits.startswith("-") else size
        if _LEAST <= value <= _MOST:
            return value
    # what begins with a dot goes by Go's own rules for a float, where an underscore stands between digits alone
    if text.startswith(".") and _STRAY_UNDERSCORE.search(text):
        return text
    if not _FLOAT.fullmatch(digits):
        return text
    number = float(digits)
    return number if math.isfinite(number) else text
