"""What the operator's imports leave in resident memory, by package.

    python -m benchmarks.profile.imports

Each module counts for its own package: what it imports in turn is taken off. Pages that the memory allocator still had
at hand cost nothing, so that only figures of some 100 KB say anything.
"""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

_PAGE = os.sysconf("SC_PAGE_SIZE")
_STATM = Path("/proc/self/statm")
_BUILT_IN = "(standard library)"

Pages = tuple[int, int]
"""Anonymous and file-backed."""


class Costs:
    """What has been loaded since `install`: pages by package, and how many modules."""

    def __init__(self) -> None:
        self.pages: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.modules: Counter[str] = Counter()
        self._inner: list[Pages] = [(0, 0)]

    def install(self) -> None:
        """Measure every import from now on."""
        for loader, methods in ((SourceFileLoader, ["exec_module"]), (ExtensionFileLoader, ["create_module"])):
            for method in methods:
                setattr(loader, method, self._measured(getattr(loader, method)))

    def _measured(self, load: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def measured(loader: Any, target: Any) -> Any:
            before = _resident()
            self._inner.append((0, 0))
            try:
                return load(loader, target)
            finally:
                inner, after = self._inner.pop(), _resident()
                whole = after[0] - before[0], after[1] - before[1]
                package = _package(str(loader.name))
                self.modules[package] += 1
                for part in (0, 1):
                    self.pages[package][part] += whole[part] - inner[part]
                outer = self._inner[-1]
                self._inner[-1] = outer[0] + whole[0], outer[1] + whole[1]

        return measured


def _package(module: str) -> str:
    name = module.partition(".")[0]
    return _BUILT_IN if name in sys.stdlib_module_names else name


def _resident() -> Pages:
    fields = _STATM.read_text().split()
    resident, shared = int(fields[1]), int(fields[2])
    return resident - shared, shared


def _text(costs: Costs, before: Pages, after: Pages) -> str:
    lines = [f"{'MB, anonymous':>14} {'file-backed':>12} {'modules':>8}"]
    rows = [("the interpreter", [*before], 0)]
    rows += [(package, pages, costs.modules[package]) for package, pages in costs.pages.items()]
    rest = [after[part] - sum(pages[part] for _, pages, _ in rows) for part in (0, 1)]
    rows.append(("(what is between the modules)", rest, 0))
    rows.sort(key=lambda row: -sum(row[1]))
    rows.insert(0, ("all", [*after], costs.modules.total()))
    for package, (anonymous, backed), modules in rows:
        lines.append(f"{anonymous * _PAGE / 1e6:14.1f} {backed * _PAGE / 1e6:12.1f} {modules:8}  {package}")
    return "\n".join(lines)


def main() -> None:
    """Import what the operator's command imports, and print what that cost."""
    costs, before = Costs(), _resident()
    costs.install()
    from jwk_operator.cli.main import main as program

    program.get_command(click.Context(program), "run")
    if find_spec("uvloop"):
        import uvloop  # noqa: F401 - which the operator imports when it starts

    print(_text(costs, before, _resident()))


if __name__ == "__main__":
    main()
