"""The project's pages: their links, and their code blocks with what is said about each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.cluster import ROOT

PAGES = sorted(
    path
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "manifests/*.md",
        "examples/**/*.md",
        "simulator/*.md",
        "charts/**/*.md",
    )
    for path in ROOT.glob(pattern)
)
COMMANDS = "sh"
OUTPUT = "text"
"""Right after commands it is what they print; elsewhere anything."""
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)")
_NOT_RUN = re.compile(r"# not run: (\S.*)\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A code block. `language` is None where it is made by indentation; `output` is what a page says it prints."""

    line: int
    language: str | None
    text: str
    output: str | None

    @property
    def why_not_run(self) -> str | None:
        """The reason given in its first line for that no test runs it."""
        found = _NOT_RUN.match(self.text)
        return found[1] if found else None


def title(page: Path) -> str:
    """Return a page's path within the project."""
    return page.relative_to(ROOT).as_posix()


def links(page: Path) -> list[str]:
    """Return the targets of a page's links to other files."""
    return [target for target, _ in _LINK.findall(page.read_text())]


def blocks(page: Path) -> Iterator[Block]:
    """Yield a page's code blocks, those in lists as well."""
    tokens = MarkdownIt().parse(page.read_text())
    for place, token in enumerate(tokens):
        if token.type in ("fence", "code_block"):
            language = token.info.strip() if token.type == "fence" else None
            yield Block((token.map or [0])[0] + 1, language, token.content, _output(tokens, place))


def _output(tokens: Sequence[Token], place: int) -> str | None:
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    if tokens[place].info != COMMANDS or following is None or following.info != OUTPUT:
        return None
    return following.content
