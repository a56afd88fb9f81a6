"""The report as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jwk_operator.cli.validate.findings import Finding, Key, Level, Report, Resource
from jwk_operator.cli.wording import count, printable

if TYPE_CHECKING:
    from rich.text import Text

_COLOURS = {Level.ERROR: "bold red", Level.WARNING: "bold yellow"}


def as_text(report: Report, *, quiet: bool) -> Iterator[Text]:
    """Yield the lines: findings as compilers print them, facts of keys, and a summary. Both are left out if quiet."""
    for item in report.findings:
        about = f"{item.resource}: " if item.resource else ""
        level = (item.rule.level.value, _COLOURS[item.rule.level])
        yield _line(item.source, item.line, level, f"{about}{item.message} [{item.rule.id}]")
    if quiet:
        return
    from rich.text import Text

    for resource, key in report.resources:
        if key is not None:
            yield _line(resource.manifest.source, resource.manifest.line, ("info", "blue"), f"{resource}: {key}")
    yield Text(_summary(report))


def as_json(report: Report) -> str:
    """Return the report as a JSON object."""
    document = {
        "valid": report.count(Level.ERROR) == 0,
        "errors": report.count(Level.ERROR),
        "warnings": report.count(Level.WARNING),
        "passedOver": report.passed_over,
        "resources": [_resource(report, resource, key) for resource, key in report.resources],
        "findings": [_finding(item) for item in report.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _line(source: str, line: int, level: tuple[str, str], text: str) -> Text:
    from rich.text import Text

    return Text.assemble(f"{printable(source)}:{line}: ", level, f": {printable(text)}")


def _summary(report: Report) -> str:
    invalid = sum(
        any(item.rule.level is Level.ERROR for item in report.of(resource)) for resource, _ in report.resources
    )
    parts = [
        f"{len(report.resources) - invalid} valid",
        f"{invalid} invalid",
        count(report.count(Level.WARNING), "warning"),
        f"{count(report.passed_over, 'object')} of other kinds passed over",
    ]
    unreadable = sum(item.resource is None for item in report.findings)
    return ", ".join(parts + ([f"{unreadable} unreadable"] if unreadable else []))


def _resource(report: Report, resource: Resource, key: Key | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        **_named(resource),
        "file": resource.manifest.source,
        "line": resource.manifest.line,
        "valid": not any(item.rule.level is Level.ERROR for item in report.of(resource)),
    }
    if key is not None:
        document["key"] = asdict(key)
    return document


def _finding(item: Finding) -> dict[str, Any]:
    return {
        "file": item.source,
        "line": item.line,
        "level": item.rule.level.value,
        "rule": item.rule.id,
        "resource": _named(item.resource) if item.resource else None,
        "path": item.path,
        "message": item.message,
    }


def _named(resource: Resource) -> dict[str, str]:
    return {"kind": resource.kind, "namespace": resource.namespace, "name": resource.name}
