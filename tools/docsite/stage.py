"""Lays out what Sphinx reads: each page at its place in the site, with its links led to where their targets are now."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from docsite.order import START, TITLES, Part, parts

FILES = "files"
"""Folder of the site for files of the repository that pages link to."""
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")


class LinkError(ValueError):
    """A link leads nowhere."""


def stage(root: Path, source: Path) -> None:
    """Write the pages and what they link to into a fresh folder. Raises `LinkError`."""
    shutil.rmtree(source, ignore_errors=True)
    menu = parts(root)
    places = {START: "index", **{page: place for part in menu for page, place in part.pages.items()}}
    for page, place in places.items():
        text = "".join(_led(root, page, places, source))
        target = source / f"{place}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text + ("" if page != START else _menu(menu)), encoding="utf-8")


def _led(root: Path, page: str, places: dict[str, str], source: Path) -> Iterator[str]:
    """Yield the page's lines with their links changed, save for code blocks."""
    fence = ""
    for line in (root / page).read_text(encoding="utf-8").splitlines(keepends=True):
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif found and line.strip() == fence:
            fence = ""
        yield line if fence else _LINK.sub(lambda link: _target(root, page, link, places, source), line)


def _target(root: Path, page: str, link: re.Match[str], places: dict[str, str], source: Path) -> str:
    path = PurePosixPath(os.path.normpath(PurePosixPath(page).parent / link[1])).as_posix()
    here = PurePosixPath(places[page]).parent
    if path in places:
        return f"{_relative(f'{places[path]}.md', here)}{link[2] or ''}"
    if not (root / path).is_file():
        raise LinkError(f"{page} links to {link[1]}, which is neither a page nor a file")
    copy = source / FILES / path
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root / path, copy)
    return _relative(f"{FILES}/{path}", here)


def _relative(target: str, folder: PurePosixPath) -> str:
    return Path(os.path.relpath(target, folder)).as_posix()


def _menu(menu: tuple[Part, ...]) -> str:
    return "".join(
        f"\n```{{toctree}}\n:caption: {part.title}\n:hidden:\n:maxdepth: 1\n\n{''.join(_entries(part))}```\n"
        for part in menu
    )


def _entries(part: Part) -> Iterator[str]:
    for page, place in part.pages.items():
        yield f"{TITLES[page]} <{place}>\n" if page in TITLES else f"{place}\n"
