"""What tests of plans share: manifests in a folder, and output without what is random."""

from __future__ import annotations

import json
import re
from pathlib import Path

from harness.objects import Object
from harness.space import Space


def write(folder: Path, *objects: Object) -> None:
    """Write manifests, each into a file of its own."""
    folder.mkdir(exist_ok=True)
    for item in objects:
        file = folder / f"{item['kind'].lower()}-{item['metadata']['name']}.json"
        file.write_text(json.dumps(item))


def shown(text: str, space: Space) -> str:
    """Return output without what is random: names of namespace and project, hashes, and gaps that follow from these."""
    text = text.replace(f"ApinizerConnection/{space.name}/default", "CONNECTION").replace(space.name, "NAMESPACE")
    text = text.replace(f"/apiops/projects/{space.project}/jwks", "JWKS").replace(space.project, "PROJECT")
    return gapless(re.sub(r"-replaced-[0-9a-f]{8}", "-replaced-HASH", text))


def gapless(text: str) -> str:
    """Return a table with gaps of two blanks, however wide its columns are."""
    return re.sub(r" {2,}", "  ", text)
