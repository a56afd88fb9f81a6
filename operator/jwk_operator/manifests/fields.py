"""Fields of manifests that no schema has judged: they may hold anything. Pure."""

from __future__ import annotations

import base64
from typing import Any


def mapping(content: Any, name: str) -> dict[str, Any]:
    """Return a field that should be an object, and an empty one where it is none."""
    found = content.get(name) if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}


def text(content: dict[str, Any], name: str) -> str:
    """Return a field that should be a text, and an empty one where it is none."""
    found = content.get(name)
    return found if isinstance(found, str) else ""


def secret_texts(secret: dict[str, Any]) -> dict[str, str | None]:
    """Return the entries of a Secret, None for one that is no text; `stringData` counts where `data` has it, too."""
    encoded = {name: base64_text(value) for name, value in mapping(secret, "data").items()}
    return encoded | {name: str(value) for name, value in mapping(secret, "stringData").items()}


def base64_text(value: object) -> str | None:
    """Return the text of an entry in a Secret's `data`; None for what is none."""
    try:
        return base64.b64decode("".join(str(value).split()), validate=True).decode()
    except ValueError:
        return None
