"""Manifests of a project that exists in Apinizer: what its list shows, and marked gaps for what it does not. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jwk_operator.admission.verdict import admit
from jwk_operator.api.algorithms import ALGORITHMS, KeyType
from jwk_operator.api.base import API_VERSION
from jwk_operator.api.jwk import AdoptionPolicy, ConnectionKind, ConnectionRef, DeletionPolicy, JWKSpec, SourceType
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.rules_jwk import SOURCE_FIELDS, SourceField
from jwk_operator.manifests.yaml_text import quoted, yaml_text

_GAP = "# GAP:"
"""Begins, after blanks, each line that stands for a field which the list does not show."""
_CAN_BE_LEFT_OUT = frozenset({"description", "url", "kid"})
"""What need not be in a spec that adopts, so that the JWK can be taken over although its value fits none."""
_LOST = re.compile("[\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Halves of characters, which JSON may hold, and what kubectl's kustomize loses or refuses, however it is written."""
_WITH_USER = re.compile(r"[^/]*//[^/?#]*@")
_CANNOT_BE_CREATED = (
    "The project's list does not show what is a GAP here. The JWK is adopted without it, and cannot be created anew",
    "until it is filled in.",
)
_OTHERWISE_DEFAULT = (
    "The project's list does not show what is a GAP here. The JWK is adopted without it, and would be created anew",
    "with what is the default.",
)


