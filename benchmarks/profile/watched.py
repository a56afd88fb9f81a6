"""The operator as it ships, in a process that tells what it has in memory when it is asked by a signal.

    python -m benchmarks.profile.watched FOLDER run --all-namespaces ...

What follows FOLDER is the operator's own command line. The first SIGNAL writes FOLDER/1.json, the second FOLDER/2.json:
names of types and of places in the code with their numbers, and no value of anything. With PYTHONTRACEMALLOC set, a
snapshot also has what each line of code has allocated. The operator knows nothing of this; it has SIGUSR1 and SIGUSR2
for its log.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import json
import signal
import sys
import sysconfig
import tracemalloc
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

SIGNAL = signal.SIGRTMIN

_PR_SET_PTRACER = 0x59616D61
_ANYBODY = ctypes.c_ulong(-1)
_SITES = 400

Types = dict[str, list[int]]
"""How many there are of a type, and how many bytes they take, by the type's name."""


def main() -> None:
    """Run the operator's command line. Does not return, as no command of click does."""
    folder, sys.argv = Path(sys.argv[1]), ["jwk-operator", *sys.argv[2:]]
    numbers = itertools.count(1)

    def tell(_number: int, _frame: FrameType | None) -> None:
        found = snapshot()
        target = folder / f"{next(numbers)}.json"
        target.with_suffix(".part").write_text(json.dumps(found))
        target.with_suffix(".part").rename(target)

    signal.signal(SIGNAL, tell)
    if sys.platform == "linux":  # lets a profiler look in that is no parent of this process, where Yama asks for that
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)
    from jwk_operator.cli.main import main as operator

    operator(prog_name="jwk-operator")


def snapshot() -> dict[str, Any]:
    """Return what is in memory now, after everything that nobody needs is gone."""
    while gc.collect():
        pass
    blocks = sys.getallocatedblocks()
    found: dict[str, Any] = {"blocks": blocks, "types": _types()}
    if tracemalloc.is_tracing():
        found["sites"] = _sites()
    return found


def _types() -> Types:
    """Count objects by type. Those that the collector does not know are counted by their holder: ``str in dict``."""
    found: Types = defaultdict(lambda: [0, 0])
    for name, size in _objects():
        found[name][0] += 1
        found[name][1] += size
    return dict(found)


def _objects() -> Iterator[tuple[str, int]]:
    known = gc.get_objects()
    seen = {id(item) for item in known}
    seen |= {id(known), id(seen)}
    for item in known:
        yield _name(type(item)), sys.getsizeof(item)
        held = [(thing, _name(type(item))) for thing in gc.get_referents(item)]
        while held:
            thing, holder = held.pop()
            if id(thing) not in seen:
                seen.add(id(thing))
                yield f"{_name(type(thing))} in {holder}", sys.getsizeof(thing)
                held += [(inner, holder) for inner in gc.get_referents(thing)]


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _sites() -> Types:
    """Return blocks and bytes by line of code, the largest first."""
    roots = sorted({*map(str, sys.path), *sysconfig.get_paths().values()}, key=len, reverse=True)
    statistics = tracemalloc.take_snapshot().statistics("lineno")
    return {_short(line.traceback[0], roots): [line.count, line.size] for line in statistics[:_SITES]}


def _short(frame: tracemalloc.Frame, roots: list[str]) -> str:
    file = frame.filename
    for root in roots:
        if root and file.startswith(root + "/"):
            file = file[len(root) + 1 :]
            break
    return f"{file}:{frame.lineno}"


if __name__ == "__main__":
    main()
