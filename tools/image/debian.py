"""Which packages of a Debian own the files that were taken from it, as its package manager has noted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

DATABASE = PurePosixPath("/var/lib/dpkg")
# Scanners of images look here for packages of an image that has no package manager, one file each.
NOTED = DATABASE / "status.d"


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package: its paragraph in dpkg's status file."""

    paragraph: str

    def __getitem__(self, field: str) -> str:
        return self.get(field) or ""

    def get(self, field: str) -> str | None:
        """Return the first line of a field."""
        head = f"{field}:"
        return next((line[len(head) :].strip() for line in self.paragraph.splitlines() if line.startswith(head)), None)

    @property
    def name(self) -> str:
        """Its name, without the architecture."""
        return self["Package"]

    @property
    def version(self) -> str:
        """Its version in Debian."""
        return self["Version"]

    @property
    def source(self) -> tuple[str, str]:
        """Name and version of the source package that it was built from; warnings of weaknesses name that one."""
        name, _, version = (self.get("Source") or self.name).partition(" ")
        return name, version.strip("()") or self.version


def installed(root: Path) -> list[Package]:
    """Return the packages of dpkg's status file."""
    text = (root / DATABASE.relative_to("/") / "status").read_text(encoding="utf-8")
    packages = [Package(paragraph) for paragraph in text.split("\n\n") if paragraph.strip()]
    return [package for package in packages if (package.get("Status") or "").endswith(" installed")]


def noted(root: Path) -> list[Package]:
    """Return the packages that were noted in a new root."""
    folder = root / NOTED.relative_to("/")
    return [Package(path.read_text(encoding="utf-8")) for path in sorted(folder.iterdir())]


def owners(root: Path, paths: Iterable[PurePosixPath]) -> tuple[list[Package], list[PurePosixPath]]:
    """Return the packages that own the paths, and the paths that no package owns."""
    wanted = set(paths)
    known = {name: package for package in installed(root) for name in _names(package)}
    found: dict[str, Package] = {}
    owned: set[PurePosixPath] = set()
    for listing in sorted((root / DATABASE.relative_to("/") / "info").glob("*.list")):
        package = known.get(listing.stem)
        if package is None:
            continue
        for path in _unmerged(listing.read_text(encoding="utf-8").splitlines()):
            if path in wanted:
                found[package.name] = package
                owned.add(path)
    return [found[name] for name in sorted(found)], sorted(wanted - owned)


def _names(package: Package) -> tuple[str, str]:
    """Under which names there can be a list of its files."""
    return package.name, f"{package.name}:{package['Architecture']}"


def _unmerged(lines: Iterable[str]) -> Iterator[PurePosixPath]:
    """Lists of files can name /lib where the file is in /usr/lib."""
    for line in lines:
        path = PurePosixPath(line)
        yield path
        if len(path.parts) > 1 and path.parts[1] in {"bin", "sbin", "lib", "lib64"}:
            yield PurePosixPath("/usr") / path.relative_to("/")
