"""`python -m reference [--check]` in the project's folder: writes three pages of docs/reference, or finds drift."""

from __future__ import annotations

import sys
from pathlib import Path

from generated import write_or_check
from reference import alerts, cli, metrics

FOLDER = Path("docs/reference")


def files(root: Path) -> dict[Path, str]:
    """Return the text of every page by its path in the project's folder."""
    pages = {"alerts.md": alerts.render(root), "cli.md": cli.render(), "metrics.md": metrics.render()}
    return {FOLDER / name: text for name, text in pages.items()}


def main(arguments: list[str] | None = None, root: Path = Path()) -> int:
    """Write the pages, or with `--check` return 1 if one is not what it would be written as."""
    return write_or_check("reference", arguments, root, files(root))


if __name__ == "__main__":
    sys.exit(main())
