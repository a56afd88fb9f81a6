"""Manifests of a project that exists in Apinizer: what its list shows, and marked gaps for what it does not. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from jwk_operator.api.algorithms import ALGORITHMS, KeyType
from jwk_operator.api.base import API_VERSION
from jwk_operator.api.jwk import AdoptionPolicy, ConnectionKind, ConnectionRef, DeletionPolicy, JWKSpec, SourceType
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.rules_jwk import SOURCE_FIELDS, SourceField
from jwk_operator.manifests.yaml_text import quoted, yaml_text

GAP = "# GAP:"
"""Begins, after blanks, each line that stands for a field which the list does not show."""

_URL = re.compile(
    r"https?://(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    r"(?:[/?](?:[A-Za-z0-9_.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
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


def jwk_text(name: str, remote_name: str, entry: RemoteEntry, place: Place) -> str:
    """Return the manifest that adopts a listed JWK as it is, by the name of its resource and its name in Apinizer.

    Raises `NoManifestError`.
    """
    spec, gaps = _spec_and_gaps(name, remote_name, entry)
    return (
        yaml_text({"apiVersion": API_VERSION, "kind": "JWK", "metadata": _metadata(name, place.namespace)})
        + "spec:\n"
        + yaml_text(spec, 2)
        + "".join(f"  {line}\n" for line in _told(gaps))
        + yaml_text(_policies(place), 2)
    )


def connection_text(
    kind: ConnectionKind, name: str, namespace: str | None, spec: Mapping[str, Any], needs: Sequence[str]
) -> str:
    """Return the manifest of a connection. `needs` are the commands that make what it refers to."""
    comment = (
        "# What this refers to is not here, as tokens belong in no file under version control. To make it where it does",
        "# not exist, with a file for each value:",
        *(f"#   {command}" for command in needs),
    )
    own = namespace if kind is ConnectionKind.NAMESPACED else None
    manifest = {"apiVersion": API_VERSION, "kind": kind.value, "metadata": _metadata(name, own), "spec": dict(spec)}
    return "".join(f"{line}\n" for line in comment) + yaml_text(manifest)


def count_gaps(text: str) -> int:
    """Return how many gaps a manifest has."""
    return sum(line.lstrip().startswith(GAP) for line in text.splitlines())


def check(remote_name: str, entry: RemoteEntry) -> SourceType:
    """Return the source type of a JWK that a resource can stand for. Raises `NoManifestError` for any other."""
    if entry.source_type not in list(SourceType):
        raise NoManifestError(f"this version knows of no source type {quoted(entry.source_type)}")
    why = _refusal(remote_name)
    if why is not None:
        raise NoManifestError(f"its name {why}, which spec.name cannot; rename it in Apinizer")
    return SourceType(entry.source_type)


def _refusal(name: str) -> str | None:
    """Say what is wrong with a name as `remote_name_rules` has it; Z and Cc are categories of Unicode."""
    if name in (".", ".."):
        return "has a meaning of its own in a URL"
    if any(unicodedata.category(character) == "Cc" for character in name):
        return "contains control characters"
    if any(unicodedata.category(character).startswith("Z") for character in (name[:1], name[-1:]) if character):
        return "begins or ends with whitespace"
    if "name" in _misfits({"name": name, "sourceType": SourceType.URL}):
        return "is empty, longer than 255 characters, or no text"
    return None


def _misfits(spec: Mapping[str, Any]) -> set[str]:
    """Return the fields that the model of a spec does not take."""
    try:
        JWKSpec.model_validate(spec)
    except ValidationError as error:
        return {str(item["loc"][0]) for item in error.errors(include_input=False)}
    return set()


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


@dataclass(frozen=True, slots=True)
class _Gap:
    field: str
    text: str
    needed: bool = True
    """Whether a create call needs it."""


def _spec_and_gaps(name: str, remote_name: str, entry: RemoteEntry) -> tuple[dict[str, Any], list[_Gap]]:
    source_type = check(remote_name, entry)
    listed = _listed(name, remote_name, source_type, entry)
    unfit = _misfits(listed)
    if entry.source_url is not None and not _URL.fullmatch(entry.source_url):
        unfit.add("url")
    spec = {field: value for field, value in listed.items() if field not in unfit}
    gaps = [
        *(_unfit(field, entry) for field in listed if field in unfit),
        *(_gap(field, entry) for field in SOURCE_FIELDS if _is_missing(field, source_type, listed)),
    ]
    return spec, gaps


def _listed(name: str, remote_name: str, source_type: SourceType, entry: RemoteEntry) -> dict[str, Any]:
    """Return what the list shows, as fields of a spec. An absent description and an empty one are the same there."""
    linked = source_type is SourceType.URL
    shown = {
        "name": remote_name if remote_name != name else None,
        "description": entry.description or None,
        "sourceType": source_type.value,
        "url": entry.source_url if linked else None,
        "kid": entry.kid if linked or source_type is SourceType.COPY_PASTE else None,
    }
    return {field: value for field, value in shown.items() if value is not None}


def _is_missing(field: SourceField, source_type: SourceType, listed: Mapping[str, Any]) -> bool:
    """Whether a field is one that the list never shows, or should have. One kid is shown, or there is none.

    `jwkStrFrom` and `jwkStr` are two ways for one thing.
    """
    return source_type in field.belongs_to and field.name not in listed and field.name not in ("kid", "jwkStr")


def _unfit(field: str, entry: RemoteEntry) -> _Gap:
    """Say why what the list shows is left out. Nothing is lost by that but the comparison with it."""
    if field == "url" and _WITH_USER.match(entry.source_url or ""):
        why = "the address in Apinizer holds a user name or password, which belong in no file"
    else:
        why = f"what the list shows is nothing that spec.{field} can hold"
    return _Gap(field, f"{why}; it stays in Apinizer as it is", needed=field == "url")


def _gap(field: SourceField, entry: RemoteEntry) -> _Gap:
    if field.name == "jwkStrFrom":
        how = "name the Secret with the JWK or JWK Set: {secretKeyRef: {name: NAME, key: KEY}}; or set jwkStr, if the key"
        return _Gap(field.name, f"{how} is public")
    if field.remedy is None:
        meaning = (JWKSpec.model_fields[_python_name(field.name)].description or "").removesuffix(". URL only.")
        how = "set another value before the first apply, as it cannot change afterwards"
        return _Gap(field.name, f"{meaning[0].lower()}{meaning[1:]}; {how}", needed=False)
    return _Gap(field.name, _remedy(field.name, field.remedy, entry))


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


def _told(gaps: Iterable[_Gap]) -> Iterator[str]:
    given = list(gaps)
    if given:
        about = _CANNOT_BE_CREATED if any(gap.needed for gap in given) else _OTHERWISE_DEFAULT
        yield from (f"# {line}" for line in about)
    yield from (f"{GAP} {gap.field}: {gap.text}" for gap in given)
