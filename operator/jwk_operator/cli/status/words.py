"""Signs and short texts that the views of a `Board` share. Each sign has a shape of its own: colours only repeat it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from jwk_operator.cli.status.board import Board, Delivery, Health, Jwk, Outcome, in_words
from jwk_operator.cli.status.grid import Cell
from jwk_operator.cli.wording import count

if TYPE_CHECKING:
    from rich.text import Text

SIGNS: dict[Health | Delivery, str] = {
    Health.READY: "✓",
    Health.IN_PROGRESS: "…",
    Health.NOT_READY: "-",
    Health.STALLED: "✗",
    Delivery.DEPLOYED: "✓",
    Delivery.FAILED: "✗",
    Delivery.EXCUSED: "!",
    Delivery.NOT_REPORTED: "?",
    Delivery.NOT_REQUIRED: "-",
}
STYLES: dict[Health | Delivery, str] = {
    Health.READY: "green",
    Health.IN_PROGRESS: "yellow",
    Health.NOT_READY: "yellow",
    Health.STALLED: "bold red",
    Delivery.DEPLOYED: "green",
    Delivery.FAILED: "bold red",
    Delivery.EXCUSED: "yellow",
    Delivery.NOT_REPORTED: "yellow",
    Delivery.NOT_REQUIRED: "dim",
}
NO_LIVE_VIEW = "Environments are as the last write to each JWK reported them; nobody has looked at them since."
RENEW = "Put a new token into its Secret before the old one ends."
NAMED = 5
"""How many JWKs with the same problem are named."""


def summary(board: Board) -> str:
    """Say in one line how many there are of what."""
    total = board.total.total()
    if not total:
        elsewhere = "" if board.everywhere else " -A looks in all namespaces."
        return f"No JWKs in {board.where}.{elsewhere}"
    text = f"{count(total, 'JWK')} in {board.where}: {in_words(board.total)}."
    connections = board.total_connections.total()
    if connections:
        text += f" {count(connections, 'connection')}: {in_words(board.total_connections)}."
    hidden = total - len(board.jwks)
    return f"{text} Those that are ready are not shown." if hidden else text


def styled(text: str, style: str = "") -> Text:
    """Return text as it is: whatever looks like markup of rich stays."""
    from rich.text import Text

    return Text(text, style=style)


def sign(value: Health | Delivery, *, word: bool = True) -> Text:
    """Return the sign of a value with its word, or alone."""
    return styled(*sign_cell(value, word=word))


def sign_cell(value: Health | Delivery, *, word: bool = True) -> Cell:
    """Return the same for a grid."""
    return f"{SIGNS[value]} {value}" if word else SIGNS[value], STYLES[value]


def outcome_cell(outcome: Outcome | None, *, word: bool = True) -> Cell:
    """Return what the matrix says of an environment."""
    return ("·", "dim") if outcome is None else sign_cell(outcome.delivery, word=word)


def remaining(ends: datetime, now: datetime) -> str:
    """Say how long it is until a time, roughly."""
    seconds = (ends - now).total_seconds()
    if seconds <= 0:
        return f"ended {ends:%Y-%m-%d}"
    days, hours, minutes = int(seconds // 86400), int(seconds // 3600), int(seconds // 60)
    return f"in {days} d" if days >= 2 else f"in {hours} h" if hours >= 2 else f"in {minutes} min"


def connection_name(jwk: Jwk) -> str:
    """Name the connection of a JWK as it is called in its namespace."""
    _, namespace, name = jwk.connection
    return name if namespace else f"{name} (cluster-wide)"
