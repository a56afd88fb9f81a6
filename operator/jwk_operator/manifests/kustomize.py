"""Folders that kustomize makes manifests of: known by a file, built by the program that the user has."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jwk_operator.manifests.documents import SyntaxProblemError, read_yaml

_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_PROGRAMS = (("kubectl", "kustomize"), ("kustomize", "build"))
_SECONDS = 120
_LONGEST = 300


class BuildError(Exception):
    """A folder cannot be built; the text says why."""


def kustomization_in(folder: Path) -> Path | None:
    """Return the file that makes a folder one for kustomize."""
    return next((folder / name for name in _FILES if (folder / name).is_file()), None)


def build(folder: Path) -> str:
    """Return the manifests of a folder. Raises `BuildError`."""
    for program, verb in _PROGRAMS:
        found = shutil.which(program)
        if found is not None:
            return _run([found, verb, str(folder)], program)
    raise BuildError(
        "this folder is for kustomize, and neither kubectl nor kustomize is on the PATH to build it: install one of "
        "them, or pipe the output of `kubectl kustomize` in and give - as path"
    )


def patches_in(kustomization: Path) -> Iterator[Path]:
    """Yield the files that a kustomization takes for patches: they are no whole objects."""
    try:
        content = read_yaml(kustomization.read_text(encoding="utf-8")).content
    except (OSError, ValueError, SyntaxProblemError):
        return
    for name in _patch_names(content if isinstance(content, dict) else {}):
        yield (kustomization.parent / name).resolve()


def _patch_names(content: dict[str, Any]) -> Iterator[str]:
    for entry in _entries(content, "patchesStrategicMerge"):
        if isinstance(entry, str) and "\n" not in entry:
            yield entry
    for entry in (*_entries(content, "patches"), *_entries(content, "patchesJson6902")):
        if isinstance(entry, dict) and isinstance(entry.get("path"), str):
            yield entry["path"]


def _entries(content: dict[str, Any], name: str) -> list[Any]:
    found = content.get(name)
    return found if isinstance(found, list) else []


def _run(command: list[str], program: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{program} cannot build it: {type(error).__name__}") from None
    if done.returncode != 0:
        # what follows the first line may quote the files, and what is in them may be secret
        first = next((line for line in done.stderr.splitlines() if line.strip()), f"exit status {done.returncode}")
        raise BuildError(
            f"{program} cannot build it: {first.removeprefix('Error: ').removeprefix('error: ')[:_LONGEST]}"
        )
    return done.stdout
