"""Manifests from files, folders and standard input, each with the place that it was found at."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from jwk_operator.api.base import GROUP
from jwk_operator.manifests.documents import Document, SyntaxProblemError, read_json, read_yaml
from jwk_operator.manifests.kustomize import BuildError, build, kustomization_in, patches_in

STDIN = "-"
_ENDINGS = (".yaml", ".yml", ".json")
_SEPARATOR = re.compile(r"^---(?P<rest>[^\n]*)\n?", re.MULTILINE)
_NOTHING = re.compile(r"\s*(#.*)?")
_ITEM = re.compile(r"items\[([0-9]+)\]\.?(.*)", re.DOTALL)
_LAST_STEP = re.compile(r"(\.[^.\[]*|\[[0-9]+\])$")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object. `lines` holds the line of each field by its path, such as `spec.requiredEnvironments[1]`."""

    source: str
    line: int
    content: dict[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, path: str) -> int:
        """Return the line of a field, or of the nearest around it that is there."""
        while path and path not in self.lines:
            shorter = _LAST_STEP.sub("", path)
            path = shorter if shorter != path else ""
        return self.lines.get(path, self.line)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What should have been a manifest and cannot be read."""

    source: str
    line: int
    message: str


Found = Manifest | Unreadable


def read_manifests(paths: Sequence[str], stdin: TextIO | None) -> tuple[list[Manifest], list[Unreadable]]:
    """Read files, folders and, for `-`, standard input, in this order; what is found in a folder is sorted by name.

    Objects of all kinds are returned, those of a List one by one. Documents that are no objects are passed over in
    files that do not speak of the operator's API group: these may well be something else.
    """
    found = [item for path in dict.fromkeys(paths) for item in _at(path, stdin)]
    manifests = [item for item in found if isinstance(item, Manifest)]
    return manifests, [item for item in found if isinstance(item, Unreadable)]


def _at(path: str, stdin: TextIO | None) -> Iterator[Found]:
    if path == STDIN:
        yield from _read(STDIN, stdin.read if stdin is not None else str)
        return
    given = Path(path)
    if not given.is_dir():
        yield from _in_file(given)
    elif kustomization_in(given) is not None:
        yield from _built(given)
    else:
        yield from _in_folder(given)


def _built(folder: Path) -> Iterator[Found]:
    try:
        text = build(folder)
    except BuildError as error:
        yield Unreadable(str(folder), 1, str(error))
    else:
        yield from manifests_in(text, str(folder))


def _in_folder(folder: Path) -> Iterator[Found]:
    files: list[Path] = []
    passed_over: set[Path] = set()
    refused: list[OSError] = []
    for name, folders, names in os.walk(folder, onerror=refused.append):
        folders[:] = sorted(child for child in folders if not child.startswith("."))
        within = Path(name)
        kustomization = kustomization_in(within)
        if kustomization is not None:
            passed_over |= {kustomization.resolve(), *patches_in(kustomization)}
        files += [within / file for file in sorted(names) if file.endswith(_ENDINGS)]
    yield from (Unreadable(str(error.filename), 1, f"cannot be read: {error.strerror}") for error in refused)
    for file in files:
        if file.resolve() not in passed_over:
            yield from _in_file(file)


def _in_file(file: Path) -> Iterator[Found]:
    return _read(str(file), lambda: file.read_text(encoding="utf-8-sig"))


def _read(source: str, read: Callable[[], str]) -> Iterator[Found]:
    try:
        text = read()
    except OSError as error:
        yield Unreadable(source, 1, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        yield Unreadable(source, 1, "cannot be read: it is not UTF-8")
    else:
        yield from manifests_in(text, source)


def manifests_in(text: str, source: str) -> Iterator[Found]:
    """Yield the objects in a text of YAML or JSON, those of a List one by one. No value is in what is told of faults.

    Of documents that are no objects only those are told of that kubectl would be given: by standard input, or in a file
    that speaks of the operator's API group.
    """
    strict = source == STDIN or GROUP in text
    if strict:
        yield from _bad_separators(source, text)
    for start, part in _parts(text):
        try:
            documents = _documents(part)
        except SyntaxProblemError as error:
            yield Unreadable(source, start + error.line, str(error))
            continue
        for document in documents:
            if isinstance(document.content, dict):
                lines = {path: line + start for path, line in document.lines.items()}
                yield from _unfolded(Manifest(source, lines[""], document.content, lines))
            elif document.content is not None and strict:
                yield Unreadable(source, document.lines[""] + start, "is no Kubernetes object")


def _bad_separators(source: str, text: str) -> Iterator[Unreadable]:
    for separator in _SEPARATOR.finditer(text):
        if not _NOTHING.fullmatch(separator["rest"]):
            line = text.count("\n", 0, separator.start()) + 1
            yield Unreadable(source, line, "invalid Yaml document separator: only a comment may follow --- on its line")


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Split YAML at its separators as kubectl does, so that a fault in one document leaves the others readable."""
    at, line = 0, 0
    for separator in _SEPARATOR.finditer(text):
        yield line, text[at : separator.start()]
        line += text.count("\n", at, separator.end())
        at = separator.end()
    yield line, text[at:]


def _documents(text: str) -> list[Document]:
    if text.lstrip().startswith("{"):
        try:
            return read_json(text)
        except SyntaxProblemError:
            return [read_yaml(text)]  # a mapping of YAML can begin like this as well, and its faults are told better
    return [read_yaml(text)]


def _unfolded(manifest: Manifest) -> Iterator[Found]:
    items = manifest.content.get("items")
    if not str(manifest.content.get("kind", "")).endswith("List") or not isinstance(items, list):
        yield manifest
        return
    lines: dict[int, dict[str, int]] = {index: {} for index in range(len(items))}
    for path, line in manifest.lines.items():
        found = _ITEM.fullmatch(path)
        if found is not None:
            lines[int(found[1])][found[2]] = line
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield from _unfolded(Manifest(manifest.source, manifest.line_of(f"items[{index}]"), item, lines[index]))
        elif "apiVersion" in manifest.content:
            yield Unreadable(manifest.source, manifest.line_of(f"items[{index}]"), "is no Kubernetes object")
