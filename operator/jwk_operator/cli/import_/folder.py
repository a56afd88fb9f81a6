"""The folder that an import writes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from jwk_operator.manifests.kustomization import NAMES

_ENDINGS = (".yaml", ".yml")


def read_folder(folder: Path) -> dict[str, str]:
    """Return the texts of the manifests and the kustomization in a folder, which need not exist. Raises
    `click.ClickException`.
    """
    if not folder.exists():
        return {}
    try:
        return {
            path.name: path.read_text(encoding="utf-8", errors="replace")
            for path in sorted(folder.iterdir())
            if path.is_file() and (path.suffix in _ENDINGS or path.name in NAMES)
        }
    except OSError as error:
        raise _problem(folder, error) from error


def write_folder(folder: Path, files: Mapping[str, str], step: Callable[[], None]) -> None:
    """Write files, each whole or not at all; `step` is called after each. Raises `click.ClickException`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            draft = folder / f".{name}.part"
            draft.write_text(text, encoding="utf-8", newline="\n")
            draft.replace(folder / name)
            step()
    except OSError as error:
        raise _problem(folder, error) from error


def _problem(folder: Path, error: OSError) -> click.ClickException:
    return click.ClickException(f"--into {folder} cannot be used: {error.strerror}; name another folder")
