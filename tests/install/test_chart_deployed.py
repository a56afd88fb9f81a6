"""The Helm chart as others deploy it: in a chart of theirs, by GitOps clients, over its previous version, and off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.installs import PREVIOUS
from harness.cluster import Cluster
from harness.fixtures import admin, cluster
from harness.keys import pasted
from harness.objects import API_VERSION
from install.helm import CHART, helm, with_values
from install.support import CLUSTER_WIDE, ROOT, Manifest, dump, kubectl, load, only
from install.support import render as kustomize

__all__ = ["admin", "cluster"]

pytestmark = pytest.mark.timeout(900)

CRD = "apinizerconnections.apiops.apinizer.com"


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    """A chart that has ours in it, as `helm dependency build` leaves it."""
    folder = tmp_path / "platform"
    (folder / "charts").mkdir(parents=True)
    (folder / "charts" / "jwk-operator").symlink_to(CHART)
    chart = {
        "apiVersion": "v2",
        "name": "platform",
        "version": "1.0.0",
        "dependencies": [
            {"name": "jwk-operator", "version": "*", "condition": "jwk-operator.enabled", "tags": ["keys"]}
        ],
    }
    (folder / "Chart.yaml").write_text(yaml.safe_dump(chart))
    return folder


def test_a_chart_of_the_users_has_it_as_a_part(platform: Path, tmp_path: Path) -> None:
    def rendered(given: dict[str, Any]) -> list[Manifest]:
        done = helm("template", "p", str(platform), *with_values(tmp_path, {"global": {"imageRegistry": "r"}, **given}))
        assert done.returncode == 0, done.stderr
        return load(done.stdout)

    own = {"replicas": 1, "metrics": None, "image": None, "resources": {"limits": None}}
    for given in ({"jwk-operator": own}, {"jwk-operator": {**own, "enabled": True}}):
        deployment = only(rendered(given), "Deployment")
        assert (deployment["metadata"]["name"], deployment["spec"]["replicas"]) == ("p-jwk-operator", 1)
        assert set(deployment["spec"]["template"]["spec"]["containers"][0]["resources"]) == {"requests"}
    assert rendered({"jwk-operator": {"enabled": False}}) == []
    assert rendered({"tags": {"keys": False}}) == []


def test_gitops_clients_get_the_same_each_time() -> None:
    """They render without a cluster, again and again, and take what differs for a change."""
    first, second = (helm("template", "keys", str(CHART), "-n", "home").stdout for _ in range(2))
    assert first == second
    for path in (CHART / "templates").iterdir():
        assert "lookup" not in path.read_text()
        assert ".Capabilities" not in path.read_text()


@pytest.mark.parametrize("source", ["chart", "kustomize"])
def test_gitops_clients_leave_the_crds(source: str) -> None:
    """With a CRD goes every JWK: it takes more than a value that changes, or an Application that is deleted."""
    manifests = kustomize(CLUSTER_WIDE) if source == "kustomize" else load(helm("template", "keys", str(CHART)).stdout)
    crds = [item for item in manifests if item["kind"] == "CustomResourceDefinition"]
    assert len(crds) == 3
    for crd in crds:
        annotations = crd["metadata"]["annotations"]
        assert annotations["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"
        assert annotations["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
        assert annotations.get("helm.sh/resource-policy") == ("keep" if source == "chart" else None)


def test_argo_cd_installs_it_by_the_example(tmp_path: Path) -> None:
    (application,) = load((ROOT / "examples" / "argocd" / "operator.yaml").read_text())
    source, home = application["spec"]["source"], application["spec"]["destination"]["namespace"]
    given = with_values(tmp_path, source["helm"]["valuesObject"])
    done = helm("template", source["helm"]["releaseName"], str(ROOT / source["path"]), "-n", home, *given)
    assert done.returncode == 0, done.stderr
    assert "image: registry.example.com/jwk-operator:0.1.0" in done.stdout


def test_flux_installs_it_by_the_example() -> None:
    (kustomization,) = load((ROOT / "examples" / "flux" / "operator.yaml").read_text())
    manifests = kustomize(ROOT / kustomization["spec"]["path"])
    (container,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    (image,) = kustomization["spec"]["images"]
    assert container["image"].startswith(f"{image['name']}:")


@pytest.mark.parametrize("source", ["chart", "kustomize"])
def test_gitops_clients_see_no_difference(cluster: Cluster, source: str) -> None:
    """The API server leaves what it is given as it is: a number that it writes in another way is OutOfSync for ever."""
    on = ("networkPolicy.enabled=true", "metrics.dashboard.enabled=true", "privateKeys.action=Warn")
    options = ("-n", "default", *(f"--set={option}" for option in on))
    manifests = (
        kustomize(CLUSTER_WIDE) if source == "kustomize" else load(helm("template", "k", str(CHART), *options).stdout)
    )
    for item in manifests:
        if "namespace" in item["metadata"]:
            item["metadata"]["namespace"] = "default"
    command = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-o", "json", "-f", "-")
    done = kubectl(*command, stdin=dump(manifests), kubeconfig=cluster.plane.kubeconfig)
    found = {(item["kind"], item["metadata"]["name"]): item for item in json.loads(done.stdout)["items"]}
    for item in manifests:
        key = item["kind"], item["metadata"]["name"]
        assert list(differences(item, found[key])) == [], key


def differences(wanted: Any, there: Any, place: str = "") -> Iterator[str]:
    """Yield where what is wanted is not there in just this way; more may be there."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        for name, value in wanted.items():
            yield from differences(value, there.get(name), f"{place}.{name}")
    elif isinstance(wanted, list) and isinstance(there, list) and len(wanted) == len(there):
        for number, value in enumerate(wanted):
            yield from differences(value, there[number], f"{place}[{number}]")
    elif wanted != there:
        yield f"{place}: {there!r} in place of {wanted!r}"


