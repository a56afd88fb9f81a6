"""What an import has to write into a folder, given what is there already. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import yaml
from pydantic import ValidationError

from jwk_operator.api.base import GROUP
from jwk_operator.api.jwk import ConnectionKind, ConnectionRef, SourceType
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.manifests.kustomization import NAMES, KustomizationError, extended, kustomization_text
from jwk_operator.manifests.naming import resource_names
from jwk_operator.manifests.writing import Adoptable, NoManifestError, Place, count_gaps, jwk_text, read_entry

CONNECTION = "connection.yaml"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class FolderError(Exception):
    """A file of the folder does not go with the import; the text names it."""


@dataclass(slots=True)
class Outcome:
    """What comes of an import. Files are named within the folder; names of JWKs are those in Apinizer."""

    write: dict[str, str] = field(default_factory=dict)
    same: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Files that differ from what would be written, and stay as they are."""
    elsewhere: dict[str, str] = field(default_factory=dict)
    """Files of another name than import gives them, by the name of each JWK that they describe."""
    gone: dict[str, str] = field(default_factory=dict)
    """Files that describe JWKs which are not in Apinizer any more, by the name of each."""
    refused: dict[str, str] = field(default_factory=dict)
    """Why no resource can stand for a JWK, by its name."""
    jwks: Counter[SourceType] = field(default_factory=Counter)
    gaps: Counter[SourceType] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Described:
    file: str
    name: str


def plan_import(
    entries: Mapping[str, RemoteEntry],
    place: Place,
    connection: str,
    there: Mapping[str, str],
    *,
    force: bool = False,
) -> Outcome:
    """Say what to write for the JWKs that a project's list shows; `connection` is the text of its file.

    `there` are the texts of the folder's files by name; those that differ are kept, unless by `force`. Raises
    `FolderError`.
    """
    outcome = Outcome()
    adoptable: dict[str, Adoptable] = {}
    for remote_name, entry in sorted(entries.items()):
        try:
            adoptable[remote_name] = read_entry(remote_name, entry)
        except NoManifestError as error:
            outcome.refused[remote_name] = str(error)
    described = _described(there, place)
    _check_connection(connection, there)
    outcome.gone = {name: known.file for name, known in sorted(described.items()) if name not in entries}
    _put(outcome, CONNECTION, connection, there, force)
    files = []
    for remote_name, name in _names(adoptable, described, there).items():
        jwk, own = adoptable[remote_name], f"{name}.yaml"
        file = described[remote_name].file if remote_name in described else own
        files.append(file)
        if file == own:
            text = _put(outcome, own, jwk_text(name, jwk, place), there, force)
        else:  # somebody keeps it in another file
            outcome.elsewhere[remote_name] = file
            text = ""
        outcome.jwks[jwk.source_type] += 1
        outcome.gaps[jwk.source_type] += count_gaps(text)
    _list(outcome, [CONNECTION, *sorted(set(files))], there)
    outcome.kept.sort()
    return outcome


def _put(outcome: Outcome, file: str, text: str, there: Mapping[str, str], force: bool) -> str:
    """Have a file written where that is right, and return what it holds then."""
    if there.get(file) == text:
        outcome.same.append(file)
    elif file in there and not force:
        outcome.kept.append(file)
        return there[file]
    else:
        outcome.write[file] = text
    return text


def _list(outcome: Outcome, files: list[str], there: Mapping[str, str]) -> None:
    """Have the kustomization list the files; it is the one file that is changed where it differs."""
    name = next((name for name in NAMES if name in there), NAMES[0])
    try:
        text = extended(there[name], files) if name in there else kustomization_text(files)
    except KustomizationError as error:
        raise FolderError(f"{name}: {error}") from None
    _put(outcome, name, text, there, force=True)


def _names(
    remote: Mapping[str, Adoptable], described: Mapping[str, _Described], there: Mapping[str, str]
) -> dict[str, str]:
    """Return the resources' names by those in Apinizer, in the order of the former."""
    known = {name: item.name for name, item in described.items()}
    names = resource_names(list(remote), known, [PurePath(file).stem for file in there])
    return dict(sorted(names.items(), key=lambda item: item[1]))


def _described(there: Mapping[str, str], place: Place) -> dict[str, _Described]:
    """Return by their names in Apinizer the JWKs of this connection and project that the folder describes."""
    found: dict[str, _Described] = {}
    for file, text in sorted(there.items()):
        for manifest in (item for item in _ours(file, text) if item["kind"] == "JWK"):
            spec, name = manifest["spec"], str(manifest["metadata"]["name"])
            if _is_at(place, spec):
                found.setdefault(str(spec.get("name") or name), _Described(file, name))
    return found


def _check_connection(text: str, there: Mapping[str, str]) -> None:
    """Make sure that the folder's connection, which is kept where it differs, is the one that the JWKs refer to."""
    if CONNECTION in there and _identities(there[CONNECTION]).isdisjoint(wanted := _identities(text)):
        kind, name, project = wanted.pop()
        what = f'{kind} {name}, project "{project}"' if project else f"{kind} {name}"
        raise FolderError(f"{CONNECTION} is not about {what}; choose another folder")


def _identities(text: str) -> set[tuple[str, str, str | None]]:
    return {
        (item["kind"], item["metadata"]["name"], item["spec"].get("projectName"))
        for item in _ours(CONNECTION, text)
        if item["kind"] in list(ConnectionKind)
    }


def _is_at(place: Place, spec: Mapping[str, Any]) -> bool:
    try:
        reference = ConnectionRef.model_validate(spec.get("connectionRef") or {})
    except ValidationError:
        return False
    return reference == place.connection and spec.get("projectName") == place.project


def _ours(file: str, text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of the API group that a file holds."""
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}, line {mark.line + 1}" if mark else file
        raise FolderError(f"{where}: it is not valid YAML; correct it or remove it") from None
    for item in documents:
        match item:
            case {"apiVersion": str(version), "kind": str(), "metadata": {"name": str()}, "spec": dict()}:
                if version.startswith(f"{GROUP}/"):
                    yield item
