"""`python -m docsite [--out DIR]` in the project's folder: builds the site into build/site; a warning is an error."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from sphinx.cmd.build import build_main

from docsite.stage import LinkError, stage

HERE = Path(__file__).parent


def build(root: Path, out: Path) -> int:
    """Build the site anew and return Sphinx's exit status. Raises `LinkError`."""
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        source, doctrees = Path(folder, "source"), Path(folder, "doctrees")
        stage(root, source)
        options = ["--fail-on-warning", "--keep-going", "--quiet", "-b", "html", "-c", str(HERE), "-d", str(doctrees)]
        return build_main([*options, str(source), str(out)])


def main(arguments: list[str] | None = None, root: Path = Path()) -> int:
    """Build and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m docsite", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/site"), help="where to (build/site)")
    options = parser.parse_args(arguments)
    try:
        status = build(root, options.out)
    except LinkError as error:
        print(f"docsite: {error}", file=sys.stderr)
        return 1
    if status == 0:
        print(f"The site is in {options.out}: open {options.out / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
