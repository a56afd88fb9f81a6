"""The image as each engine builds it, and a look at its files without running it."""

from __future__ import annotations

import os
import tarfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from install.engine import NO_BASE, NO_ENGINE, Engine, base_image, engines
from install.support import unavailable

SBOM_LABEL = "com.apinizer.apiops.sbom"
"""Says where in the image its list of contents is."""

MOUNT_POINTS = {"/.dockerenv", "/dev/console", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}
"""Empty files that engines put into a container, and so into what they export; in the image there are none."""


@dataclass
class Image:
    """A built image and the engine that holds it."""

    engine: Engine
    tag: str
    folder: Path

    def run(self, *arguments: str, options: tuple[str, ...] = ()) -> str:
        """Run it to its end, confined, and return what it wrote."""
        return self.engine.output(*self.engine.run_command(self.tag, options, arguments)[1:])

    @cached_property
    def contents(self) -> Contents:
        """All of its files."""
        archive = self.folder / f"{self.engine.name}.tar"
        self.engine.export(self.tag, archive)
        return Contents(archive)


class Contents:
    """The files of an image: what the engine exports of it."""

    def __init__(self, archive: Path) -> None:
        self._archive = tarfile.open(archive)  # noqa: SIM115 - open as long as the tests look at it
        entries = {f"/{item.name.removeprefix('./').rstrip('/')}": item for item in self._archive}
        self.entries = {path: item for path, item in entries.items() if item.size or path not in MOUNT_POINTS}

    def read(self, path: str) -> bytes:
        """Return what is in a file; links are followed."""
        for _ in range(10):
            entry = self.entries[path]
            if not entry.issym():
                break
            path = os.path.normpath(Path(path).parent / entry.linkname)
        file = self._archive.extractfile(entry)
        assert file is not None, f"{path} is no file"
        return file.read()

    def starts(self, entry: tarfile.TarInfo, length: int) -> bytes:
        """Return a file's first bytes; a link has none."""
        file = self._archive.extractfile(entry) if entry.isfile() else None
        return file.read(length) if file else b""

    def close(self) -> None:
        self._archive.close()


@dataclass
class Images:
    """Builds the image with an engine when it is first asked for."""

    folder: Path
    built: dict[str, Image] = field(default_factory=dict)

    @cached_property
    def engines(self) -> dict[str, Engine]:
        """The engines that work here and have, or get, the base image."""
        found = engines(self.folder)
        if not found:
            unavailable(NO_ENGINE)
        usable = {name: engine for name, engine in found.items() if engine.ensure(base_image())}
        if not usable:
            unavailable(NO_BASE.format(base=base_image()))
        return usable

    def of(self, name: str) -> Image:
        """Return the image as the engine builds it."""
        if name not in self.built:
            tag = f"localhost/jwk-operator-test-{name}:{os.getpid()}"
            self.engines[name].build(tag, base_image())
            self.built[name] = Image(self.engines[name], tag, self.folder)
        return self.built[name]

    def remove(self) -> None:
        """Remove all that were built."""
        for image in self.built.values():
            image.engine.output("rmi", image.tag)
