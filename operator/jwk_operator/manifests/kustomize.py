"""Folders that kustomize makes manifests of: known by a file, built by the program that the user has."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jwk_operator.manifests.documents import read_yaml

_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_GROUP = "kustomize.config.k8s.io/"
_PROGRAMS = (("kubectl", "kustomize"), ("kustomize", "build"))
_SECONDS = 120
_LONGEST = 300
_LOGGED = re.compile(r'E[0-9 ]+[0-9:.]+ +[0-9]+ \S+] "command failed" err="(.*)"')


class BuildError(Exception):
    """A folder cannot be built; the text says why."""


def kustomization_in(folder: Path) -> Path | None:
    """Return the file that makes a folder one for kustomize. Flux has a kind of its own that is often called so."""
    found = next((folder / name for name in _FILES if (folder / name).is_file()), None)
    if found is None or not str(_content(found).get("apiVersion", _GROUP)).startswith(_GROUP):
        return None
    return found


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
    for name in _patch_names(_content(kustomization)):
        yield (kustomization.parent / name).resolve()


def _content(kustomization: Path) -> dict[str, Any]:
    try:
        content = read_yaml(kustomization.read_text(encoding="utf-8")).content
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


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
        raise BuildError(f"{program} cannot build it: {_reason(done.stderr) or f'exit status {done.returncode}'}")
    return done.stdout


def _reason(stderr: str) -> str:
    """Return what went wrong. What follows the first line or is said to be a value may be secret."""
    first = next((line for line in stderr.splitlines() if line.strip()), "")
    logged = _LOGGED.fullmatch(first)
    text = logged[1] if logged else first.removeprefix("Error: ").removeprefix("error: ")
    return text.partition("value:")[0][:_LONGEST].strip()
