"""A plan as text: sentence, exit status, and Markdown that no name and no text can break."""

from __future__ import annotations

import json

import pytest
from markdown_it import MarkdownIt

from jwk_operator.api.names import RemoteName
from jwk_operator.planning.output import as_json, as_markdown
from jwk_operator.planning.remote import RemoteCall
from jwk_operator.planning.rows import CHANGING, Action, Row, exit_status_of, summary_of

CALLING = CHANGING - {Action.ADOPT}
PATH = "/apiops/projects/P/jwks/"


def row(action: Action, name: str = "one", message: str = "Why.", *calls: RemoteCall) -> Row:
    remote, connection = RemoteName("P", name), "ApinizerConnection/team/default"
    return Row(action, "JWK", "team", name, remote, connection, calls, "R", message)


@pytest.mark.parametrize(
    ("actions", "status", "sentence"),
    [
        ([], 0, "nothing to look at."),
        ([Action.NOTHING, Action.RELEASE], 0, "1 to release, 1 unchanged. Nothing to do in Apinizer."),
        ([Action.ADOPT] * 2, 0, "2 to adopt. Nothing to do in Apinizer."),
        ([Action.NOTHING] * 3 + [Action.CONFLICT] * 2, 1, "2 conflicts, 3 unchanged."),
        ([Action.BLOCKED, Action.REFUSED], 1, "1 refused, 1 blocked."),
        ([Action.ADOPT, Action.CONFLICT], 1, "1 to adopt, 1 conflict."),
        ([Action.DELETE, Action.CREATE, Action.CREATE], 2, "2 to create, 1 to delete."),
        ([Action.REPLACE, Action.UPDATE, Action.REDEPLOY], 2, "1 to update, 1 to deploy again, 1 to replace."),
    ],
)
def test_sentence_and_exit_status(actions: list[Action], status: int, sentence: str) -> None:
    calls = [(RemoteCall("PUT", f"{PATH}one/", "one"),) if action in CALLING else () for action in actions]
    rows = [row(action, "one", "Why.", *made) for action, made in zip(actions, calls, strict=True)]
    assert (exit_status_of(rows), summary_of(rows)) == (status, f"Plan: {sentence}")


def test_a_call_about_a_refused_one_is_a_change() -> None:
    assert exit_status_of([row(Action.REFUSED, "one", "No.", RemoteCall("PUT", f"{PATH}one/", "one"))]) == 2


NASTY = ["a|b", "`code`", "``|``", "<script>", "@everybody", "[x](http://e)", "*a* _b_ ~c~", "\\|", "# x", "</details>"]


@pytest.mark.parametrize("text", NASTY)
def test_nothing_is_markup(text: str) -> None:
    call = RemoteCall("PUT", f"{PATH}one/", text, {"description": text})
    markdown = as_markdown([row(Action.UPDATE, text, text, call), row(Action.NOTHING, text, text)])
    html = MarkdownIt("gfm-like", {"linkify": False}).render(markdown)
    assert html.count("<table>") == html.count("<details>") == html.count("</details>") == 2
    assert html.count("<td") == 2 * 5, "no cell is cut in two"
    assert html.count("<code>") == 2 * 3 + 2
    assert not [tag for tag in ("<script", "<a ", "<em>", "<s>", "<h1") if tag in html]


def test_nobody_is_mentioned() -> None:
    markdown = as_markdown([row(Action.BLOCKED, "one", "Ask @everybody.")])
    assert "| R: Ask @<!-- -->everybody. |" in markdown


def test_the_same_plan_is_the_same_text() -> None:
    rows = [row(Action.UPDATE, "one", "Why.", RemoteCall("PUT", f"{PATH}one/", "one", {"description": "d"}))]
    assert as_markdown(rows) == as_markdown(list(rows))
    assert json.loads(as_json(rows)) == {
        "summary": "Plan: 1 to update.",
        "changes": True,
        "rows": [
            {
                "action": "update",
                "kind": "JWK",
                "namespace": "team",
                "name": "one",
                "remote": {"project": "P", "name": "one"},
                "connection": "ApinizerConnection/team/default",
                "calls": [{"method": "PUT", "path": f"{PATH}one/", "name": "one", "body": {"description": "d"}}],
                "reason": "R",
                "message": "Why.",
            }
        ],
    }


def test_an_empty_plan() -> None:
    assert as_markdown([]) == "**Plan: nothing to look at.**"
