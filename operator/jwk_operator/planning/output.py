"""A plan as text for programs and for pull requests. Pure, and the same for the same rows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from jwk_operator.planning.remote import RemoteCall
from jwk_operator.planning.rows import Action, Row, changes, summary_of


def as_json(rows: Sequence[Row]) -> str:
    """Return a plan as one JSON object."""
    plan = {"summary": summary_of(rows), "changes": changes(rows), "rows": [_row(row) for row in rows]}
    return json.dumps(plan, indent=2, ensure_ascii=False)


def _row(row: Row) -> dict[str, Any]:
    remote = {"project": row.remote.project, "name": row.remote.name} if row.remote else None
    return {
        "action": row.action.value,
        "kind": row.kind,
        "namespace": row.namespace,
        "name": row.name,
        "remote": remote,
        "connection": row.connection,
        "calls": [_call(call) for call in row.calls],
        "reason": row.reason,
        "message": row.message,
    }


def _call(call: RemoteCall) -> dict[str, Any]:
    return {
        "method": call.method,
        "path": call.path,
        "name": call.name,
        **({"body": dict(call.body)} if call.body else {}),
    }


def as_markdown(rows: Sequence[Row]) -> str:
    """Return a plan as GitHub and GitLab render it in a comment; what is left as it is, and the calls, are folded."""
    shown = [row for row in rows if row.action is not Action.NOTHING]
    rest = [row for row in rows if row.action is Action.NOTHING]
    parts = [f"**{summary_of(rows)}**"]
    if shown:
        parts.append(_table(shown))
    if rest:
        parts.append(_folded(f"{len(rest)} unchanged", _table(rest)))
    calls = [
        f"- {_code(row.resource)}: {', '.join(_code(_said(call)) for call in row.calls)}" for row in rows if row.calls
    ]
    if calls:
        parts.append(_folded("Calls to Apinizer, in their order for each JWK", "\n".join(calls)))
    return "\n\n".join(parts)


def _table(rows: Sequence[Row]) -> str:
    lines = ["| Action | JWK | In Apinizer | Connection | Why |", "|---|---|---|---|---|"]
    for row in rows:
        action = f"**{row.action.value}**" if row.action is not Action.NOTHING else row.action.value
        named = (_code(text).replace("|", "\\|") for text in (row.resource, row.shown_remote, row.connection))
        cells = (action, *named, _text(row.why))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _folded(title: str, content: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{content}\n\n</details>"


def _said(call: RemoteCall) -> str:
    body = f" {json.dumps(dict(call.body), ensure_ascii=False)}" if call.body else ""
    return f"{call.method} {call.path}{body}"


def _code(text: str) -> str:
    """Return text as code, which nothing in it can end. A pipe would end a cell of a table even there."""
    if not text:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _text(text: str) -> str:
    """Return text in which nothing is markup, and nobody is mentioned."""
    escaped = re.sub(r"([\\`*_{}\[\]<>|~#])", r"\\\1", text)
    return escaped.replace("@", "@<!-- -->")
