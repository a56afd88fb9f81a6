"""`python -m kindcluster COMMAND...`: run a command with KUBECONFIG and JWK_OPERATOR_IMAGE.

Where both are set, the command gets these. Otherwise the image is built, a cluster made by kind and the image loaded
into it; the cluster is deleted when the command has ended, when something fails, and when it is interrupted. The status
is that of the command; 69 (EX_UNAVAILABLE) when something is missing that this takes; 1 when another step fails.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from kindcluster.tools import Engine, MissingError, find_engine

ROOT = Path(__file__).parents[2]
IMAGE = "localhost/jwk-operator:e2e"
UNAVAILABLE = 69

_VARIABLES = ("KUBECONFIG", "JWK_OPERATOR_IMAGE")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SIGNAL_BASE = 128
_GRACE = 20.0


class StepError(Exception):
    """A step besides the command failed."""


def main(command: Sequence[str] | None = None) -> int:
    """Run the command and return the exit status."""
    command = sys.argv[1:] if command is None else command
    if not command:
        print("usage: python -m kindcluster COMMAND...", file=sys.stderr)
        return os.EX_USAGE
    if all(os.environ.get(name) for name in _VARIABLES):
        os.execvp(command[0], list(command))  # noqa: S606 - the command is what this is for
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    try:
        return _run(command, find_engine())
    except MissingError as error:
        print(f"{error}\nor set {' and '.join(_VARIABLES)} to a cluster and an image that it has", file=sys.stderr)
        return UNAVAILABLE
    except StepError as error:
        print(f"kindcluster: {error}", file=sys.stderr)
        return 1


def _run(command: Sequence[str], engine: Engine) -> int:
    """Run the command in a cluster of its own, which is deleted however this ends."""
    name = f"jwk-operator-e2e-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        kubeconfig, archive = Path(folder) / "kubeconfig", Path(folder) / "image.tar"
        _step((engine.name, "build", "--tag", IMAGE, str(ROOT)))
        try:
            _kind(engine, "create", "cluster", "--name", name, "--kubeconfig", str(kubeconfig), "--wait", "180s")
            _step((engine.name, "save", "--output", str(archive), IMAGE))
            _kind(engine, "load", "image-archive", str(archive), "--name", name)
            archive.unlink(missing_ok=True)
            return _call(command, {"KUBECONFIG": str(kubeconfig), "JWK_OPERATOR_IMAGE": IMAGE})
        finally:
            for number in _SIGNALS:
                signal.signal(number, _ignore)  # a second Ctrl-C would leave the cluster behind
            _kind(engine, "delete", "cluster", "--name", name, "--kubeconfig", str(kubeconfig))


def _kind(engine: Engine, *arguments: str) -> None:
    _step(("kind", *arguments), engine.variables)


def _step(command: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
    status = _call(command, variables or {})
    if status != 0:
        raise StepError(f"{' '.join(command)} ended with {status}")


def _call(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a command in a session of its own, so that an interrupt is this process's to pass on; return its status."""
    print(f"$ {' '.join(command)}", file=sys.stderr, flush=True)
    process = subprocess.Popen(list(command), env={**os.environ, **variables}, start_new_session=True)
    try:
        status = process.wait()
    except BaseException:
        _end(process)
        raise
    return status if status >= 0 else _SIGNAL_BASE - status


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command with everything that it has started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    print(f"\nkindcluster: interrupted by {signal.Signals(number).name}", file=sys.stderr)
    sys.exit(_SIGNAL_BASE + number)


def _ignore(number: int, _: FrameType | None) -> None:
    """Do nothing: what is ignored by the system's means, children would ignore as well."""


if __name__ == "__main__":
    sys.exit(main())
