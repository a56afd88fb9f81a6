"""Command line: ``python -m demo [--keep] [--dir DIR]``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from controlplane import BinariesError, ControlPlaneError
from demo.errors import DemoError
from demo.flow import Demo
from demo.manifests import ROOT

_SIGNAL_BASE = 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit status: 1 when an outcome is not as expected or the demo cannot go on."""
    options = _parser().parse_args(arguments)
    # also where SIGINT is ignored, as in a shell's background job
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(_SIGNAL_BASE + number))
    try:
        return Demo(options.dir, keep=options.keep).run()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it once more at its end
        return _SIGNAL_BASE + signal.SIGPIPE
    except (DemoError, ControlPlaneError, BinariesError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted", file=sys.stderr)
        return _SIGNAL_BASE + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description="The operator at work, on this machine alone")
    keep = os.environ.get("KEEP", "") not in ("", "0")
    folder = ROOT / "build" / "demo"
    parser.add_argument("--keep", action="store_true", default=keep, help="stay until Ctrl-C (or set KEEP=1)")
    parser.add_argument("--dir", type=Path, default=folder, help="folder for its files while it runs (build/demo)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
