"""Both ways to install and to remove the operator, as their documentation tells."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import yaml

from e2e.target import NAME, PATIENCE, SYSTEM, TEAM, Target, run
from gotools import find_tool
from harness.objects import API_VERSION
from harness.waiting import until

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "jwk-operator"
PREVIOUS = Path(__file__).parent / "previous" / "jwk-operator-0.1.0.tgz"
OWN_KINDS = ("jwk", "apinizerconnection", "clusterapinizerconnection")


class Installer(Protocol):
    """One way to install."""

    def install(self) -> None:
        """Install, and wait until the operator is rolled out."""

    def uninstall(self) -> None:
        """Remove everything, when no JWK and no connection is left."""


class Kustomize:
    """The cluster-wide overlay, with an overlay on it that names the image (README.md)."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def install(self) -> None:
        """Apply the overlay."""
        with self._overlay() as overlay:
            self._target.kubectl("apply", "--server-side", "-k", overlay)
        self._target.rolled_out()

    def uninstall(self) -> None:
        """Delete what the overlay has."""
        with self._overlay() as overlay:
            self._target.kubectl("delete", "--ignore-not-found", "--timeout=120s", "-k", overlay)

    @contextmanager
    def _overlay(self) -> Iterator[str]:
        repository, separator, version = split(self._target.image)
        image = {"name": NAME, "newName": repository, "digest" if separator == "@" else "newTag": version}
        with tempfile.TemporaryDirectory() as folder:
            base = os.path.relpath(ROOT / "manifests/overlays/cluster-wide", Path(folder).resolve())
            (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [base], "images": [image]}))
            yield folder


class Chart:
    """The Helm chart, under the names that its README uses."""

    def __init__(self, target: Target, chart: Path = CHART) -> None:
        self._target = target
        self._chart = chart

    def install(self) -> None:
        """Install, or upgrade to, the chart."""
        repository, separator, version = split(self._target.image)
        image = f"image.repository={repository},image.{'digest' if separator == '@' else 'tag'}={version}"
        names = (NAME, str(self._chart), "-n", SYSTEM)
        helm("upgrade", "--install", *names, "--create-namespace", "--set", image)
        self._target.rolled_out()

    def uninstall(self) -> None:
        """Do what the chart's README says, whatever of it was done already."""
        for command in removal():
            if command[0] == "helm":
                helm(*command[1:], "--ignore-not-found")
            elif command[2] not in OWN_KINDS:  # deleted before, by `remove_own`
                self._target.kubectl(*command[1:], "--ignore-not-found", "--timeout=120s")

    def uninstall_release(self) -> None:
        """Only remove the release."""
        helm("uninstall", NAME, "-n", SYSTEM)


INSTALLERS: dict[str, type[Kustomize] | type[Chart]] = {"kustomize": Kustomize, "chart": Chart}


@contextmanager
def installed(target: Target, installer: Installer) -> Iterator[Target]:
    """Install, connect the tests' namespace, and remove everything in the end."""
    try:
        installer.install()
        target.connect()
        yield target
        # kubectl would wait for hundreds of JWKs one by one
        target.http.delete(f"/apis/{API_VERSION}/namespaces/{TEAM}/jwks")
        until(lambda: not target.versions(), "the JWKs are gone", PATIENCE)
        remove_own(target)
    finally:
        installer.uninstall()
        target.kubectl("delete", "namespace", TEAM, "--ignore-not-found", "--timeout=120s")


def remove_own(target: Target) -> None:
    """Delete JWKs and connections as the chart's README says, while the operator is there to let them go."""
    for command in removal():
        if command[2] in OWN_KINDS:
            target.kubectl(*command[1:], "--timeout=120s")


def removal() -> list[list[str]]:
    """Return the commands by which the chart's README removes everything."""
    (block,) = re.findall(r"## Uninstall\n.*?```sh\n(.*?)```", (CHART / "README.md").read_text(), re.DOTALL)
    lines = [shlex.split(line, comments=True) for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line]


def helm(*arguments: str) -> str:
    """Run Helm on the cluster."""
    return run(str(find_tool("helm")), *arguments)


def split(image: str) -> tuple[str, str, str]:
    """Take an image's name apart: repository, separator, and tag or digest."""
    for separator in ("@", ":"):
        repository, found, version = image.rpartition(separator)
        if found and "/" not in version:
            return repository, separator, version
    raise ValueError(f"{image} has neither tag nor digest")
