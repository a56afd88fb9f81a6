"""Files that are generated: one command writes them, and with `--check` the same command finds those that drifted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def write_or_check(
    program: str,
    arguments: Sequence[str] | None,
    root: Path,
    wanted: Mapping[Path, str],
    left_over: Iterable[Path] = (),
) -> int:
    """Write what is wanted and remove what is left over, or with `--check` name both and return 1 if there is any.

    Paths are within `root`, the project's folder.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description="Writes generated files.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file has drifted")
    check = parser.parse_args(arguments).check
    drifted, stale = [path for path, text in wanted.items() if _differs(root / path, text)], list(left_over)
    for path in drifted if not check else ():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(wanted[path], encoding="utf-8")
    for path in stale if not check else ():
        (root / path).unlink()
    for path in (*drifted, *stale) if check else ():
        print(f"{path.as_posix()} has drifted: run make generate", file=sys.stderr)
    return 1 if check and (drifted or stale) else 0


def _differs(path: Path, text: str) -> bool:
    return not path.is_file() or path.read_text(encoding="utf-8") != text