def test_it_comes_over_its_previous_version_and_goes_without_a_jwk(cluster: Cluster) -> None:
    kubeconfig, home = cluster.plane.kubeconfig, cluster.new_namespace("chart")

    def has_new_field() -> bool:
        crd = cluster.find("CustomResourceDefinition", None, CRD)
        assert crd is not None, "it stays"
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        return "proxyAuthSecretRef" in schema["properties"]["spec"]["properties"]

    def run(*arguments: str) -> None:
        done = helm(*arguments, "-n", home, kubeconfig=kubeconfig)
        assert done.returncode == 0, done.stderr

    scope = f"replicas=1,scope.namespaces={{{home}}}"
    run("install", "keys", str(PREVIOUS), "--take-ownership", "--set", scope)
    assert not has_new_field()
    jwk = {"apiVersion": API_VERSION, "kind": "JWK", "metadata": {"name": "kept", "namespace": home}, "spec": pasted()}
    # kubectl waits where the API server says that it gets used to another CRD
    identity = ("-n", home, "-o", "jsonpath={.metadata.uid} {.metadata.resourceVersion}")
    before = kubectl("create", *identity, "-f", "-", stdin=dump([jwk]), kubeconfig=kubeconfig).stdout
    run("upgrade", "keys", str(CHART), "--reuse-values")
    assert has_new_field()
    found = cluster.request("GET", f"/apis/apps/v1/namespaces/{home}/deployments/keys-jwk-operator")["spec"]
    assert (found["replicas"], found["strategy"]["rollingUpdate"]["maxUnavailable"]) == (1, 1)
    run("upgrade", "keys", str(CHART), "--reuse-values", "--set", "crds.install=false")
    assert has_new_field()
    run("upgrade", "keys", str(CHART), "--reuse-values", "--set", "crds.install=true")
    run("uninstall", "keys")
    assert has_new_field()
    assert kubectl("get", *identity, "jwk/kept", kubeconfig=kubeconfig).stdout == before
    cluster.install_crds()
    cluster.discard_namespace(home)
