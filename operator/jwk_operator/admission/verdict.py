"""What the API server would answer to an object, worked out from the data that the CRDs are generated from."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jwk_operator.admission import metadata as meta
from jwk_operator.admission.correlation import NONE, Pair
from jwk_operator.admission.golang import decoded, quote
from jwk_operator.admission.problems import RULES_LEFT_OUT, Problem, Refusal
from jwk_operator.admission.rules import check_rules
from jwk_operator.admission.shaping import fill_in, prune, remove_nulls
from jwk_operator.admission.values import check, check_lists
from jwk_operator.api.base import API_VERSION, GROUP, VERSION
from jwk_operator.api.crd import RESOURCES, openapi_schema
from jwk_operator.api.crd import Resource as Definition
from jwk_operator.api.schema import Schema

_SYSTEM_FIELDS = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields", "deletionTimestamp")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. `content` has defaults filled in and is without unknown fields.

    `refusals` are the causes one by one, `message` is the whole of the server's words; both are empty when the object
    is accepted. The server tells several causes in a random order, here they are in that of the schema.
    """

    content: dict[str, Any]
    refusals: tuple[Refusal, ...]
    message: str

    @property
    def accepted(self) -> bool:
        """Whether there is nothing against the object."""
        return not self.message


def admit(content: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> Verdict:
    """Return the verdict on a new object, or with `old`, the object as it is stored, on its update.

    Unknown fields are refused, as kubectl asks the server to.
    """
    shaped: dict[str, Any] = {name: decoded(value) for name, value in content.items()}
    definition = _definition(shaped)
    if definition is None:
        return _whole(shaped, _unplaced(shaped))
    schema = _schema(definition)
    try:
        unknown = meta.decode(shaped.get("metadata"))
    except meta.UndecodableError as error:
        return _undecodable(shaped, definition, str(error))
    unknown += prune(shaped, schema)
    if unknown:
        listed = tuple(Refusal(path, f'unknown field "{path}"') for path in unknown)
        text = f"strict decoding error: {', '.join(refusal.message for refusal in listed)}"
        return Verdict(shaped, listed, _cannot_be_handled(definition, text))
    shaped["metadata"] = {name: value for name, value in (shaped.get("metadata") or {}).items() if value is not None}
    remove_nulls(shaped, schema)
    fill_in(shaped, schema)
    pair = Pair(shaped) if old is None else _beside(shaped, old, schema)
    return _judged(definition, schema, pair, shaped)


def _judged(definition: Definition, schema: Schema, pair: Pair, shaped: dict[str, Any]) -> Verdict:
    status = shaped.pop("status", None) if pair.old is NONE else None  # creating cannot set it
    problems = [*_metadata(definition, pair, shaped), *check(schema, pair)]
    if pair.old is NONE or not any(check_lists(schema, pair.old)):
        problems += check_lists(schema, shaped)
    if any(problem.blocks_rules for problem in problems):
        problems.append(RULES_LEFT_OUT)
    else:
        problems += check_rules(schema, pair)
    if status is not None:
        shaped["status"] = copy.deepcopy(schema["properties"]["status"]["default"])
    refusals = tuple(dict.fromkeys(Refusal(problem.path, problem.message) for problem in problems))
    return Verdict(shaped, refusals, _invalid(definition, shaped["metadata"], refusals))


def _metadata(definition: Definition, pair: Pair, shaped: dict[str, Any]) -> Iterator[Problem]:
    if isinstance(pair.old, dict):
        yield from meta.check_update(shaped["metadata"], pair.old["metadata"])
    else:
        yield from meta.check(shaped["metadata"], definition.scope == "Namespaced")


def _beside(shaped: dict[str, Any], old: Mapping[str, Any], schema: Schema) -> Pair:
    """Return the object beside its old self. The status and what the system manages stay as they were."""
    before = copy.deepcopy(dict(old))
    fill_in(before, schema)
    shaped["status"] = copy.deepcopy(before["status"])
    for name in _SYSTEM_FIELDS:
        if name in before["metadata"]:
            shaped["metadata"].setdefault(name, before["metadata"][name])
    return Pair(shaped, before)


def _invalid(definition: Definition, metadata: dict[str, Any], refusals: tuple[Refusal, ...]) -> str:
    if not refusals:
        return ""
    texts = list(dict.fromkeys(refusal.message for refusal in refusals))
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    prefix = metadata.get("generateName")
    name = metadata.get("name") or (f"{prefix}xxxxx" if prefix else "")
    return f"{definition.kind}.{GROUP} {quote(name)} is invalid: {listed}"


def _undecodable(content: dict[str, Any], definition: Definition, text: str) -> Verdict:
    message = _cannot_be_handled(definition, text)
    return Verdict(content, (Refusal("metadata", message),), message)


def _cannot_be_handled(definition: Definition, text: str) -> str:
    return f'{definition.kind} in version "{VERSION}" cannot be handled as a {definition.kind}: {text}'


def _whole(content: dict[str, Any], message: str) -> Verdict:
    return Verdict(content, (Refusal("", message),), message)


def _unplaced(content: dict[str, Any]) -> str:
    """Say why an object is of no kind that there is, in kubectl's words: it does not get to the server."""
    unsaid = [name for name in ("apiVersion", "kind") if content.get(name) in (None, "")]
    if unsaid:
        return ", ".join(f"{name} not set" for name in unsaid)
    odd = [name for name in ("apiVersion", "kind") if not isinstance(content[name], str)]
    if odd:
        return ", ".join(f"{name} isn't string type" for name in odd)
    return f'no matches for kind "{content["kind"]}" in version "{content["apiVersion"]}"'


def _definition(content: dict[str, Any]) -> Definition | None:
    if content.get("apiVersion") != API_VERSION:
        return None
    return next((resource for resource in RESOURCES if resource.kind == content.get("kind")), None)


@cache
def _schema(definition: Definition) -> Schema:
    return openapi_schema(definition)
