"""The static site: it builds without a warning, every link and anchor leads somewhere, and it asks nobody else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser

from docsite.stage import LinkError, stage
from harness.browser import browser
from harness.cluster import ROOT
from harness.pages import PAGES, title

__all__ = ["browser"]

_LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "use": "href"}
"""Attributes by which a page has the browser load something by itself."""
_FOREIGN = re.compile(r"(?:https?:)?//")
_CSS = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


class Page(HTMLParser):
    """What a page links to, what it has the browser load, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        loaded = values.get(_LOADS.get(tag, ""))
        if loaded and not loaded.startswith("data:"):
            self.loads.append(loaded)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "html"
    command = [sys.executable, "-m", "docsite", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_page_is_in_it(pages: dict[Path, Page]) -> None:
    made = {"genindex.html", "search.html"}
    assert len([path for path in pages if path.name not in made]) == len(PAGES), [title(page) for page in PAGES]


def test_every_link_and_anchor_leads_somewhere(pages: dict[Path, Page]) -> None:
    assert sorted(_lost(pages)) == []


def _lost(pages: dict[Path, Page]) -> Iterator[str]:
    for path, page in pages.items():
        for target in (*page.links, *page.loads):
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            found = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not found.is_file():
                yield f"{path.name}: {target}"
            elif parts.fragment and found in pages and unquote(parts.fragment) not in pages[found].anchors:
                yield f"{path.name}: {target} has no such anchor"


def test_nothing_comes_from_another_host(site: Path, pages: dict[Path, Page]) -> None:
    assert [target for page in pages.values() for target in page.loads if _FOREIGN.match(target)] == []
    styles = [match for path in site.rglob("*.css") for match in _CSS.findall(path.read_text())]
    assert [target for match in styles for target in match if _FOREIGN.match(target)] == []


def test_no_path_of_this_machine_is_in_it(site: Path) -> None:
    here = str(ROOT).encode()
    assert [path.name for path in site.rglob("*") if path.is_file() and here in path.read_bytes()] == []


def test_no_page_is_wider_than_its_window(browser: Browser, pages: dict[Path, Page]) -> None:
    """What is wider, a table or a line of code, scrolls in its own place."""
    wide = []
    tab = browser.new_page()
    for path in pages:
        tab.goto(path.as_uri())
        for width in (390, 1100):
            tab.set_viewport_size({"width": width, "height": 800})
            if tab.evaluate("document.documentElement.scrollWidth") > width:
                wide.append(f"{path.name} on {width} pixels")
    tab.close()
    assert wide == []


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "README.md").write_text("# Start\n\n[lost](nowhere.md)\n")
    with pytest.raises(LinkError, match=r"docs/README\.md links to nowhere\.md"):
        stage(tmp_path, tmp_path / "source")
