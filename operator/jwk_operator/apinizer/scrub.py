"""Texts from outside, made fit to be shown: free of secrets, of changing ids, of control characters, and short."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

_LONGEST = 500
_WINDOW = 8
_MASK = "***"
_CHANGING = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"  # a request id
    r"|\b[0-9a-fA-F]{24,}\b"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
)
# A private member of a JWK (RFC 7518 section 6, RFC 8037 section 2), also where the JSON is a string within JSON, and
# also where the end of the text was cut off.
_PRIVATE_MEMBER = re.compile(r'("(?:d|p|q|dp|dq|qi|r|t|k)\\*"\s*:\s*\\*")[^"]*')


def presentable(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` as it may appear in a condition, an event or a log.

    Every piece of eight or more characters that also occurs in one of `secrets` is masked, and a shorter one
    wherever it stands whole, so that no secret and no part of one gets through. The private members of a JWK are masked
    in any case, since Apinizer makes keys that nobody here knows. Ids and times that change from call to call are
    replaced, since a message must be stable while its cause is the same.
    """
    for secret in secrets:
        for form in dict.fromkeys((secret, quote(secret, safe=""))):  # in one order, as the text must be stable
            text = _without(text, form)
    text = _CHANGING.sub("…", text)
    text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    text = _PRIVATE_MEMBER.sub(rf"\1{_MASK}", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _without(text: str, secret: str) -> str:
    if len(secret) < _WINDOW:
        return text.replace(secret, _MASK) if len(secret) >= 3 else text
    starts = [start for start in range(len(text) - _WINDOW + 1) if text[start : start + _WINDOW] in secret]
    if not starts:
        return text
    hidden = [False] * len(text)
    for start in starts:
        hidden[start : start + _WINDOW] = [True] * _WINDOW
    result, masked = [], False
    for character, hide in zip(text, hidden, strict=True):
        if not hide:
            result.append(character)
        elif not masked:
            result.append(_MASK)
        masked = hide
    return "".join(result)


class Secret:
    """A secret value whose repr and str show nothing. `reveal` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value; call this where it is used, and keep the result no longer than that."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__
