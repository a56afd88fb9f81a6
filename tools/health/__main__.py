"""`python -m health [--check]` in the project's folder: writes the page and Argo CD's test cases, or finds drift."""

from __future__ import annotations

import sys
from pathlib import Path

from generated import write_or_check
from health import argocd, page

PAGE = Path("docs/reference/health.md")


def files(root: Path) -> dict[Path, str]:
    """Return the text of every generated file by its path in the project's folder."""
    return {PAGE: page.render(), **argocd.render(), argocd.CONFIG: argocd.render_config(root)}


def main(arguments: list[str] | None = None, root: Path = Path()) -> int:
    """Write the files, or with `--check` return 1 if one is not what it would be written as, or is not written."""
    wanted = files(root)
    written = [path.relative_to(root) for path in (root / argocd.FOLDER).glob("**/testdata/*.yaml")]
    return write_or_check("health", arguments, root, wanted, [path for path in written if path not in wanted])


if __name__ == "__main__":
    sys.exit(main())
