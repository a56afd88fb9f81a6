"""YAML that reads the same everywhere: to PyYAML, to kubectl's parser of YAML 1.1, and to a person."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

import yaml

_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9._/ -]*[A-Za-z0-9._/-])?")
_WORDS = frozenset({"y", "yes", "n", "no", "on", "off", "true", "false", "null", "nan", "inf"})
"""What some parser takes for something else than a string; numbers begin with no letter."""


class _Dumper(yaml.SafeDumper):
    """Quotes every string that is not plainly one."""


def _represent(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if _is_plain(value) else '"')


def _is_plain(value: str) -> bool:
    return _PLAIN.fullmatch(value) is not None and value.lower() not in _WORDS


_Dumper.add_representer(str, _represent)


def yaml_text(value: Mapping[str, Any] | list[Any], indent: int = 0) -> str:
    """Return a mapping or list as YAML in block style, each string on one line, in the order as given."""
    return "".join(f"{' ' * indent}{line}\n" for line in _dumped(value).splitlines())


def quoted(value: str) -> str:
    """Return a string in double quotes on one line, fit for a comment or a terminal."""
    return _dumped(value, default_style='"').rstrip("\n")


def _dumped(value: object, **options: Any) -> str:
    """Dump a value. What no eye sees, such as marks that turn the direction of writing, is escaped."""
    text = ""
    for allow_unicode in (True, False):
        text = yaml.dump(
            value, Dumper=_Dumper, sort_keys=False, allow_unicode=allow_unicode, width=sys.maxsize, **options
        )
        if all(character.isprintable() for line in text.split("\n") for character in line):
            break
    return text
