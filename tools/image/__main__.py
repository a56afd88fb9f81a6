"""`python -m image system` and `python -m image sbom`, as the Dockerfile runs them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from image import sbom, system


def main(arguments: list[str] | None = None) -> None:
    """Make one part of the image."""
    parser = argparse.ArgumentParser(prog="python -m image", description=__doc__)
    parser.add_argument("part", choices=("system", "sbom"))
    parser.add_argument("--application", type=Path, required=True, help="the operator's virtual environment")
    parser.add_argument("--system", type=Path, required=True, help="the root that it will run on, made or to be made")
    parser.add_argument("--report", type=Path, help="pip's report of what it installed there, for the SBOM")
    parser.add_argument("--output", type=Path, help="where the SBOM goes")
    parser.add_argument("--epoch", type=int, default=0, help="the SBOM's time in seconds since 1970; 0 for none")
    options = parser.parse_args(arguments)
    if options.part == "system":
        system.assemble(options.system, options.application)
        return
    report = json.loads(options.report.read_text(encoding="utf-8"))
    found = sbom.document(options.application, options.system, report, options.epoch)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=2, sort_keys=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
