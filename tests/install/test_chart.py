"""The Helm chart: it renders what kustomize does, options arrive, mistakes are refused, a real API server takes it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart import __main__ as generated
from chart.values import values
from gotools import find_tool
from harness.cluster import Cluster
from harness.fixtures import admin, cluster
from install.support import CLUSTER_WIDE, ROOT, SINGLE_NAMESPACE, Manifest, dump, kubectl, load, only
from install.support import render as kustomize

__all__ = ["admin", "cluster"]

CHART = ROOT / "charts" / "jwk-operator"
RELEASE = "keys"
NAME = f"{RELEASE}-jwk-operator"
MONITORING = "monitoring.coreos.com/v1"
EVERYTHING: dict[str, Any] = {
    "networkPolicy": {"enabled": True},
    "metrics": {name: {"enabled": True} for name in ("serviceMonitor", "prometheusRule", "dashboard")},
}


def helm(*arguments: str, kubeconfig: Path | None = None) -> subprocess.CompletedProcess[str]:
    home = os.environ.get("HOME", "/")
    environment = {"PATH": os.environ["PATH"], "HOME": home, "KUBECONFIG": str(kubeconfig or os.devnull)}
    command = [str(find_tool("helm")), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def with_values(folder: Path, given: dict[str, Any]) -> list[str]:
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(given))
    return ["-f", str(path)]


@pytest.fixture
def template(tmp_path: Path) -> Any:
    """Renders the chart with values."""

    def render(**given: Any) -> list[Manifest]:
        done = helm("template", RELEASE, str(CHART), "-n", "home", *with_values(tmp_path, given))
        assert done.returncode == 0, done.stderr
        return load(done.stdout)

    return render


def container(manifests: list[Manifest]) -> Manifest:
    (found,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


def variables(manifests: list[Manifest]) -> dict[str, Any]:
    return {item["name"]: item.get("value") for item in container(manifests)["env"]}


pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("given", [{}, EVERYTHING, {"scope": {"namespaces": ["a", "b"]}}], ids=["plain", "all", "some"])
def test_lint(tmp_path: Path, given: dict[str, Any]) -> None:
    done = helm("lint", "--strict", str(CHART), *with_values(tmp_path, given))
    assert done.returncode == 0, done.stdout + done.stderr


def rules(manifests: list[Manifest], kind: str, suffix: str = "") -> list[Any]:
    (role,) = (
        item
        for item in manifests
        if item["kind"] == kind and item["metadata"]["name"] in (f"{NAME}{suffix}", f"jwk-operator{suffix}")
    )
    return list(role["rules"])


def test_the_rights_are_those_of_kustomize(template: Any) -> None:
    ours, theirs = template(), kustomize(CLUSTER_WIDE)
    for suffix in ("", "-view", "-edit", "-admin"):
        assert rules(ours, "ClusterRole", suffix) == rules(theirs, "ClusterRole", suffix)
    some = template(scope={"namespaces": ["a", "b"]})
    roles = [item for item in some if item["kind"] == "Role" and item["metadata"]["name"] == NAME]
    assert [role["metadata"]["namespace"] for role in roles] == ["a", "b"]
    assert all(role["rules"] == rules(kustomize(SINGLE_NAMESPACE), "Role") for role in roles)
    assert "ClusterRole" not in {item["kind"] for item in some}
    lease = rules(ours, "Role", "-leader-election")
    assert lease == [
        {**rule, **({"resourceNames": [NAME]} if "resourceNames" in rule else {})}
        for rule in rules(theirs, "Role", "-leader-election")
    ]
    for binding in (item for item in ours if item["kind"].endswith("RoleBinding")):
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": NAME, "namespace": "home"}]


def test_the_pod_is_that_of_kustomize(template: Any) -> None:
    ours, theirs = container(template()), container(kustomize(CLUSTER_WIDE))
    for part in ("args", "ports", "startupProbe", "livenessProbe", "readinessProbe", "resources", "securityContext"):
        assert ours[part] == theirs[part], part
    given = {item["name"]: item for item in ours["env"]}
    assert all(given[item["name"]] == item for item in theirs["env"])
    assert set(given) - {item["name"] for item in theirs["env"]} == {
        "JWK_OPERATOR_LEASE_NAME",
        "JWK_OPERATOR_LEASE_DURATION",
        "JWK_OPERATOR_GRACE_PERIOD",
    }
    pod, other = (
        only(item, "Deployment")["spec"]["template"]["spec"] for item in (template(), kustomize(CLUSTER_WIDE))
    )
    for part in ("securityContext", "nodeSelector", "enableServiceLinks", "terminationGracePeriodSeconds"):
        assert pod[part] == other[part], part


def test_names_and_labels_fit_together(template: Any) -> None:
    manifests = template(**EVERYTHING, commonLabels={"team": "blue"}, podLabels={"mesh": "off"})
    labels = only(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert (labels["team"], labels["mesh"]) == ("blue", "off")
    selectors = [
        only(manifests, "Deployment")["spec"]["selector"]["matchLabels"],
        only(manifests, "Service")["spec"]["selector"],
        only(manifests, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        only(manifests, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)
    scraped = only(manifests, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    assert scraped.items() <= only(manifests, "Service")["metadata"]["labels"].items()
    assert all(item["metadata"]["labels"]["team"] == "blue" for item in manifests if item["kind"] not in CRDS)
    assert variables(manifests)["JWK_OPERATOR_LEASE_NAME"] == NAME


CRDS = ("CustomResourceDefinition",)
OPTIONS: dict[str, tuple[dict[str, Any], str, Any]] = {
    "tag": ({"image": {"tag": "9"}}, "image", "jwk-operator:9"),
    "digest": ({"image": {"digest": f"sha256:{'0' * 64}"}}, "image", f"jwk-operator@sha256:{'0' * 64}"),
    "args": ({"extraArgs": ["--log-level=debug"]}, "args", ["run", "--all-namespaces", "--log-level=debug"]),
    "namespaces": ({"scope": {"namespaces": ["a"]}}, "args", ["run"]),
    "mounts": (
        {"extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}], "extraVolumes": [{"name": "ca", "emptyDir": {}}]},
        "volumeMounts",
        [{"name": "ca", "mountPath": "/ca"}],
    ),
}
VARIABLES: dict[str, tuple[dict[str, Any], str, str]] = {
    "namespaces": ({"scope": {"namespaces": ["a", "b"]}}, "JWK_OPERATOR_NAMESPACES", "a,b"),
    "selector": ({"scope": {"selector": "shard=a"}}, "JWK_OPERATOR_SELECTOR", "shard=a"),
    "level": ({"log": {"level": "debug"}}, "JWK_OPERATOR_LOG_LEVEL", "debug"),
    "format": ({"log": {"format": "text"}}, "JWK_OPERATOR_LOG_FORMAT", "text"),
    "grace": ({"gracePeriodSeconds": 5}, "JWK_OPERATOR_GRACE_PERIOD", "5"),
    "lease": ({"leaseDurationSeconds": 30}, "JWK_OPERATOR_LEASE_DURATION", "30"),
    "proxy": ({"proxyFromEnvironment": True}, "JWK_OPERATOR_PROXY_FROM_ENVIRONMENT", "true"),
    "env": ({"extraEnv": [{"name": "HTTPS_PROXY", "value": "http://p"}]}, "HTTPS_PROXY", "http://p"),
}
POD: dict[str, Any] = {
    "affinity": {"nodeAffinity": {}},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
    "priorityClassName": "high",
    "imagePullSecrets": [{"name": "registry"}],
}


@pytest.mark.parametrize("option", OPTIONS)
def test_options_of_the_container_arrive(template: Any, option: str) -> None:
    given, part, expected = OPTIONS[option]
    assert container(template(**given))[part] == expected


@pytest.mark.parametrize("option", VARIABLES)
def test_settings_arrive(template: Any, option: str) -> None:
    given, name, expected = VARIABLES[option]
    assert variables(template(**given))[name] == expected


@pytest.mark.parametrize("option", POD)
def test_options_of_the_pod_arrive(template: Any, option: str) -> None:
    assert only(template(**{option: POD[option]}), "Deployment")["spec"]["template"]["spec"][option] == POD[option]


def test_what_is_switched_off_is_not_there(template: Any) -> None:
    off = template(
        crds={"install": False},
        rbac={"create": False},
        serviceAccount={"create": False, "name": "mine"},
        podDisruptionBudget={"enabled": False},
    )
    assert {item["kind"] for item in off} == {"Deployment", "Service"}
    assert only(off, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == "mine"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"replica": 1}, "replica"),
        ({"replicas": "many"}, "replicas"),
        ({"log": {"level": "trace"}}, "level"),
        ({"image": {"digest": "latest"}}, "digest"),
        ({"serviceAccount": {"create": False}}, "serviceAccount.name is needed"),
    ],
)
def test_mistakes_are_refused(tmp_path: Path, given: dict[str, Any], says: str) -> None:
    done = helm("template", RELEASE, str(CHART), *with_values(tmp_path, given))
    assert done.returncode != 0
    assert says in done.stderr


def test_every_value_is_documented() -> None:
    documented = [value.place for value in values(CHART / "values.yaml")]

    def leaves(node: Any, place: str) -> Iterator[str]:
        if isinstance(node, dict) and node and place not in documented:
            for name, inner in node.items():
                yield from leaves(inner, f"{place}.{name}".lstrip("."))
        else:
            yield place

    assert list(leaves(yaml.safe_load((CHART / "values.yaml").read_text()), "")) == documented


def test_generated_parts_have_not_drifted() -> None:
    assert generated.main(["--check"], ROOT) == 0


def test_the_api_server_takes_it_and_is_left_clean(cluster: Cluster, tmp_path: Path) -> None:
    kubeconfig = cluster.plane.kubeconfig
    given = {"networkPolicy": {"enabled": True}, "metrics": {"dashboard": {"enabled": True}}}
    home = "install-test-helm"
    kubectl("create", "namespace", home, kubeconfig=kubeconfig)
    for name in ("jwks", "apinizerconnections", "clusterapinizerconnections"):
        # Helm takes over what others have installed only if it is told so
        crd = f"crd/{name}.apiops.apinizer.com"
        kubectl("label", "--overwrite", crd, "app.kubernetes.io/managed-by=Helm", kubeconfig=kubeconfig)
        owner = (f"meta.helm.sh/release-name={RELEASE}", f"meta.helm.sh/release-namespace={home}")
        kubectl("annotate", "--overwrite", crd, *owner, kubeconfig=kubeconfig)
    try:
        for more in ({}, {"replicas": 1}):
            arguments = with_values(tmp_path, {**given, **more})
            done = helm("upgrade", "--install", RELEASE, str(CHART), "-n", home, *arguments, kubeconfig=kubeconfig)
            assert done.returncode == 0, done.stderr
        found = json.loads(kubectl("get", "deployment", NAME, "-n", home, "-o", "json", kubeconfig=kubeconfig).stdout)
        assert found["spec"]["replicas"] == 1
        done = helm("uninstall", RELEASE, "-n", home, kubeconfig=kubeconfig)
        assert done.returncode == 0, done.stderr
        left = kubectl(
            *("get", "all,cm,netpol,pdb,sa,role,rolebinding", "-n", home, "-o", "name"), kubeconfig=kubeconfig
        ).stdout.split()
        assert sorted(left) == ["configmap/kube-root-ca.crt", "serviceaccount/default"]
        assert NAME not in kubectl("get", "clusterrole,clusterrolebinding", "-o", "name", kubeconfig=kubeconfig).stdout
        assert cluster.find("CustomResourceDefinition", None, "jwks.apiops.apinizer.com"), "every JWK is still there"
    finally:
        kubectl("delete", "namespace", home, "--wait=false", kubeconfig=kubeconfig)


def test_a_dry_run_finds_no_mistake(cluster: Cluster, template: Any) -> None:
    manifests = [item for item in template(**EVERYTHING) if item["apiVersion"] != MONITORING]
    for item in manifests:
        if "namespace" in item["metadata"]:
            item["metadata"]["namespace"] = "default"
    options = ("--dry-run=server", "--validate=strict", "--server-side", "--force-conflicts")
    kubectl("apply", *options, "-f", "-", stdin=dump(manifests), kubeconfig=cluster.plane.kubeconfig)
