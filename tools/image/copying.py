"""Copies files into a new root, with every link on the way to them, so that the same names lead to them there."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

MOST_LINKS = 40


def is_program(path: Path) -> bool:
    """Tell whether a file is a program or a shared library."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


class Root:
    """A root that is made from files of another one, the source."""

    def __init__(self, source: Path, target: Path) -> None:
        self.source = source
        self.target = target
        self.files: set[PurePosixPath] = set()

    def there(self, path: PurePosixPath) -> Path:
        """Return where the source has the path, links not followed."""
        return self.source / path.relative_to("/")

    def here(self, path: PurePosixPath) -> Path:
        """Return where the path is in the new root."""
        return self.target / path.relative_to("/")

    def exists(self, path: PurePosixPath) -> bool:
        """Tell whether the source has a file or folder there, whatever links lead to it."""
        return self.there(self._resolve(path, _ignore)).exists()

    def take(self, path: PurePosixPath) -> PurePosixPath:
        """Copy one file; return where it really is."""
        real = self._resolve(path, self._link)
        if real not in self.files:
            self._copy(real)
        return real

    def take_tree(self, folder: PurePosixPath, unwanted: Callable[[PurePosixPath], bool] = lambda _: False) -> None:
        """Copy all files below a folder, but none for which, or for a folder of which, unwanted is true.

        What it is asked about is the path in the folder. Links that lead nowhere are left out.
        """
        real = self._resolve(folder, self._link)
        for path in self._walk(real, real, unwanted):
            if self.exists(path):
                self.take(path)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file of the new root's own."""
        place = self._place(PurePosixPath(path))
        place.write_text(text, encoding="utf-8")
        place.chmod(mode)

    def link(self, path: str, to: str) -> None:
        """Make a link of the new root's own, unless it is there."""
        place = self._place(PurePosixPath(path))
        if not place.is_symlink():
            place.symlink_to(to)

    def folder(self, path: str, mode: int = 0o755) -> None:
        """Make a folder, and those above it."""
        place = self._place(PurePosixPath(path))
        place.mkdir(exist_ok=True)
        place.chmod(mode)

    def _walk(
        self, folder: PurePosixPath, top: PurePosixPath, unwanted: Callable[[PurePosixPath], bool]
    ) -> Iterator[PurePosixPath]:
        for entry in sorted(self.there(folder).iterdir()):
            path = folder / entry.name
            if unwanted(path.relative_to(top)):
                continue
            if entry.is_dir() and not entry.is_symlink():
                yield from self._walk(path, top, unwanted)
            else:
                yield path

    def _resolve(self, path: PurePosixPath, found: Callable[[PurePosixPath, str], None]) -> PurePosixPath:
        """Follow a path's links within the source; tells of each one that it meets."""
        rest = list(path.parts[1:])
        at = PurePosixPath("/")
        links = 0
        while rest:
            part = rest.pop(0)
            if part == "..":
                at = at.parent
                continue
            step = self.there(at / part)
            if not step.is_symlink():
                at /= part
                continue
            links += 1
            if links > MOST_LINKS:
                raise OSError(f"too many links on the way to {path}")
            to = str(step.readlink())
            found(at / part, to)
            target = PurePosixPath(to)
            if target.is_absolute():
                at = PurePosixPath("/")
                rest = [*target.parts[1:], *rest]
            else:
                rest = [*target.parts, *rest]
        return at

    def _link(self, path: PurePosixPath, to: str) -> None:
        self.link(str(path), to)

    def _copy(self, path: PurePosixPath) -> None:
        """Copy a file's bytes; it becomes root's own. Of its mode one thing stays: that a program can be run."""
        source, place = self.there(path), self._place(path)
        shutil.copyfile(source, place)
        runs = source.stat().st_mode & stat.S_IXUSR and is_program(source)
        place.chmod(0o755 if runs else 0o644)
        self.files.add(path)

    def _place(self, path: PurePosixPath) -> Path:
        """Make the folders above a path; return where it is in the new root, whose links are followed."""
        above = self.here(self._within(path.parent))
        for folder in reversed([above, *above.parents]):
            if not folder.exists():
                folder.mkdir(mode=0o755)
                folder.chmod(0o755)
        return above / path.name

    def _within(self, path: PurePosixPath) -> PurePosixPath:
        """Follow a path's links within the new root."""
        return Root(self.target, self.target)._resolve(path, _ignore)


def _ignore(_: PurePosixPath, __: str) -> None:
    """For who only wants to know where links lead."""
