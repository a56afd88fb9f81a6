"""Writes what is generated from the models: `python -m jwk_operator.api.generate [--check]` in the project's folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jwk_operator.api.crd import render_folder
from jwk_operator.api.reference import render_reference

CRDS = Path("crds")
REFERENCE = Path("docs/reference")


def generated_files() -> dict[Path, str]:
    """Return the text of every generated file by its path within the project."""
    crds = {CRDS / name: text for name, text in render_folder().items()}
    return crds | {REFERENCE / name: text for name, text in render_reference().items()}


def drifted(root: Path) -> list[Path]:
    """Return the files of a project that are not what they would be generated as, or are left over."""
    wanted = generated_files()
    differing = {path for path, text in wanted.items() if not _holds(root / path, text)}
    left_over = {path.relative_to(root) for path in (root / CRDS).glob("*") if path.relative_to(root) not in wanted}
    return sorted(differing | left_over)


def write(root: Path) -> None:
    """Write every generated file."""
    for path, text in generated_files().items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with `--check` list those that drifted and return 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m jwk_operator.api.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file has drifted")
    parser.add_argument("--root", type=Path, default=Path(), help="the project's folder; default is the current one")
    options = parser.parse_args(arguments)
    if not options.check:
        write(options.root)
        return 0
    paths = drifted(options.root)
    for path in paths:
        print(f"{path.as_posix()} has drifted: run python -m jwk_operator.api.generate", file=sys.stderr)
    return 1 if paths else 0


if __name__ == "__main__":
    sys.exit(main())
