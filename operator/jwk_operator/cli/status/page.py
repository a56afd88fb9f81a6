"""A `Board` as one HTML page that needs nothing else: style and script are in it, and it loads nothing.

Every text that comes from the cluster goes through `_text`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import Final

from jwk_operator.cli.status.board import (
    Board,
    Connection,
    Delivery,
    Health,
    Jwk,
    Outcome,
    Problem,
    alike,
    counted,
    jwks_by_group,
    problems,
    worst_first,
)
from jwk_operator.cli.status.words import NAMED, NO_LIVE_VIEW, RENEW, SIGNS, connection_name, remaining, summary

_FEW: Final = 6
"""Environments up to which there is room for words in the matrix; the signs have a legend."""


def page(board: Board) -> str:
    """Return the whole page."""
    style, script = _own_file("page.css"), _own_file("page.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    body = "".join((_head(board), "<main id=main>", *_sections(board), "</main>"))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{_text(_title(board))}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
{body}
<script>{script}</script>
</body>
</html>
"""


def _own_file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    """Name a style or script in the page's policy, so that no other one has any effect."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _text(text: object) -> str:
    return escape(str(text))


def _title(board: Board) -> str:
    bad = board.total.total() - board.total[Health.READY]
    return f"{bad} of {board.total.total()} JWKs not ready" if bad else "JWKs in Apinizer"


def _head(board: Board) -> str:
    return (
        '<a class="skip" href="#main">Skip to what needs a look</a>'
        "<header><h1>JWKs in Apinizer</h1>"
        f"<p>{_text(summary(board))}</p>"
        f"<p class=quiet>As of {_time(board.time)}</p>"
        f"{''.join(f'<p>Note: {_text(note)}.</p>' for note in board.notes)}</header>"
    )


def _sections(board: Board) -> Iterator[str]:
    if board.jwks:
        yield _filter(board)
    yield from _problems(board)
    if board.jwks:
        yield _matrix(board)
    if board.connections:
        yield _connections(board)
    if board.jwks:
        yield from _details(board)


def _filter(board: Board) -> str:
    """Return the form that the script brings to life; without it there is none."""
    counts = counted(jwk.health for jwk in board.jwks)
    choices = [("", f"all <b>{counts.total()}</b>")]
    choices += [(str(one), f"{_mark(one)} {one} <b>{count}</b>") for one, count in counts.items()]
    radios = "".join(
        f'<label class="{_kind(value)}"><input type=radio name=health value="{value}"{"" if value else " checked"}>'
        f"<span>{label}</span></label>"
        for value, label in choices
    )
    return (
        "<form id=filter role=search aria-label=JWKs hidden>"
        "<label for=words>Filter</label><input id=words type=search autocomplete=off spellcheck=false "
        'placeholder="name, namespace, project, reason">'
        f"<fieldset><legend>State</legend>{radios}</fieldset><output id=count for=words></output></form>"
    )


def _problems(board: Board) -> Iterator[str]:
    found = problems(board)
    connections = [one for one in board.connections if one.troubled(board.time)]
    if not found and not connections:
        yield '<p class="calm"><span class=ready aria-hidden=true>✓</span> Nothing needs a look.</p>'
        return
    yield "<section aria-labelledby=problems><h2 id=problems>Needs a look</h2>"
    for connection in sorted(connections, key=lambda one: worst_first(one.health)):
        yield _connection_problem(connection, board.time)
    rows = {jwk.title: (number, jwk) for number, jwk in enumerate(board.jwks)}
    for problem in found:
        yield _problem(problem, [rows[name] for name in problem.names])
    yield "</section>"


def _problem(problem: Problem, rows: list[tuple[int, Jwk]]) -> str:
    links = [f"<a href=#jwk-{number}>{_text(jwk.title)}</a>" for number, jwk in rows]
    more = links[NAMED:]
    rest = f"<details><summary>{len(more)} more</summary>{', '.join(more)}</details>" if more else ""
    message = "" if problem.health is Health.READY else problem.message
    return (
        f'<article class="{_kind(problem.health)}" {_filtered(problem.health, *(jwk for _, jwk in rows))}>'
        f"<h3>{_sign(problem.health)} {', '.join(links[:NAMED])} {_reason(problem.reason)}</h3>{rest}"
        f"{_paragraph(message)}{_outcomes(problem.failures)}{_remedy(problem.remedy)}</article>"
    )


def _connection_problem(connection: Connection, now: datetime) -> str:
    title = f"connection {connection.title}"
    if connection.health is Health.READY:
        return (
            f'<article class="in-progress"><h3><span class="sign progress" role=img aria-label=warning>!</span> '
            f"{_text(title)}: its token ends {_text(_remaining(connection, now))}</h3>{_remedy(RENEW)}</article>"
        )
    return (
        f'<article class="{_kind(connection.health)}">'
        f"<h3>{_sign(connection.health)} {_text(title)} {_reason(connection.reason)}</h3>"
        f"{_paragraph(connection.message)}{_remedy(connection.remedy)}</article>"
    )


def _matrix(board: Board) -> str:
    environments = board.environments
    heads = "".join(f"<th scope=col class=environment><span>{_text(name)}</span></th>" for name in environments)
    rows = "".join(_group(board, environments))
    narrow = " class=narrow" if len(environments) > _FEW else ""
    return (
        "<section><h2 id=matrix>JWKs by environment</h2>"
        f"{_legend(board)}<div class=scroll tabindex=0 role=region aria-labelledby=matrix>"
        f"<table aria-labelledby=matrix{narrow}>"
        f"<caption>{_text(NO_LIVE_VIEW)}</caption>"
        f"<thead><tr><th scope=col>JWK</th><th scope=col>State</th><th scope=col>Reason</th>{heads}</tr></thead>"
        f"{rows}</table></div></section>"
    )


def _group(board: Board, environments: tuple[str, ...]) -> Iterator[str]:
    numbers = {jwk.title: number for number, jwk in enumerate(board.jwks)}
    for (namespace, _, project), jwks in jwks_by_group(board).items():
        via = f"{connection_name(jwks[0])} · {project or 'no project'}"
        yield (
            f"<tbody><tr class=group><th scope=rowgroup colspan={3 + len(environments)}>{_text(namespace)} "
            f"<span class=quiet>{_text(via)}</span></th></tr>"
        )
        for jwk in jwks:
            cells = "".join(_cell(jwk.outcome(name)) for name in environments)
            yield (
                f"<tr {_filtered(jwk.health, jwk)}>"
                f"<th scope=row><a href=#jwk-{numbers[jwk.title]}>{_text(jwk.name)}</a></th>"
                f'<td class="{_kind(jwk.health)}">{_mark(jwk.health)} {jwk.health}</td>'
                f"<td>{_text(jwk.reason)}</td>{cells}</tr>"
            )
        yield "</tbody>"


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return f"<td class=cell><span aria-hidden=true>·</span>{_hidden('not one of its environments')}</td>"
    hint = f' title="{_text(outcome.message)}"' if outcome.delivery.failed and outcome.message else ""
    return (
        f'<td class="cell {_kind(outcome.delivery)}"{hint}>{_mark(outcome.delivery)}'
        f"<span class=word>{outcome.delivery}</span></td>"
    )


def _legend(board: Board) -> str:
    present = {outcome.delivery for jwk in board.jwks for outcome in jwk.outcomes}
    shown = (f'<li class="{_kind(one)}">{_mark(one)} {one}</li>' for one in Delivery if one in present)
    return f"<ul class=legend aria-label=Legend>{''.join(shown)}</ul>" if present else ""


def _connections(board: Board) -> str:
    heads = ("Connection", "State", "Reason", "Address", "Project", "Token ends", "JWKs")
    columns = "".join(f"<th scope=col>{head}</th>" for head in heads)
    rows = "".join(
        f"<tr><th scope=row>{_text(one.title)}</th>"
        f'<td class="{_kind(one.health)}">{_mark(one.health)} {one.health}</td>'
        f"<td>{_text(one.reason)}{' (read-only)' if one.read_only else ''}</td>"
        f"<td>{_text(one.address)}</td><td>{_text(one.project or '-')}</td><td>{_token(one, board.time)}</td>"
        f"<td class=number>{'-' if one.jwks is None else one.jwks}</td></tr>"
        for one in board.connections
    )
    return (
        "<section><h2 id=connections>Connections</h2>"
        "<div class=scroll tabindex=0 role=region aria-labelledby=connections><table aria-labelledby=connections>"
        f"<caption class=unseen>Connections</caption><thead><tr>{columns}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _details(board: Board) -> Iterator[str]:
    """Yield everything about each JWK; a link to what is folded up unfolds it."""
    yield "<section aria-labelledby=details><h2 id=details>Details</h2>"
    for number, jwk in enumerate(board.jwks):
        yield (
            f"<details {_filtered(jwk.health, jwk)}><summary>{_sign(jwk.health)} {_text(jwk.title)} "
            f"{_reason(jwk.reason)}</summary><div id=jwk-{number}>{_facts(jwk, board.time)}</div></details>"
        )
    yield "</section>"


def _token(connection: Connection, now: datetime) -> str:
    ends = _text(_remaining(connection, now))
    return f"<b class=progress>! {ends}</b>" if connection.token_ends_soon(now) else ends


def _remaining(connection: Connection, now: datetime) -> str:
    return remaining(connection.token_expires_at, now) if connection.token_expires_at else "-"


def _facts(jwk: Jwk, now: datetime) -> str:
    due = jwk.next_attempt_at
    facts = {
        "State": _text(f"{jwk.health}, {jwk.reason}" if jwk.reason else jwk.health),
        "Message": _text(jwk.message),
        "Connection": _text(connection_name(jwk)),
        "Project": _text(jwk.project),
        "Name in Apinizer": _text(jwk.remote_name),
        "Description": _text(jwk.description),
        "Source": _text(jwk.source),
        "Key": _text(" ".join(filter(None, [jwk.key_type, f"kid {jwk.kid}" if jwk.kid else ""]))),
        "Last write": _text(jwk.last_operation),
        "Next attempt": _time(due) if due and due > now else "",
        "Environments": _outcomes(jwk.outcomes),
    }
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{value}</dd>' for name, value in facts.items() if value)}</dl>"


def _outcomes(outcomes: Iterable[Outcome]) -> str:
    shown = "".join(
        f'<li class="{_kind(one.delivery)}">{_mark(one.delivery)} <b>{_text(one.environment)}</b> {one.delivery}'
        f"{f' <span class=quiet>since {_time(one.since)}</span>' if one.since else ''}"
        f"{f': {_text(one.message)}' if one.message else ''}</li>"
        for one in alike(outcomes)
    )
    return f"<ul class=outcomes>{shown}</ul>" if shown else ""


def _remedy(remedy: str) -> str:
    return f"<p class=remedy><b>What to do:</b> {_text(remedy)}</p>" if remedy else ""


def _paragraph(text: str) -> str:
    return f"<p>{_text(text)}</p>" if text else ""


def _reason(reason: str) -> str:
    return f"<span class=reason>{_text(reason)}</span>" if reason else ""


def _filtered(health: Health, *jwks: Jwk) -> str:
    """Return what the script finds JWKs by."""
    words = (
        (jwk.title, jwk.connection[2], jwk.project, jwk.remote_name, jwk.reason, jwk.source, jwk.kid) for jwk in jwks
    )
    return f'data-health="{health}" data-text="{_text(" ".join(word for one in words for word in one).lower())}"'


def _mark(value: Health | Delivery) -> str:
    return f"<span class=sign aria-hidden=true>{SIGNS[value]}</span>"


def _sign(health: Health) -> str:
    """Return the sign of a health, with a name where no word stands beside it."""
    return f'<span class="sign {_kind(health)}" role=img aria-label="{health}">{SIGNS[health]}</span>'


def _kind(value: str) -> str:
    return value.replace(",", "").replace(" ", "-")


def _hidden(text: str) -> str:
    return f"<span class=unseen>{_text(text)}</span>"


def _time(time: datetime) -> str:
    utc = time.astimezone(UTC)
    return f'<time datetime="{utc:%Y-%m-%dT%H:%M:%SZ}">{utc:%Y-%m-%d %H:%M} UTC</time>'
