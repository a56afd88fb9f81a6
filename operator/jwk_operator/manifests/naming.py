"""Names of resources, and so of their files, for JWKs whose names in Apinizer are whatever people typed. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Container, Mapping

_LONGEST = 63
_SHORTEST_DIGEST = 8
_NAMELESS = "jwk"
_BESIDE = frozenset({"connection", "kustomization"})
"""Files that stand beside those of the JWKs."""
_UNDECOMPOSED = str.maketrans({"\N{LATIN SMALL LETTER DOTLESS I}": "i", "ß": "ss", "ø": "o", "æ": "ae", "ł": "l"})
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
"""What Windows takes for a device, whatever comes after a dot."""


def resource_names(remote: Collection[str], known: Mapping[str, str], taken: Collection[str] = ()) -> dict[str, str]:
    """Return a name of a resource for each name in Apinizer: a DNS label (RFC 1123), safe as a file's name.

    Where several come to the same label, the one that is that label has it, and the others get a digest of their name
    in Apinizer, whatever their order. A name in `known` keeps the resource's name that stands beside it there; no other
    gets that, or one that is taken.
    """
    names = {name: known[name] for name in remote if name in known}
    used = {*known.values(), *taken} | _BESIDE | _DEVICES
    labels = {name: _label(name) for name in sorted(set(remote) - set(names))}
    sharing = Counter(labels.values())
    names |= {
        name: label
        for name, label in labels.items()
        if label and label not in used and (name == label or sharing[label] == 1)
    }
    used.update(names.values())
    for name, label in labels.items():
        if name not in names:
            names[name] = _told_apart(name, label or _NAMELESS, used)
            used.add(names[name])
    return names


def _label(name: str) -> str:
    parts = unicodedata.normalize("NFKD", name.lower().translate(_UNDECOMPOSED))
    plain = "".join(character for character in parts if not unicodedata.combining(character))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].rstrip("-")


def _told_apart(name: str, label: str, used: Container[str]) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    candidates = (
        f"{label[: _LONGEST - 1 - length].rstrip('-')}-{digest[:length]}"
        for length in range(_SHORTEST_DIGEST, _LONGEST - 1)
    )
    return next(candidate for candidate in candidates if candidate not in used)
