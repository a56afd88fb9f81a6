"""The page of `status --html` in a real browser: looks, keyboard, names for screen readers, and what it does not do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from cli.statuses import NOW, connection, jwk, told
from harness.browser import browser
from harness.objects import Object
from jwk_operator.cli.status.page import page
from jwk_operator.cli.status.reading import Scope, read_board

__all__ = ["browser"]

HOSTILE = "\"><img src=http://127.0.0.1:1/x onerror=alert(1)>'<script>alert(2)</script>&amp;"
PLACES: dict[str, str | None] = {"development": None, "production": None}


def small() -> tuple[list[Object], list[Object]]:
    """Every state of a JWK, of an environment and of a connection."""
    broken = {"development": None, "production": "No route to host"}
    jwks = [
        told(jwk("signing"), PLACES),
        told(jwk("login"), broken, "False", "DeploymentFailed", "Not deployed to production.", "Stalled"),
        told(jwk("webhooks", requiredEnvironments=["development"]), broken),
        told(jwk("paused"), {}, "False", "Suspended", "Nothing is changed."),
        jwk("new", namespace="team-b", description=HOSTILE),
    ]
    soon = (NOW + timedelta(days=4)).isoformat()
    connections = [
        connection(*PLACES, token_ends=soon),
        connection(
            "eu-1",
            namespace="team-b",
            project="Other",
            ready="False",
            reason="Unreachable",
            message="Refused.",
            also="Reconciling",
        ),
    ]
    return jwks, connections


def wide() -> tuple[list[Object], list[Object]]:
    """Twenty environments."""
    places: dict[str, str | None] = {f"environment-{number:02}": None for number in range(20)}
    return [told(jwk(f"key-{number}"), {**places, "environment-07": "No"}) for number in range(3)], [
        connection(*places)
    ]


@contextmanager
def opened(browser: Browser, folder: Path, board: tuple[list[Object], list[Object]], **context: Any) -> Iterator[Page]:
    """Open a page. It must ask nobody for anything and have nothing to complain about."""
    file = folder / "status.html"
    file.write_text(page(read_board(Scope(None), *board, NOW)))
    asked: list[str] = []
    complaints: list[str] = []
    made = browser.new_context(**context)
    opened = made.new_page()
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(dialog.message))
    opened.goto(file.as_uri())
    yield opened
    assert {url.partition("#")[0] for url in asked} <= {file.as_uri(), "data:,"}
    assert complaints == []
    made.close()


CONTRASTS = """
() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const opaque = (color) => numbers(color).length < 4 || numbers(color)[3] === 1;
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (opaque(color)) return color;
    }
    throw new Error("no ground");
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(ground(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.push([contrast, texts.currentNode.data.trim()]);
  }
  return found.sort((a, b) => a[0] - b[0]);
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("board", [small, wide])
def test_text_stands_out_from_its_ground(
    browser: Browser, tmp_path: Path, scheme: str, board: Callable[[], tuple[list[Object], list[Object]]]
) -> None:
    with opened(browser, tmp_path, board(), color_scheme=scheme) as shown:
        for summary in shown.locator("summary").all():
            summary.click()
        found = shown.evaluate(CONTRASTS)
        ground = shown.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert len(found) > 50
    assert [item for item in found if item[0] < 4.5] == [], "WCAG AA"
    assert (ground == "rgb(255, 255, 255)") is (scheme == "light")


@pytest.mark.parametrize("board", [small, wide])
@pytest.mark.parametrize("columns", [320, 1280])
def test_only_tables_scroll_sideways(
    browser: Browser, tmp_path: Path, columns: int, board: Callable[[], tuple[list[Object], list[Object]]]
) -> None:
    with opened(browser, tmp_path, board(), viewport={"width": columns, "height": 800}) as shown:
        assert shown.evaluate("document.documentElement.scrollWidth") <= columns


SEARCH = """\
- search "JWKs":
  - text: Filter
  - searchbox "Filter"
  - group "State":
    - text: State
    - radio "all 5" [checked]
    - text: all 5
    - radio "stalled 1"
    - text: stalled 1
    - radio "not ready 1"
    - text: not ready 1
    - radio "in progress 1"
    - text: in progress 1
    - radio "ready 2"
    - text: ready 2
  - status"""
STALLED = """\
- article:
  - heading "stalled team-a/login DeploymentFailed" [level=3]:
    - img "stalled": ✗
    - link "team-a/login":
      - /url: "#jwk-0"
    - text: DeploymentFailed
  - paragraph: Not deployed to production.
  - list:
    - listitem:
      - text: production failed since
      - time: 2026-11-26 09:00 UTC
      - text: ": No route to host"
  - paragraph: "What to do: Repair the environment, and set spec.redeployPolicy to Always to deploy again.\""""
ROW = """\
- row "login stalled DeploymentFailed deployed failed not one of its environments":
  - rowheader "login":
    - link "login":
      - /url: "#jwk-0"
  - cell "stalled"
  - cell "DeploymentFailed"
  - cell "deployed"
  - cell "failed"
  - cell "not one of its environments\""""


def test_what_a_screen_reader_says(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, small()) as shown:
        assert shown.get_by_role("search").aria_snapshot() == SEARCH
        assert shown.get_by_role("article").nth(2).aria_snapshot() == STALLED
        table = shown.get_by_role("table", name="JWKs by environment")
        assert table.get_by_role("row").nth(2).aria_snapshot() == ROW
        assert table.get_by_role("columnheader").all_text_contents() == [
            *("JWK", "State", "Reason"),
            *("development", "production", "eu-1"),
        ]
        assert shown.get_by_role("table", name="Connections").get_by_role("rowheader").count() == 2
        assert shown.get_by_role("region").count() == 4
        assert shown.locator("html").get_attribute("lang") == "en"


def test_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    def focused(shown: Page) -> str:
        return str(shown.evaluate("document.activeElement.textContent || document.activeElement.id"))

    with opened(browser, tmp_path, small()) as shown:
        shown.keyboard.press("Tab")
        assert focused(shown) == "Skip to what needs a look"
        box = shown.locator(".skip").bounding_box()
        assert box is not None
        assert box["x"] >= 0, "it is seen while it has the focus"
        shown.keyboard.press("Tab")
        assert focused(shown) == "words"
        assert shown.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        shown.keyboard.type("team-a deploymentfailed")
        rows = shown.locator("tr[data-text]:visible")
        assert rows.locator("th").all_text_contents() == ["login"]
        assert shown.get_by_role("status").text_content() == "1 of 5 JWKs"
        assert shown.locator("tr.group:visible").all_text_contents() == ["team-a default · Payments"]
        shown.keyboard.press("Enter")
        assert focused(shown) == "login"
        shown.keyboard.press("Enter")
        details = shown.locator("details:visible")
        assert details.count() == 1
        assert details.get_by_text("Name in Apinizer").is_visible()
        assert shown.url.endswith("#jwk-0")

        shown.get_by_label("Filter").focus()
        shown.keyboard.press("Control+A")
        shown.keyboard.press("Delete")
        assert rows.count() == 5
        shown.keyboard.press("Tab")
        shown.keyboard.press("ArrowRight")
        assert rows.locator("th").all_text_contents() == ["login"]
        shown.keyboard.press("ArrowLeft")
        assert rows.count() == 5


def test_without_script_it_can_be_read(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, small(), java_script_enabled=False) as shown:
        assert not shown.get_by_role("search").is_visible()
        assert shown.locator("tr[data-text]:visible").count() == 5
        shown.get_by_role("link", name="signing").click()
        assert shown.get_by_text("Name in Apinizer").nth(2).is_visible(), "a link unfolds what it leads to"


def test_texts_of_others_are_text(browser: Browser, tmp_path: Path) -> None:
    raw = told(jwk("one", description=HOSTILE), {HOSTILE: HOSTILE}, "False", HOSTILE, HOSTILE, "Stalled")
    raw["status"]["remote"] = {"projectName": HOSTILE, "name": HOSTILE, "kid": HOSTILE}
    with opened(browser, tmp_path, ([raw], [connection(HOSTILE, reason=HOSTILE, message=HOSTILE)])) as shown:
        shown.locator("summary").first.click()
        for where in ("article", "td", "dd", "thead th"):
            assert any(HOSTILE in text for text in shown.locator(where).all_text_contents()), where
        assert shown.locator("img, body script").count() == 1, "its own script"


def test_no_script_but_its_own_runs(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, small()) as shown:
        policy = shown.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content") or ""
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_in_print_there_is_nothing_to_operate(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, small()) as shown:
        shown.emulate_media(media="print")
        assert not shown.get_by_role("search").is_visible()
        assert shown.get_by_role("table", name="JWKs by environment").is_visible()


@pytest.mark.parametrize(
    ("jwks", "says"), [([], "No JWKs in all namespaces."), ([told(jwk("one"), PLACES)], "Nothing needs a look.")]
)
def test_nothing_to_show(browser: Browser, tmp_path: Path, jwks: list[Object], says: str) -> None:
    with opened(browser, tmp_path, (jwks, [])) as shown:
        assert shown.get_by_text(says).is_visible()
