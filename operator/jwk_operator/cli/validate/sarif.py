"""The report as SARIF 2.1.0, which code hosts show beside the lines of a pull request."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jwk_operator.cli.validate.findings import RULES, Finding, Report
from jwk_operator.manifests.reading import STDIN

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_PLACES = {rule.id: place for place, rule in enumerate(RULES)}


def as_sarif(report: Report) -> str:
    """Return a SARIF log with one run."""
    driver = {
        "name": "jwk-operator",
        "semanticVersion": version("jwk-operator"),
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.summary},
                "defaultConfiguration": {"level": rule.level.value},
            }
            for rule in RULES
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item) for item in report.findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _result(item: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(item.source)}, "region": {"startLine": item.line}}
    }
    if item.resource is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": str(item.resource), "kind": "resource"}]
    return {
        "ruleId": item.rule.id,
        "ruleIndex": _PLACES[item.rule.id],
        "level": item.rule.level.value,
        "message": {"text": item.message},
        "locations": [location],
    }


def _uri(source: str) -> str:
    if source == STDIN:
        return "stdin"
    path = Path(source)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
