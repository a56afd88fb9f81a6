"""`metadata` as the API server reads and checks it (k8s.io/apimachinery/pkg/api/validation)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from jwk_operator.admission.golang import Json, kind_name, number
from jwk_operator.admission.problems import Problem, forbidden, invalid, required, too_long
from jwk_operator.admission.times import time_problem

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_KEY})?"
_SUBDOMAIN_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_LABEL_MESSAGE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_KEY_MESSAGE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_KEY}')"
)
_VALUE_MESSAGE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_VALUE}')"
)
_MOST_ANNOTATION_BYTES = 256 * 1024

_Fields = dict[str, Any]
_OWNER: _Fields = {
    **dict.fromkeys(("apiVersion", "kind", "name"), "string"),
    "uid": "types.UID",
    **dict.fromkeys(("controller", "blockOwnerDeletion"), "bool"),
}
_MANAGED: _Fields = {
    **dict.fromkeys(("manager", "apiVersion", "fieldsType", "subresource"), "string"),
    "operation": "v1.ManagedFieldsOperationType",
    "time": "time",
    "fieldsV1": "any",
}
_META: _Fields = {
    **dict.fromkeys(("name", "generateName", "namespace", "selfLink", "resourceVersion"), "string"),
    "uid": "types.UID",
    **dict.fromkeys(("generation", "deletionGracePeriodSeconds"), "int64"),
    **dict.fromkeys(("creationTimestamp", "deletionTimestamp"), "time"),
    **dict.fromkeys(("labels", "annotations"), "map[string]string"),
    "ownerReferences": ("OwnerReference", _OWNER),
    "finalizers": "[]string",
    "managedFields": ("ManagedFieldsEntry", _MANAGED),
}
_STRINGS = ("string", "types.UID", "v1.ManagedFieldsOperationType")


class UndecodableError(ValueError):
    """The metadata is of other types than an ObjectMeta; the text is the server's."""


def decode(metadata: Json) -> list[str]:
    """Return the paths of unknown fields. Raises `UndecodableError` where a field has another type."""
    if metadata is None:
        return []
    if not isinstance(metadata, dict):
        raise UndecodableError(f"json: cannot unmarshal {kind_name(metadata)} into Go value of type v1.ObjectMeta")
    return list(_struct(metadata, _META, "ObjectMeta", "", "metadata"))


def check(metadata: dict[str, Any], namespaced: bool) -> Iterator[Problem]:
    """Yield what is wrong with the metadata of a new object. The namespace may be left out: kubectl fills it in."""
    prefix, name = metadata.get("generateName") or "", metadata.get("name") or ""
    if prefix and not name:
        masked = prefix[:-1] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        yield from (invalid("metadata.generateName", prefix, text) for text in _subdomain(masked, "characters"))
        name = f"{prefix}xxxxx"
    if not name:
        yield required("metadata.name", "name or generateName is required")
    else:
        yield from (invalid("metadata.name", name, text) for text in _subdomain(name, "characters"))
    namespace = metadata.get("namespace") or ""
    if namespaced and namespace:
        yield from (invalid("metadata.namespace", namespace, text) for text in _label(namespace))
    yield from check_common(metadata)


