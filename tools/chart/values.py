"""The chart's values: their schema (JSON Schema draft 7, which Helm checks), table and defaults, from values.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_COMMENT = re.compile(r"^ *# -- (.*)$")
_KEY = re.compile(r"^( *)([A-Za-z]\w*):")
_USERS = ("resources", "podSecurityContext", "securityContext", "nodeSelector", "labels")
"""Maps whose keys are the user's: null, there, is none of them."""
_OPEN = ("strategy", *_USERS)
"""Maps that are Kubernetes' own, of which the schema knows no more."""
_OWN_LABELS = [
    "helm.sh/chart",
    *(f"app.kubernetes.io/{name}" for name in ("name", "instance", "version", "managed-by")),
]
_NAME = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_VALUE = {"type": "string", "maxLength": 63, "pattern": "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"}
_LABELS = {"additionalProperties": _LABEL_VALUE, "properties": dict.fromkeys(_OWN_LABELS, False)}
"""What the chart itself says of an object, nobody else may: selectors, Helm and its users go by it."""
_ANNOTATIONS = {"additionalProperties": {"type": "string"}}
_SHARE = {"type": ["integer", "string"], "maximum": 100}
_OBJECTS = {"items": {"type": "object"}}
_RULES: dict[str, dict[str, Any]] = {
    "nameOverride": {"pattern": f"^({_NAME})?$"},
    "commonLabels": _LABELS,
    "image.repository": {"pattern": r"^([^\s/@]+/)*[^\s/:@]+$"},
    "image.tag": {"pattern": r"^(\w[\w.-]{0,127})?$"},
    "image.digest": {"pattern": "^(sha256:[0-9a-f]{64})?$"},
    "image.pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
    "imagePullSecrets": _OBJECTS,
    "replicas": {"minimum": 0, "maximum": 100},
    "scope.namespaces": {"items": {"type": "string", "maxLength": 63, "pattern": f"^{_NAME}$"}, "uniqueItems": True},
    "log.level": {"enum": ["debug", "info", "warning", "error"]},
    "log.format": {"enum": ["json", "text"]},
    "gracePeriodSeconds": {"minimum": 0, "maximum": 3600},
    "leaseDurationSeconds": {"minimum": 1, "maximum": 3600},
    "extraArgs": {"items": {"type": "string"}},
    "extraEnv": _OBJECTS,
    "extraVolumes": _OBJECTS,
    "extraVolumeMounts": _OBJECTS,
    "nodeSelector": {"additionalProperties": _LABEL_VALUE},
    "tolerations": _OBJECTS,
    "topologySpreadConstraints": _OBJECTS,
    "podLabels": _LABELS,
    "podAnnotations": _ANNOTATIONS,
    "serviceAccount.annotations": _ANNOTATIONS,
    "privateKeys.action": {"enum": ["", "Warn", "Deny"]},
    "podDisruptionBudget.maxUnavailable": {**_SHARE, "minimum": 1, "pattern": "^[1-9][0-9]?%$|^100%$"},
    "podDisruptionBudget.minAvailable": {**_SHARE, "minimum": 0, "pattern": "^([0-9]{1,2}%)?$"},
    "networkPolicy.apiServerPorts": {"items": {"type": "integer", "minimum": 1, "maximum": 65535}, "minItems": 1},
    "networkPolicy.egress": _OBJECTS,
    "metrics.serviceMonitor.interval": {"pattern": "^([0-9]+(ms|[smhdwy]))+$"},
    "metrics.serviceMonitor.labels": _LABELS,
    "metrics.prometheusRule.labels": _LABELS,
    "metrics.prometheusRule.runbookBaseUrl": {"pattern": r"^(https?://[^\s/]\S*)?$"},
    "metrics.dashboard.labels": _LABELS,
    "extraObjects": _OBJECTS,
}
"""By place. Numbers have an upper bound because Helm writes those of a million and more as 1e+06."""
_OF_PARENTS = {
    "global": {"type": "object"},
    "enabled": {"description": "Means nothing here: a parent chart's condition.", "type": "boolean"},
}
"""What parent charts give besides."""


@dataclass(frozen=True, slots=True)
class Value:
    """One documented value: its place with dots, its default, and what it is for."""

    place: str
    default: Any
    text: str


def values(path: Path) -> list[Value]:
    """Return the documented values of values.yaml in their order."""
    document = yaml.safe_load(path.read_text())
    return [Value(place, _at(document, place), text) for place, text in _documented(path.read_text())]


def _documented(text: str) -> Iterator[tuple[str, str]]:
    place: list[str] = []
    said: str | None = None
    for line in text.splitlines():
        comment, key = _COMMENT.match(line), _KEY.match(line)
        if comment:
            said = comment[1]
        elif key:
            place = [*place[: len(key[1]) // 2], key[2]]
            if said is not None:
                yield ".".join(place), said
            said = None


def _at(document: Any, place: str) -> Any:
    for name in place.split("."):
        document = document[name]
    return document


def defaults(path: Path) -> dict[str, Any]:
    """Return what counts for a value that is null. A map whose keys are the user's is empty then."""
    found: dict[str, Any] = _filled(yaml.safe_load(path.read_text()))
    return found


def _filled(default: Any, name: str = "") -> Any:
    if not isinstance(default, dict):
        return default
    return {} if name in _USERS else {key: _filled(value, key) for key, value in default.items()}


def schema(path: Path) -> dict[str, Any]:
    """Return the schema: types as the defaults have them, nothing that is not there, and a few rules."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart jwk-operator",
        **_schema(yaml.safe_load(path.read_text()), "", {value.place: value.text for value in values(path)}),
    }


def _schema(default: Any, place: str, texts: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"description": texts[place]} if place in texts else {}
    match default:
        case bool():
            found["type"] = "boolean"
        case int():
            found["type"] = "integer"
        case str():
            found["type"] = "string"
        case list():
            found["type"] = "array"
        case dict():
            found["type"] = "object"
            if default and place.rpartition(".")[2] not in _OPEN:
                inner = {name: _schema(value, f"{place}.{name}".lstrip("."), texts) for name, value in default.items()}
                if not place:
                    inner |= _OF_PARENTS
                found |= {"properties": inner, "additionalProperties": False}
    return {**found, **_RULES.get(place, {})}
