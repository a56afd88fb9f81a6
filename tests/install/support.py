"""What the tests of the installation share: the repository's files, kubectl, and what to do without a tool."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

Manifest = dict[str, Any]

ROOT = Path(__file__).parents[2]
OVERLAYS = ROOT / "manifests" / "overlays"
CLUSTER_WIDE = OVERLAYS / "cluster-wide"
SINGLE_NAMESPACE = OVERLAYS / "single-namespace"
SYSTEM_NAMESPACE = "jwk-operator-system"
TEAM_NAMESPACE = "install-test-team"
NAME = "jwk-operator"


def unavailable(reason: str) -> NoReturn:
    """Skip the test as the machine lacks something; in CI (variable ``CI``) nothing may be left out, so fail there."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must be able to run this: {reason}")
    pytest.skip(reason)


def kubectl(
    *arguments: str, stdin: str | None = None, kubeconfig: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run kubectl and return what it wrote. Raises AssertionError with its message when it fails."""
    executable = shutil.which("kubectl")
    if executable is None:
        unavailable("kubectl is not installed")
    # without a kubeconfig it gets an empty one, so that no test ever meets the user's own cluster
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig or os.devnull)}
    done = subprocess.run(
        [executable, *arguments], input=stdin, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
    return done


def render(folder: Path) -> list[Manifest]:
    """Return the objects that ``kubectl kustomize`` makes of the folder."""
    return load(kubectl("kustomize", str(folder)).stdout)


def load(text: str) -> list[Manifest]:
    """Return the objects of a YAML stream."""
    return [document for document in yaml.safe_load_all(text) if document]


def dump(manifests: Iterable[Mapping[str, Any]]) -> str:
    """Return the objects as a YAML stream, for kubectl's standard input."""
    return yaml.safe_dump_all(manifests, sort_keys=False)


def only(manifests: Iterable[Manifest], kind: str) -> Manifest:
    """Return the one object of the kind."""
    (found,) = (item for item in manifests if item["kind"] == kind)
    return found


def review(kubeconfig: Path, user: str, attributes: Sequence[Mapping[str, str]]) -> list[bool]:
    """Ask the API server, for each of the resource attributes, whether the user may do it."""
    head = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    who = {"user": user, "groups": ["system:serviceaccounts", "system:authenticated"]}
    reviews = [head | {"spec": who | {"resourceAttributes": item}} for item in attributes]
    output = "jsonpath={.status.allowed}{'\\n'}"
    done = kubectl("create", "-o", output, "-f", "-", stdin=dump(reviews), kubeconfig=kubeconfig)
    return [line == "true" for line in done.stdout.splitlines()]
