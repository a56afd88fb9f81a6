"""Objects of other projects' kinds, as they are shipped: an API server with these projects' CRDs takes each of them."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gotools import find_tool
from gotools.crds import foreign_crds
from harness.cluster import CRDS, Cluster, documents
from harness.fixtures import admin, cluster
from install.support import ROOT, Manifest, dump, kubectl, load, render

__all__ = ["admin", "cluster"]

pytestmark = pytest.mark.timeout(900)

EXAMPLES = ROOT / "examples"
OWN = {crd["spec"]["group"] for crd in documents(CRDS.glob("*.yaml"))}
BUILT_IN = {"", "apps", "policy", "rbac.authorization.k8s.io", "apiextensions.k8s.io", "kustomize.config.k8s.io"}


@pytest.fixture(scope="module")
def foreign(cluster: Cluster) -> Cluster:
    """The API server with the CRDs of Argo CD, External Secrets, Flux and the Prometheus operator, and ours.

    They stay until it ends: no other test has anything to do with their groups.
    """
    cluster.install_crds(foreign_crds())
    return cluster


def group(document: Manifest) -> str:
    return str(document["apiVersion"]).rpartition("/")[0]


def files() -> list[Path]:
    """Return the examples with objects that are neither ours nor Kubernetes' own, and all that an Application holds."""
    paths = [*EXAMPLES.glob("*.yaml"), *(EXAMPLES / "argocd").glob("*.yaml"), *(EXAMPLES / "flux").glob("*.yaml")]
    known = OWN | BUILT_IN
    found = [path for path in paths if not {group(document) for document in load(path.read_text())} <= known]
    return sorted([*found, *(EXAMPLES / "argocd" / "app").glob("*.yaml")])


def dry_run(cluster: Cluster, manifests: list[Manifest]) -> str:
    """Apply objects without keeping them, and return what the server makes of them, as YAML.

    Raises AssertionError with the server's message; unknown fields are one.
    """
    here = [{**item, "metadata": {**item["metadata"], "namespace": "default"}} for item in manifests]
    options = ("--dry-run=server", "--validate=strict", "--server-side", "--force-conflicts", "-o", "yaml")
    return kubectl("apply", *options, "-f", "-", stdin=dump(here), kubeconfig=cluster.plane.kubeconfig).stdout


def test_all_are_found() -> None:
    kinds = {document["kind"] for path in files() for document in load(path.read_text())}
    assert kinds == {
        *("Application", "ApplicationSet", "ApinizerConnection", "JWK"),
        *("ExternalSecret", "GitRepository", "Kustomization"),
    }


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(EXAMPLES).as_posix())
def test_examples(foreign: Cluster, path: Path) -> None:
    dry_run(foreign, load(path.read_text()))


def lists(value: Any) -> Iterator[list[Any]]:
    """Yield every list in a value."""
    if isinstance(value, list):
        yield value
    for part in value.values() if isinstance(value, dict) else ():
        yield from lists(part)


@pytest.mark.parametrize("path", sorted((EXAMPLES / "argocd" / "app").glob("*.yaml")), ids=lambda path: path.stem)
def test_nothing_is_filled_into_lists(foreign: Cluster, path: Path) -> None:
    """To Argo CD that would be a difference to Git, while defaults elsewhere are none."""
    (written,) = load(path.read_text())
    (found,) = load(dry_run(foreign, [written]))
    assert list(lists(found["spec"])) == list(lists(written["spec"]))


def chart() -> list[Manifest]:
    options = [f"--set=metrics.{name}.enabled=true" for name in ("serviceMonitor", "prometheusRule", "dashboard")]
    command = [str(find_tool("helm")), "template", "keys", str(ROOT / "charts" / "jwk-operator"), *options]
    done = subprocess.run(
        [*command, "--show-only=templates/monitoring.yaml"], capture_output=True, text=True, check=True, timeout=60
    )
    return load(done.stdout)


@pytest.mark.parametrize("source", ["kustomize", "chart"])
def test_monitoring(foreign: Cluster, source: str) -> None:
    manifests = chart() if source == "chart" else render(ROOT / "manifests" / "monitoring")
    assert {item["kind"] for item in manifests} == {"ServiceMonitor", "PrometheusRule", "ConfigMap"}
    dry_run(foreign, manifests)


def one_of_each() -> list[Manifest]:
    found = [document for path in files() for document in load(path.read_text())]
    found += documents((ROOT / "manifests" / "monitoring").glob("*.yaml"))
    return list({document["kind"]: document for document in found}.values())


@pytest.mark.parametrize("document", one_of_each(), ids=lambda document: document["kind"])
def test_a_mistake_would_be_found(foreign: Cluster, document: Manifest) -> None:
    wrong = copy.deepcopy(document)
    wrong["spec"]["mistyped"] = {}
    with pytest.raises(AssertionError, match=r'unknown field "spec.mistyped"|field not declared in schema'):
        dry_run(foreign, [wrong])