class NoManifestError(Exception):
    """A JWK that no resource can stand for; the text says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the JWKs of one import share.

    `project` is None where the connection names it, and `namespace` where it is left to whoever applies the manifests.
    """

    connection: ConnectionRef
    project: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A field of a spec that is to be filled in, and how; `needed` tells whether a create call needs it."""

    field: str
    text: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Adoptable:
    """A listed JWK as a spec that adopts it, apart from what the JWKs of an import share."""

    source_type: SourceType
    spec: Mapping[str, Any]
    gaps: Sequence[Gap]


def read_entry(remote_name: str, entry: RemoteEntry) -> Adoptable:
    """Turn an entry of the list into a spec. Raises `NoManifestError` where the API server would refuse any."""
    if not _is_text(remote_name):
        raise NoManifestError("its name holds a character that kubectl cannot carry; rename it in Apinizer")
    shown = _shown(remote_name, entry)
    unfit = {field for field in _CAN_BE_LEFT_OUT if not _is_text(shown.get(field, ""))}
    if _WITH_USER.match(shown.get("url", "")):
        unfit.add("url")
    while refusals := _refusals(shown, without=unfit):
        if not refusals.keys() & _CAN_BE_LEFT_OUT:
            raise NoManifestError("; ".join(refusals.values()))
        unfit |= refusals.keys() & _CAN_BE_LEFT_OUT  # some rules are checked only once there is nothing else
    spec = {field: value for field, value in shown.items() if field not in unfit}
    source_type = SourceType(entry.source_type)
    gaps = [
        *(_unfit(field, entry) for field in shown if field in unfit),
        *(_gap(field, entry) for field in SOURCE_FIELDS if _is_missing(field, source_type, shown)),
    ]
    return Adoptable(source_type, spec, gaps)


def jwk_text(name: str, jwk: Adoptable, place: Place) -> str:
    """Return the manifest that adopts a JWK, by the name of its resource."""
    spec = {field: value for field, value in jwk.spec.items() if (field, value) != ("name", name)}
    return (
        yaml_text({"apiVersion": API_VERSION, "kind": "JWK", "metadata": _metadata(name, place.namespace)})
        + "spec:\n"
        + yaml_text(spec, 2)
        + "".join(f"  {line}\n" for line in _told(jwk.gaps))
        + yaml_text(_policies(place), 2)
    )


def connection_text(
    reference: ConnectionRef, namespace: str | None, spec: Mapping[str, Any], needs: Sequence[str]
) -> str:
    """Return the manifest of a connection. `needs` are the commands that make what it refers to."""
    comment = (
        "# What this refers to is not here, as tokens belong in no file under version control. To make it where it is",
        "# missing, from a file for each value:",
        *(f"#   {command}" for command in needs),
    )
    metadata = _metadata(reference.name, namespace if reference.kind is ConnectionKind.NAMESPACED else None)
    manifest = {"apiVersion": API_VERSION, "kind": reference.kind.value, "metadata": metadata, "spec": dict(spec)}
    return "".join(f"{line}\n" for line in comment) + yaml_text(manifest)


def count_gaps(text: str) -> int:
    """Return how many gaps a manifest has."""
    return sum(line.lstrip().startswith(_GAP) for line in text.splitlines())


def _metadata(name: str, namespace: str | None) -> dict[str, str]:
    return {"name": name, **({"namespace": namespace} if namespace else {})}


def _policies(place: Place) -> dict[str, Any]:
    """Return what is the same for every JWK; the connection only where it is not the one that is meant anyway."""
    reference = place.connection.model_dump(mode="json", exclude_defaults=True)
    return {
        **({"connectionRef": reference} if reference else {}),
        **({"projectName": place.project} if place.project else {}),
        "adoptionPolicy": AdoptionPolicy.IF_MATCHING.value,
        "deletionPolicy": DeletionPolicy.RETAIN.value,
    }


# --- the spec, and what is missing from it ------------------------------------------------------------------------


def _shown(remote_name: str, entry: RemoteEntry) -> dict[str, str]:
    """Return what the list shows, as fields of a spec. An absent description and an empty one are the same there."""
    linked = entry.source_type == SourceType.URL
    shown = {
        "name": remote_name,
        "description": entry.description or None,
        "sourceType": entry.source_type,
        "url": entry.source_url if linked else None,
        "kid": entry.kid if linked or entry.source_type == SourceType.COPY_PASTE else None,
    }
    return {field: value for field, value in shown.items() if value is not None}


def _is_text(value: str) -> bool:
    """Whether a string gets from the list to the API server as it is."""
    return _LOST.search(value) is None


def _refusals(shown: Mapping[str, str], without: Container[str]) -> dict[str, str]:
    """Return what the API server would have against a spec that adopts, by the field."""
    spec = {field: value for field, value in shown.items() if field not in without}
    spec["adoptionPolicy"] = AdoptionPolicy.IF_MATCHING.value
    manifest = {"apiVersion": API_VERSION, "kind": "JWK", "metadata": {"name": "any"}, "spec": spec}
    refusals = [refusal for refusal in admit(manifest).refusals if refusal.path]
    return {refusal.path.removeprefix("spec."): refusal.message for refusal in reversed(refusals)}


def _is_missing(field: SourceField, source_type: SourceType, shown: Mapping[str, str]) -> bool:
    """Whether a field is one that the list never shows, or should have. One kid is shown, or there is none.

    `jwkStrFrom` and `jwkStr` are two ways for one thing.
    """
    return source_type in field.belongs_to and field.name not in shown and field.name not in ("kid", "jwkStr")


def _unfit(field: str, entry: RemoteEntry) -> Gap:
    """Say why what the list shows is left out. Nothing is lost by that but the comparison with it."""
    if field == "url" and _WITH_USER.match(entry.source_url or ""):
        why = "the address in Apinizer holds a user name or password, which belong in no file"
    else:
        why = f"what the list shows is nothing that spec.{field} can hold"
    return Gap(field, f"{why}; it stays in Apinizer as it is", needed=field == "url")


def _gap(field: SourceField, entry: RemoteEntry) -> Gap:
    if field.name == "jwkStrFrom":
        how = "name the Secret with the JWK or JWK Set: {secretKeyRef: {name: NAME, key: KEY}}"
        return Gap(field.name, f"{how}; or set jwkStr, if the key is public")
    if field.remedy is None:
        meaning = (JWKSpec.model_fields[_python_name(field.name)].description or "").removesuffix(". URL only.")
        how = "set another value before the first apply, as it cannot change afterwards"
        return Gap(field.name, f"{meaning[0].lower()}{meaning[1:]}; {how}", needed=False)
    return Gap(field.name, _remedy(field.name, field.remedy, entry))


def _remedy(field: str, remedy: str, entry: RemoteEntry) -> str:
    """Return how to fill a gap, with what the list tells of the field after all."""
    known = {key_type.value: key_type for key_type in KeyType}
    if field == "algorithm" and entry.type in known:
        fitting = (f"{', '.join(by_type[known[entry.type]])} for {use.value}" for use, by_type in ALGORITHMS.items())
        return f"{remedy.partition(',')[0]}: {'; '.join(fitting)}"
    if field == "generate":
        shown = [f"{what} {quoted(value)}" for what, value in (("type", entry.type), ("kid", entry.kid)) if value]
        return f"{remedy}; the list shows {' and '.join(shown)}" if shown else remedy
    return remedy


def _python_name(field: str) -> str:
    return next(name for name, info in JWKSpec.model_fields.items() if info.alias == field)


def _told(gaps: Iterable[Gap]) -> Iterator[str]:
    given = list(gaps)
    if given:
        about = _CANNOT_BE_CREATED if any(gap.needed for gap in given) else _OTHERWISE_DEFAULT
        yield from (f"# {line}" for line in about)
    yield from (f"{_GAP} {gap.field}: {gap.text}" for gap in given)
