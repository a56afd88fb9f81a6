"""Values that must not be shown, wherever they stand in the manifests: a key pasted into a wrong field, say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from jwk_operator.admission.golang import quote
from jwk_operator.api.base import API_VERSION
from jwk_operator.api.crd import RESOURCES
from jwk_operator.manifests.fields import base64_text, mapping
from jwk_operator.reconcile.keymaterial import PRIVATE_MEMBERS, private_values

_MEMBER = re.compile(rf'"(?:{"|".join(sorted(PRIVATE_MEMBERS))})\\*"\s*:\s*\\*"([^"\\]+)')
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)(?:-----END|\Z)", re.DOTALL)
_USER = re.compile(r"//([^/?#\s]*)@")
_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")')
_SHORTEST = 4
"""What is shorter is no secret, and hiding it would hide half of the text."""


def secret_values(contents: Iterable[dict[str, Any]]) -> list[str]:
    """Return the values to hide, the longest first, and how they look where Go has quoted them."""
    found = {value for content in contents for value in _within(content) if len(value) >= _SHORTEST}
    return sorted(found | {quote(value)[1:-1] for value in found}, key=lambda value: (-len(value), value))


def without(text: str, secrets: Iterable[str]) -> str:
    """Return a text with the values masked."""
    for secret in secrets:
        if secret in _own_words():
            text = "".join(
                part.replace(secret, "***") if part.startswith('"') else part for part in _QUOTED.split(text)
            )
        else:
            text = text.replace(secret, "***")
    return text


@cache
def _own_words() -> frozenset[str]:
    """Return the words of the rules' own messages: outside of quotation marks they tell nothing of a value."""
    messages = [rule.message for resource in RESOURCES for rule in resource.rules]
    names = [API_VERSION, *(resource.kind for resource in RESOURCES)]
    return frozenset(word for text in (*messages, *names) for word in re.findall(r"\w+", text))


def _within(content: dict[str, Any]) -> Iterator[str]:
    if content.get("kind") == "Secret":
        yield from _of_secret(content)
    for value in _texts(content):
        yield from private_values(value)
        yield from _MEMBER.findall(value)
        yield from (line for block in _PEM.findall(value) for line in re.split(r"\s|\\n", block))
        yield from (part for user in _USER.findall(value) for part in (user, *user.split(":", 1)))


def _of_secret(content: dict[str, Any]) -> Iterator[str]:
    for value in map(str, mapping(content, "stringData").values()):
        yield from (value, *value.splitlines())
    for value in map(str, mapping(content, "data").values()):
        yield value
        decoded = base64_text(value)
        yield from (decoded, *decoded.splitlines()) if decoded else ()


def _texts(node: Any) -> Iterator[str]:
    """Yield every text within, names of fields too, and the members of a key that is written as YAML."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict):
        for name, item in node.items():
            yield name
            if name in PRIVATE_MEMBERS and isinstance(item, str):
                yield f'"{name}":"{item}'
            yield from _texts(item)
