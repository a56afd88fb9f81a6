"""`python -m gotools NAME...`: build what is not cached, and print a path for each."""

from __future__ import annotations

import argparse
import sys
from typing import get_args

from gotools import BuildError, Tool, find_tool


def main(arguments: list[str] | None = None) -> int:
    """Print the programs' paths; return 1 with the reason when one cannot be built."""
    parser = argparse.ArgumentParser(prog="python -m gotools", description=__doc__)
    parser.add_argument("names", nargs="+", choices=get_args(Tool), metavar="NAME")
    try:
        for name in parser.parse_args(arguments).names:
            print(find_tool(name))
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
