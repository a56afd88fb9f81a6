"""`python -m benchmarks.profile [--jwks N] [--into FOLDER]`: where the operator's CPU time and memory go.

Three runs of the operator as it ships, each in a world of its own: one under py-spy, over a backlog of N JWKs, new
descriptions for all, and the deletion of all; one that is asked for its objects; and one with tracemalloc, which slows
too much to be a part of either. What is written has names of functions, types and lines of code, and numbers.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.profile.memory import growth, largest
from benchmarks.profile.stacks import flame_graph, own_time, parse, table, tables
from benchmarks.profile.watching import Course, Watched
from benchmarks.world import World, new_world
from harness.processes import BIN, Process
from harness.waiting import until

_RATE = 200
_FUNCTIONS, _TYPES, _SITES = 30, 40, 40
_FIRST = 10
_REFUSED = """\
py-spy may not look into another process here, so there is no CPU profile. It needs to be root, or to have the right to
trace processes: in a container add the capability SYS_PTRACE; where /proc/sys/kernel/yama/ptrace_scope is 2 or 3, an
administrator has to lower it to 1. What it said:

"""


def main() -> int:
    """Write the profiles; 1 when py-spy was refused, which the memory does not need."""
    options = _options()
    options.into.mkdir(parents=True, exist_ok=True)
    refused = None
    try:
        first = _cpu(options.jwks, options.into)
    except PermissionError as error:
        first, refused = "", str(error)
    first += "\n" + _memory(options.jwks, options.into)
    print("\n".join(["Written:", *(f"  {file}" for file in sorted(options.into.iterdir())), "", first]))
    if refused is not None:
        print(_REFUSED + refused, file=sys.stderr)
    return 1 if refused is not None else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description="CPU and memory of the operator")
    parser.add_argument("--jwks", type=int, default=1000, help="how many JWKs (1000)")
    parser.add_argument("--into", type=Path, default=Path("build/profile"), help="folder to write to (build/profile)")
    return parser.parse_args()


@contextmanager
def _run(*, traced: bool = False) -> Iterator[tuple[World, Watched]]:
    """A world, and the operator that is to be started in it."""
    with tempfile.TemporaryDirectory(prefix="profile-") as name, new_world(Path(name)) as world:
        folder = Path(name) / "operator"
        folder.mkdir()
        operator = Watched(world, folder, traced=traced)
        try:
            yield world, operator
        finally:
            if operator.running:
                operator.kill()


def _cpu(jwks: int, into: Path) -> str:
    """Record the whole course. Raises PermissionError when the system does not allow that."""
    raw, resident = into / "cpu.collapsed", []
    raw.unlink(missing_ok=True)
    with _run() as (world, operator):
        course, all_of_them = Course(world), range(jwks)
        course.create(all_of_them)
        _say(f"CPU: start, backlog, new descriptions and deletion of {jwks} JWKs")
        operator.start(wait=False)
        spy = _spy(operator.process.pid, raw.absolute(), world.folder)
        course.wait_reports(all_of_them)
        resident.append(f"after the backlog: {operator.resident()}")
        course.describe(all_of_them)
        course.wait_reports(all_of_them)
        resident.append(f"after new descriptions: {operator.resident()}")
        course.delete(all_of_them)
        resident.append(f"after the deletion: {operator.resident()}")
        operator.stop()
        spy.wait()
    stacks = parse(raw.read_text())
    title = f"{jwks} JWKs: start, backlog, new descriptions, deletion; {sum(stacks.values())} samples, {_RATE} a second"
    (into / "cpu.svg").write_text(flame_graph(stacks, title))
    (into / "cpu.txt").write_text("\n".join([title, *resident, "", tables(stacks, _FUNCTIONS)]))
    return f"Own time of functions\n{table(own_time(stacks), sum(stacks.values()), _FIRST)}"


def _spy(pid: int, raw: Path, folder: Path) -> Process:
    options = ["--pid", str(pid), "--rate", str(_RATE), "--function", "--format", "raw", "--output", str(raw)]
    spy = Process([str(BIN / "py-spy"), "record", *options], folder / "py-spy.log")
    until(lambda: spy.returncode is not None or "Sampling process" in spy.text(), "py-spy begins")
    if spy.returncode is not None:
        raise PermissionError(spy.text())
    return spy


def _memory(jwks: int, into: Path) -> str:
    """Write what is in memory by type and by line of code, and what imports cost; return what grows most."""
    _say(f"memory: objects by type, with no JWK and with {jwks}")
    text = [*_grown(jwks, traced=False)]
    first = "\n".join(text[-1].splitlines()[: _FIRST + 1])
    _say("memory: by line of code, with tracemalloc")
    text += _grown(jwks, traced=True)
    command = [sys.executable, "-m", "benchmarks.profile.imports"]
    imports = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    text += ["\nResident memory after the imports, by package\n", imports]
    (into / "memory.txt").write_text("".join(text))
    return f"Live objects by type, for each JWK\n{first}"


def _grown(jwks: int, *, traced: bool) -> Iterator[str]:
    """Tell what is there without any JWK, and what with so many settled ones; what grew comes last."""
    with _run(traced=traced) as (world, operator):
        course = Course(world)
        operator.start()
        resident, before = operator.resident(), operator.snapshot()
        course.create(range(jwks))
        course.wait_reports(range(jwks))
        operator.wait_idle()
        # a snapshot leaves free memory behind, so that what is resident says nothing after the first one
        after = operator.snapshot()
        operator.stop()
    if traced:
        yield "\nBlocks and bytes by the line of code that allocated them, with no JWK\n"
        yield largest(before.sites, _SITES)
        yield f"\nWhat is more with {jwks} JWKs settled, for each\n"
        yield growth(before.sites, after.sites, jwks, _SITES)
    else:
        yield f"With no JWK: {resident}, {before.blocks} blocks.\n"
        yield f"With {jwks} settled: {(after.blocks - before.blocks) / jwks:.1f} blocks more for each.\n"
        yield "(cpu.txt has what is resident then: here it would have what counting took, too.)\n"
        yield "\nLive objects by type, with no JWK; those that the collector does not know, by what holds them\n"
        yield largest(before.types, _TYPES)
        yield f"\nWhat is more with {jwks} JWKs settled, for each\n"
        yield growth(before.types, after.types, jwks, _TYPES)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
