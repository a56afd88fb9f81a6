"""Programs built from Go modules that stand in this repository, once for each version, into a folder of the cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

NEEDED_GO = "1.26.7"
"""The oldest release that takes every module's go.mod; the pages name it as well."""


class BuildError(RuntimeError):
    """A program is not at hand and cannot be built; the text says what is missing and what helps."""


@dataclass(frozen=True, slots=True)
class Build:
    """How to build one program: the folder of its module, the package in it, flags and tags, and how long it takes."""

    module: Path
    package: str
    usual_time: str
    ldflags: str = "-s -w"
    tags: str = ""


def cache_folder(name: str, version: str, files: Iterable[Path]) -> Path:
    """Return the cache's folder for exactly these contents of files, which may not exist yet.

    It is `$XDG_CACHE_HOME/jwk-operator/NAME/VERSION-HASH`, with `~/.cache` by default.
    """
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "jwk-operator" / name / f"{version}-{digest.hexdigest()[:12]}"


def build_missing(folder: Path, builds: Mapping[str, Build], remedy: str) -> None:
    """Build what a folder lacks; progress goes to standard error.

    `remedy` says what helps where Go is not installed. Raises `BuildError`.
    """
    if all((folder / name).is_file() for name in builds):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / ".lock"):
        missing = [name for name in builds if not (folder / name).is_file()]
        for position, name in enumerate(missing, start=1):
            time_needed = builds[name].usual_time
            _say(f"[{position}/{len(missing)}] building {name} from its Go modules ({time_needed}, once)")
            _build_one(name, builds[name], folder, remedy)


def _build_one(name: str, build: Build, folder: Path, remedy: str) -> None:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as work:
        target = Path(work) / name
        log = folder / f"{name}.log"
        command = [find_go(name, remedy), "build", "-buildvcs=false", "-mod=readonly", "-trimpath"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "-tags", build.tags, "-ldflags", build.ldflags, "-o", str(target), build.package],
                cwd=build.module,
                env={**os.environ, "GOTMPDIR": work},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _show_progress(process, name, started)
        if process.returncode != 0:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise BuildError(f"go build of {name} failed (see {log}):\n{tail}")
        target.replace(folder / name)
        log.unlink()
    _say(f"    built {name} in {time.monotonic() - started:.0f} s")


def _show_progress(process: subprocess.Popen[bytes], name: str, started: float) -> None:
    try:
        while process.poll() is None:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                _say(f"    still building {name}: {time.monotonic() - started:.0f} s")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def find_go(name: str, remedy: str = "") -> str:
    """Return the path of Go's command. Raises `BuildError`, which says what cannot be had without it."""
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found is None:
        raise BuildError(f"{name} is not cached and Go is not installed; install Go {NEEDED_GO} or newer{remedy}")
    return found


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """Hold an exclusive lock, so that two checkouts never build into the same folder at once."""
    with path.open("wb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another process is building the same; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
