"""`python -m reference [--check]` in the project's folder: writes three pages of docs/reference, or finds drift."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reference import alerts, cli, metrics

FOLDER = Path("docs/reference")


def files(root: Path) -> dict[Path, str]:
    """Return the text of every page by its path in the project's folder."""
    pages = {"alerts.md": alerts.render(root), "cli.md": cli.render(), "metrics.md": metrics.render()}
    return {FOLDER / name: text for name, text in pages.items()}


def main(arguments: list[str] | None = None, root: Path = Path()) -> int:
    """Write the pages, or with `--check` return 1 if one is not what it would be written as."""
    parser = argparse.ArgumentParser(prog="python -m reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page has drifted")
    options = parser.parse_args(arguments)
    wanted = files(root)
    drifted = [
        path for path, text in wanted.items() if not (root / path).is_file() or (root / path).read_text() != text
    ]
    for path in drifted:
        if options.check:
            print(f"{path.as_posix()} has drifted: run make generate", file=sys.stderr)
        else:
            (root / path).write_text(wanted[path], encoding="utf-8")
    return 1 if options.check and drifted else 0


if __name__ == "__main__":
    sys.exit(main())
