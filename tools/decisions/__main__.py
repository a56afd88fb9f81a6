"""`python -m decisions [--check]` in the project's folder: writes docs/reference/decisions.md, or finds drift."""

from __future__ import annotations

import sys
from pathlib import Path

from decisions.page import render
from generated import write_or_check

PAGE = Path("docs/reference/decisions.md")


def main(arguments: list[str] | None = None, root: Path = Path()) -> int:
    """Write the page, or with `--check` return 1 if it is not what it would be written as."""
    return write_or_check("decisions", arguments, root, {PAGE: render()})


if __name__ == "__main__":
    sys.exit(main())
