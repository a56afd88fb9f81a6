"""`python -m decisions [--check]` in the project's folder: writes docs/reference/decisions.md, or finds drift."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from decisions.page import render

PAGE = Path("docs/reference/decisions.md")


def main(arguments: list[str] | None = None, root: Path = Path()) -> int:
    """Write the page, or with `--check` return 1 if it is not what it would be written as."""
    parser = argparse.ArgumentParser(prog="python -m decisions", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page has drifted")
    options = parser.parse_args(arguments)
    path, text = root / PAGE, render()
    if not options.check:
        path.write_text(text, encoding="utf-8")
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE.as_posix()} has drifted: run make generate", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
