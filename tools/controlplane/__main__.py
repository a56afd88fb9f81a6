"""Command line: ``python -m controlplane up DIR | down DIR | run -- CMD... | binaries``."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from controlplane.background import down, up
from controlplane.binaries import BinariesError, find_binaries
from controlplane.errors import ControlPlaneError
from controlplane.plane import ControlPlane
from controlplane.supervisor import die_with_parent

_NOT_FOUND = 127
_NOT_EXECUTABLE = 126
_SIGNAL_BASE = 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status: 0, that of ``run``'s command, or 1 with one line on stderr."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.action(options)
    except (ControlPlaneError, BinariesError, OSError) as error:
        print(f"controlplane: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _SIGNAL_BASE + signal.SIGINT
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m controlplane", description="Kubernetes control plane on loopback")
    actions = parser.add_subparsers(required=True, metavar="COMMAND")
    audit_help = "keep an audit log (DIR/audit.log) with one line for each request"
    action = actions.add_parser("up", help="start in the background and print the kubeconfig's path")
    action.add_argument("folder", metavar="DIR", type=Path)
    action.add_argument("--audit", action="store_true", help=audit_help)
    action.set_defaults(action=_up)
    action = actions.add_parser("down", help="stop what up started and remove its files")
    action.add_argument("folder", metavar="DIR", type=Path)
    action.set_defaults(action=_down)
    action = actions.add_parser("run", help="start, run a command with KUBECONFIG set, stop, exit with its status")
    action.add_argument("--audit", action="store_true", help="keep an audit log; AUDIT_LOG names it")
    action.add_argument("command", metavar="CMD", nargs=argparse.REMAINDER, help="after --")
    action.set_defaults(action=_run)
    action = actions.add_parser("binaries", help="build or find the binaries and print their folder")
    action.set_defaults(action=_binaries)
    return parser


def _up(options: argparse.Namespace) -> int:
    kubeconfig = up(options.folder, options.audit, _progress())
    print(kubeconfig)
    return 0


def _down(options: argparse.Namespace) -> int:
    done = down(options.folder)
    print("down" if done else "already down", file=sys.stderr)
    return 0


def _binaries(_: argparse.Namespace) -> int:
    print(find_binaries().apiserver.parent)
    return 0


def _run(options: argparse.Namespace) -> int:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise ControlPlaneError("no command to run: run [--audit] -- CMD...")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_SIGNAL_BASE + signal.SIGTERM))
    with ControlPlane(audit=options.audit, progress=_progress()) as plane:
        environment = {**os.environ, "KUBECONFIG": str(plane.kubeconfig)}
        if plane.audit_log is not None:
            environment["AUDIT_LOG"] = str(plane.audit_log)
        return _run_command(command, environment)


def _run_command(command: list[str], environment: dict[str, str]) -> int:
    try:
        process = subprocess.Popen(command, env=environment, preexec_fn=die_with_parent(signal.SIGTERM, os.getpid()))
    except OSError as error:
        print(f"controlplane: {command[0]}: {error.strerror}", file=sys.stderr)
        return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
    try:
        code = _wait_through_interrupts(process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    return code if code >= 0 else _SIGNAL_BASE - code


def _wait_through_interrupts(process: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the terminal sent it to the command as well, which decides
            continue


def _progress() -> Callable[[str], None]:
    started = time.monotonic()

    def say(step: str) -> None:
        text = step if step == "already up" else f"starting {step} ({time.monotonic() - started:.1f} s)"
        print(f"controlplane: {text}", file=sys.stderr, flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main())
