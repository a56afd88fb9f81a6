"""The bundle for the Operator Lifecycle Manager: OLM's validators and CRD take it, and it has what kustomize has."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gotools import find_tool
from gotools.crds import foreign_crds
from harness.cluster import Cluster
from harness.fixtures import admin, cluster
from install.support import CLUSTER_WIDE, NAME, ROOT, Manifest, dump, kubectl, load, only, render
from olm import __main__ as olm

__all__ = ["admin", "cluster"]

pytestmark = pytest.mark.timeout(900)

BUNDLE = ROOT / olm.BUNDLE
NO_ICON = "warning (jwk-operator.v0.1.0) csv.Spec.Icon not specified"


def found(folder: Path) -> list[str]:
    """Return what operator-framework's validators have to say, in lines."""
    done = subprocess.run([find_tool("olm"), folder], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def service_version() -> Manifest:
    (csv,) = load((ROOT / olm.CSV).read_text())
    return csv


def test_it_has_not_drifted() -> None:
    assert olm.main(["--check"], ROOT) == 0


def test_the_validators_find_nothing() -> None:
    assert found(BUNDLE) == [NO_ICON]


def mode(csv: Manifest) -> None:
    csv["spec"]["installModes"] = []


def kind(csv: Manifest) -> None:
    del csv["spec"]["customresourcedefinitions"]["owned"][0]


def example(csv: Manifest) -> None:
    csv["metadata"]["annotations"]["alm-examples"] = "[{]"


@pytest.mark.parametrize(
    ("mistake", "says"),
    [(mode, "install modes not found"), (kind, "is present in bundle"), (example, "invalid example")],
)
def test_they_would_find_a_mistake(tmp_path: Path, mistake: Callable[[Manifest], None], says: str) -> None:
    shutil.copytree(BUNDLE, tmp_path / "bundle")
    csv = service_version()
    mistake(csv)
    (tmp_path / "bundle" / "manifests" / olm.CSV.name).write_text(yaml.safe_dump(csv))
    assert any(line.startswith("error") and says in line for line in found(tmp_path / "bundle"))


def test_the_api_server_takes_it(cluster: Cluster) -> None:
    cluster.install_crds(path for path in foreign_crds() if "clusterserviceversions" in path.name)
    options = ("--dry-run=server", "--validate=strict", "--server-side", "--force-conflicts", "-n", "default")
    kubectl("apply", *options, "-f", str(BUNDLE / "manifests"), kubeconfig=cluster.plane.kubeconfig)
    wrong = service_version()
    wrong["spec"]["mistyped"] = {}
    with pytest.raises(AssertionError, match=r"spec\.mistyped"):
        kubectl("apply", *options, "-f", "-", stdin=dump([wrong]), kubeconfig=cluster.plane.kubeconfig)


def test_it_has_what_kustomize_has() -> None:
    manifests, install = render(CLUSTER_WIDE), service_version()["spec"]["install"]["spec"]
    (deployment,) = install["deployments"]
    assert deployment["spec"] == only(manifests, "Deployment")["spec"]
    roles = {(item["kind"], item["metadata"]["name"]): item["rules"] for item in manifests if "rules" in item}
    (everywhere,), (own,) = install["clusterPermissions"], install["permissions"]
    assert everywhere == {"serviceAccountName": NAME, "rules": roles["ClusterRole", NAME]}
    assert own == {"serviceAccountName": NAME, "rules": roles["Role", f"{NAME}-leader-election"]}
    objects = [item for path in (BUNDLE / "manifests").iterdir() for item in load(path.read_text())]
    for item in objects:
        if item["kind"] != "ClusterServiceVersion":
            (same,) = (other for other in manifests if (other["kind"], other["metadata"]["name"]) == identity(item))
            assert item["spec"] == same["spec"]
    kinds = {item["kind"] for item in objects} | {"ServiceAccount", "Deployment", "Role", "RoleBinding", "Namespace"}
    # ClusterRoles for the people who use it OLM makes by itself
    assert kinds - {"ClusterServiceVersion"} == {item["kind"] for item in manifests} - {
        "ClusterRole",
        "ClusterRoleBinding",
    }


def identity(item: Manifest) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]
