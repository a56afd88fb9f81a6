"""One document of YAML or JSON as data, and the line that each of its fields stands on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from jwk_operator.manifests.scalars import Scalar, as_json, key_text, plain, tagged

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,62}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MERGE = "tag:yaml.org,2002:merge"
_DEEPEST = 100
_MOST_COPIES = 10
"""Aliases of aliases let a small file stand for more than fits in memory: this often a document may be as long."""
_FREE = 10_000


class SyntaxProblemError(ValueError):
    """A document cannot be read. Its text holds nothing of the document but names of fields."""

    def __init__(self, line: int, problem: str) -> None:
        """`line` counts from 1 within the document."""
        super().__init__(problem)
        self.line = line


@dataclass(slots=True)
class Document:
    """The data, and the line (counted from 1 within the document) by the path of each field."""

    content: Any = None
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Node:
    """What an event of the parser begins: a scalar, or the items or pairs within."""

    line: int
    scalar: Scalar = None
    items: list[_Node] | None = None
    pairs: list[tuple[_Node, _Node]] | None = None
    merges: bool = False


def read_yaml(text: str) -> Document:
    """Read a document of YAML. Raises `SyntaxProblemError`."""
    try:
        composer = _Composer(yaml.parse(text, Loader=_Loader))
        root = composer.root()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SyntaxProblemError(mark.line + 1 if mark else 1, str(error.problem or error.context)) from None
    except yaml.YAMLError:
        raise SyntaxProblemError(1, "a character cannot be part of YAML") from None
    document = Document()
    if root is not None:
        document.content = _Builder(document.lines, composer.made * _MOST_COPIES + _FREE).value(root, "")
    return document


def read_json(text: str) -> list[Document]:
    """Read JSON values that follow one another. Raises `SyntaxProblemError`."""
    decoder = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    documents, at = [], _skip(text, 0)
    while at < len(text):
        try:
            content, end = decoder.raw_decode(text, at)
            lines = _lines(text[at:end])
        except json.JSONDecodeError as error:
            raise SyntaxProblemError(error.lineno, error.msg) from None
        except RecursionError:
            raise SyntaxProblemError(1, "it is nested too deeply") from None
        except SyntaxProblemError as error:
            line = text.count("\n", 0, at) + error.line
            raise SyntaxProblemError(line, str(error)) from None
        except ValueError:
            raise SyntaxProblemError(1, "a number is longer than any that is read") from None
        first = text.count("\n", 0, at)
        lines = {path: line + first for path, line in lines.items()}
        documents.append(Document(_as_read(content), {"": first + 1, **lines}))
        at = _skip(text, end)
    return documents


def _lines(text: str) -> dict[str, int]:
    """Return the lines of the fields of JSON, or none where YAML cannot read it: tabs, or half a pair of surrogates."""
    try:
        return read_yaml(text).lines
    except SyntaxProblemError:
        return {}


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise _twice(1, name)
        members[name] = value
    return members


def _twice(line: int, name: str) -> SyntaxProblemError:
    """Return what is said of a key that is there already; what is no name of a field may be a pasted secret."""
    return SyntaxProblemError(line, f'key "{name if _FIELD.fullmatch(name) else "***"}" already set in map')


def _no_constant(_: str) -> Any:
    raise SyntaxProblemError(1, "infinity and NaN do not exist in JSON")


def _as_read(value: Any, depth: int = 1) -> Any:
    """Return JSON as kubectl reads it: no number is too large, and half a pair of surrogates is no character."""
    if depth > _DEEPEST:
        raise SyntaxProblemError(1, "it is nested too deeply")
    if isinstance(value, dict):
        return {_as_read(name, depth): _as_read(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_read(item, depth + 1) for item in value]
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else as_json(value)


class _Composer:
    """Makes nodes of the parser's events, with aliases resolved."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, _Node] = {}
        self.made = 0

    def root(self) -> _Node | None:
        for event in self._events:
            if isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
                continue
            if isinstance(event, yaml.StreamEndEvent):
                return None
            node = self._node(event, 1)
            for _ in self._events:  # what follows must be without faults, too
                pass
            return node
        return None

    def _node(self, event: Any, depth: int) -> _Node:
        line = event.start_mark.line + 1
        if depth > _DEEPEST:
            raise SyntaxProblemError(line, "it is nested too deeply")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise SyntaxProblemError(line, "an alias refers to an anchor that is not there")
            return self._anchors[event.anchor]
        node = _Node(line)
        self.made += 1
        if isinstance(event, yaml.ScalarEvent):
            node.scalar, node.merges = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node.items = [self._node(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)]
        else:
            node.pairs = [
                (self._node(key, depth + 1), self._node(next(self._events), depth + 1))
                for key in self._until(yaml.MappingEndEvent)
            ]
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _until(self, end: type) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event


def _scalar(event: Any) -> tuple[Scalar, bool]:
    try:
        if event.implicit[0]:
            return plain(event.value), event.value == "<<"
        if event.implicit[1] or event.tag is None:
            return event.value, False
        return tagged(event.tag, event.value), event.tag == _MERGE
    except ValueError as error:
        raise SyntaxProblemError(event.start_mark.line + 1, str(error)) from None


class _Builder:
    """Makes data of nodes, and notes their lines."""

    def __init__(self, lines: dict[str, int], most: int) -> None:
        self._lines = lines
        self._left = most

    def value(self, node: _Node, path: str) -> Any:
        self._left -= 1
        if self._left < 0:
            raise SyntaxProblemError(node.line, "its aliases make it too large")
        self._lines.setdefault(path, node.line)
        if node.items is not None:
            return [self.value(item, f"{path}[{index}]") for index, item in enumerate(node.items)]
        if node.pairs is not None:
            return self._mapping(node.pairs, path)
        try:
            return as_json(node.scalar)
        except ValueError as error:
            raise SyntaxProblemError(node.line, str(error)) from None

    def _mapping(self, pairs: list[tuple[_Node, _Node]], path: str) -> dict[str, Any]:
        content: dict[str, Any] = {}
        given: set[str] = set()
        for key, value in pairs:
            if key.merges:
                content.update(self._merged(value, path))
                continue
            name = _name(key)
            if name in given:
                raise _twice(key.line, name)
            given.add(name)
            child = f"{path}.{name}" if path else name
            self._lines[child] = key.line
            content[name] = self.value(value, child)
        return content

    def _merged(self, node: _Node, path: str) -> dict[str, Any]:
        if node.pairs is not None:
            return self._mapping(node.pairs, path)
        if node.items is None or any(item.pairs is None for item in node.items):
            raise SyntaxProblemError(node.line, "map merge requires map or sequence of maps as the value")
        merged: dict[str, Any] = {}
        for item in reversed(node.items):
            merged.update(self._mapping(item.pairs or [], path))
        return merged


def _name(key: _Node) -> str:
    if key.items is not None or key.pairs is not None:
        raise SyntaxProblemError(key.line, "a list or a mapping cannot be the key of a mapping")
    try:
        return key_text(key.scalar)
    except ValueError as error:
        raise SyntaxProblemError(key.line, str(error)) from None
