"""Both overlays, applied to the session's control plane, and the image, built once by each engine that works here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from controlplane import ControlPlane
from install.engine import ENGINES
from install.images import Image, Images
from install.support import CLUSTER_WIDE, SINGLE_NAMESPACE, TEAM_NAMESPACE, Manifest, dump, kubectl, render

MUST_WORK = "IMAGE_TEST_ENGINES"
"""Names, in the environment, engines without which the tests are not to pass; CI says here which ones it has."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What was applied, and what kubectl had to say about it."""

    control_plane: ControlPlane
    messages: str

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.control_plane.kubeconfig


@pytest.fixture(scope="session")
def installed(control_plane: ControlPlane) -> Iterator[Installed]:
    """Apply both overlays as their users do; afterwards remove all but the CRDs, which other tests may need."""
    kubeconfig = control_plane.kubeconfig
    labels = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
    team: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM_NAMESPACE, "labels": labels}}
    options = ("--server-side", "--force-conflicts")
    steps = [
        kubectl("apply", *options, "-k", str(CLUSTER_WIDE), kubeconfig=kubeconfig),
        kubectl("apply", *options, "-f", "-", stdin=dump([team]), kubeconfig=kubeconfig),
        kubectl("apply", *options, "-n", TEAM_NAMESPACE, "-k", str(SINGLE_NAMESPACE), kubeconfig=kubeconfig),
    ]
    yield Installed(control_plane, "".join(step.stdout + step.stderr for step in steps))
    rest = [item for item in render(CLUSTER_WIDE) if item["kind"] != "CustomResourceDefinition"]
    kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=dump([*rest, team]), kubeconfig=kubeconfig)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    """The image, as any of the engines builds it; skips (in CI: fails) when none works."""
    found = Images(tmp_path_factory.mktemp("images"))
    yield found
    found.remove()


@pytest.fixture(scope="session")
def image(images: Images) -> Image:
    """The image, built by the first engine that works."""
    return images.of(next(iter(images.engines)))


@pytest.fixture(scope="session", params=ENGINES)
def built(request: pytest.FixtureRequest, images: Images) -> Image:
    """The image as built by each of the engines."""
    name: str = request.param
    if name not in images.engines:
        assert name not in os.environ.get(MUST_WORK, "").split(), f"{name} must work here, and does not"
        pytest.skip(f"{name} is not here, or does not answer")
    return images.of(name)