def check_common(metadata: dict[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with labels, annotations, owners and finalizers."""
    for name, value in (metadata.get("labels") or {}).items():
        yield from (invalid("metadata.labels", name, text) for text in _qualified(name))
        yield from (invalid("metadata.labels", value or "", text) for text in _label_value(value or ""))
    annotations = metadata.get("annotations") or {}
    for name in annotations:
        yield from (invalid("metadata.annotations", name, text) for text in _qualified(name.lower()))
    if sum(len(f"{name}{value or ''}".encode()) for name, value in annotations.items()) > _MOST_ANNOTATION_BYTES:
        yield too_long("metadata.annotations", _MOST_ANNOTATION_BYTES)
    for index, owner in enumerate(metadata.get("ownerReferences") or ()):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not (owner or {}).get(field):
                yield required(f"metadata.ownerReferences[{index}].{field}", "must not be empty")
    for finalizer in metadata.get("finalizers") or ():
        yield from (invalid("metadata.finalizers", finalizer or "", text) for text in _qualified(finalizer or ""))


def check_update(metadata: dict[str, Any], old: dict[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with the metadata of an update."""
    if old.get("deletionTimestamp"):
        added = sorted(set(metadata.get("finalizers") or ()) - set(old.get("finalizers") or ()))
        if added:
            listed = ", ".join(f'"{name}"' for name in added)
            yield forbidden(
                "metadata.finalizers",
                "no new finalizers can be added if the object is being deleted, found new finalizers "
                f"[]string{{{listed}}}",
            )
    yield from (problem for problem in check_common(metadata) if problem.path != "metadata.finalizers")


def _struct(content: _Fields, fields: _Fields, struct: str, at: str, path: str) -> Iterator[str]:
    for name in sorted(content):
        if name not in fields:
            yield f"{path}.{name}"
        elif content[name] is not None:
            yield from _field(content[name], fields[name], struct, f"{at}{name}", f"{path}.{name}")


def _field(value: Json, wanted: Any, struct: str, at: str, path: str) -> Iterator[str]:
    if isinstance(wanted, tuple):
        inner, fields = wanted
        if not isinstance(value, list):
            raise _wrong(value, struct, at, f"[]v1.{inner}")
        for index, item in enumerate(value):
            if item is not None and not isinstance(item, dict):
                raise _wrong(item, struct, at, f"v1.{inner}")
            yield from _struct(item or {}, fields, inner, f"{at}.", f"{path}[{index}]")
        return
    if wanted == "time" and isinstance(value, str):
        late = time_problem(value)
        if late is not None:
            raise UndecodableError(late)
        return
    problem = _misfit(value, wanted)
    if problem is not None:
        raise _wrong(problem[0], struct, at, problem[1])


def _misfit(value: Json, wanted: str) -> tuple[Json, str] | None:
    """Return the value that does not fit, and the type that it should have."""
    if wanted == "map[string]string":
        return _misfit_within(list(value.values())) if isinstance(value, dict) else (value, wanted)
    if wanted == "[]string":
        return _misfit_within(value) if isinstance(value, list) else (value, wanted)
    fits: dict[str, Callable[[Json], bool]] = {
        "bool": lambda value: isinstance(value, bool),
        "int64": lambda value: isinstance(value, int) and not isinstance(value, bool),
        "any": lambda _: True,
        **dict.fromkeys(_STRINGS, lambda value: isinstance(value, str)),
    }
    return None if wanted != "time" and fits[wanted](value) else (value, wanted.replace("time", "string"))


def _misfit_within(values: list[Json]) -> tuple[Json, str] | None:
    return next(((item, "string") for item in values if item is not None and not isinstance(item, str)), None)


def _wrong(value: Json, struct: str, at: str, wanted: str) -> UndecodableError:
    kind = f"number {number(value)}" if isinstance(value, float) and wanted == "int64" else kind_name(value)
    return UndecodableError(f"json: cannot unmarshal {kind} into Go struct field {struct}.{at} of type {wanted}")


def _subdomain(value: str, unit: str) -> Iterator[str]:
    if len(value.encode()) > 253:
        yield f"must be no more than 253 {unit}"
    if not re.fullmatch(_SUBDOMAIN, value):
        yield _SUBDOMAIN_MESSAGE


def _label(value: str) -> Iterator[str]:
    if len(value.encode()) > 63:
        yield "must be no more than 63 characters"
    if not re.fullmatch(_LABEL, value):
        yield _LABEL_MESSAGE


def _qualified(value: str) -> Iterator[str]:
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        yield (
            f"a valid label key {_KEY_MESSAGE} with an optional DNS subdomain prefix and '/' (e.g. "
            "'example.com/MyName')"
        )
        return
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        yield from (f"prefix part {text}" for text in _subdomain(prefix, "bytes"))
    if not name:
        yield "name part must be non-empty"
    elif len(name.encode()) > 63:
        yield "name part must be no more than 63 bytes"
    if not re.fullmatch(_KEY, name):
        yield f"name part {_KEY_MESSAGE}"


def _label_value(value: str) -> Iterator[str]:
    if len(value.encode()) > 63:
        yield "must be no more than 63 bytes"
    if not re.fullmatch(_VALUE, value):
        yield _VALUE_MESSAGE
