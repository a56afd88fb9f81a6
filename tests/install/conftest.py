"""Both overlays, applied to the session's control plane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from controlplane import ControlPlane
from install.support import CLUSTER_WIDE, SINGLE_NAMESPACE, TEAM_NAMESPACE, Manifest, dump, kubectl, render


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
