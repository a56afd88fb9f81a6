"""`python -m health [--check]` in the project's folder: writes the page and Argo CD's test cases, or finds drift."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from health import argocd, page

PAGE = Path("docs/reference/health.md")


def files(root: Path) -> dict[Path, str]:
    """Return the text of every generated file by its path in the project's folder."""
    return {PAGE: page.render(), **argocd.render(), argocd.CONFIG: argocd.render_config(root)}


def main(arguments: list[str] | None = None, root: Path = Path()) -> int:
    """Write the files, or with `--check` return 1 if one is not what it would be written as, or is not written."""
    parser = argparse.ArgumentParser(prog="python -m health", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file has drifted")
    options = parser.parse_args(arguments)
    wanted = files(root)
    stale = [path.relative_to(root) for path in (root / argocd.FOLDER).glob("**/testdata/*.yaml")]
    stale = [path for path in stale if path not in wanted]
    drifted = [
        path for path, text in wanted.items() if not (root / path).is_file() or (root / path).read_text() != text
    ]
    if options.check:
        for path in (*drifted, *stale):
            print(f"{path.as_posix()} has drifted: run make generate", file=sys.stderr)
        return 1 if drifted or stale else 0
    for path in drifted:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(wanted[path], encoding="utf-8")
    for path in stale:
        (root / path).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
