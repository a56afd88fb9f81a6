"""Small things that every command says in the same way. Pure."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def printable(text: str) -> str:
    """Return a text of somebody else's that keeps to its line and leaves a terminal alone."""
    return "".join(character if character.isprintable() else "?" for character in text)
