"""The Helm chart: it renders what kustomize does, options arrive, mistakes are refused, a real API server takes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chart import __main__ as generated
from harness.cluster import Cluster
from harness.fixtures import admin, cluster
from install.helm import CHART, MONITORING, NAME, RELEASE, helm, with_values
from install.support import CLUSTER_WIDE, ROOT, SINGLE_NAMESPACE, Manifest, dump, kubectl, load, only
from install.support import render as kustomize

__all__ = ["admin", "cluster"]

EVERYTHING: dict[str, Any] = {
    "networkPolicy": {"enabled": True},
    "privateKeys": {"action": "Warn"},
    "metrics": {name: {"enabled": True} for name in ("serviceMonitor", "prometheusRule", "dashboard")},
}


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


def test_the_network_policy_is_that_of_kustomize(template: Any) -> None:
    ours = only(template(networkPolicy={"enabled": True}), "NetworkPolicy")["spec"]
    theirs = only(kustomize(ROOT / "manifests" / "network-policy"), "NetworkPolicy")["spec"]
    assert {**ours, "podSelector": {}} == {**theirs, "podSelector": {}}
    pod = only(kustomize(CLUSTER_WIDE), "Deployment")["spec"]["template"]["metadata"]
    assert theirs["podSelector"]["matchLabels"].items() <= pod["labels"].items()
    names = {port["name"] for port in container(kustomize(CLUSTER_WIDE))["ports"]}
    assert {port["port"] for rule in theirs["ingress"] for port in rule["ports"]} == names


def test_the_admission_policy_is_that_of_kustomize(template: Any) -> None:
    ours, theirs = template(privateKeys={"action": "Warn"}), kustomize(ROOT / "manifests" / "admission")
    policy, binding = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
    assert only(ours, policy)["spec"] == only(theirs, policy)["spec"]
    assert only(ours, binding)["spec"] == {
        "policyName": only(ours, policy)["metadata"]["name"],
        "validationActions": only(theirs, binding)["spec"]["validationActions"],
    }
    some = only(template(privateKeys={"action": "Deny"}, scope={"namespaces": ["a"]}), binding)["spec"]
    assert some["validationActions"] == ["Deny"]
    (chosen,) = some["matchResources"]["namespaceSelector"]["matchExpressions"]
    assert chosen == {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a"]}


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
    "registry": ({"image": {"registry": "r:5000/", "repository": "a/b", "tag": "9"}}, "image", "r:5000/a/b:9"),
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


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"maxUnavailable": 1}),
        ({"maxUnavailable": "50%"}, {"maxUnavailable": "50%"}),
        ({"minAvailable": 1}, {"minAvailable": 1}),
        ({"minAvailable": "50%"}, {"minAvailable": "50%"}),
    ],
)
def test_a_budget_always_lets_a_pod_go(template: Any, given: dict[str, Any], expected: dict[str, Any]) -> None:
    spec = only(template(podDisruptionBudget=given), "PodDisruptionBudget")["spec"]
    assert {name: value for name, value in spec.items() if name.endswith("vailable")} == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "Recreate"}, {"type": "Recreate"}),
        (
            {"rollingUpdate": {"maxSurge": 0}},
            {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}, "type": "RollingUpdate"},
        ),
    ],
    ids=["recreate", "rolling"],
)
def test_the_strategy_is_one_that_the_api_takes(template: Any, given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert only(template(strategy=given), "Deployment")["spec"]["strategy"] == expected


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
        ({"networkPolicy": {"apiServerPorts": []}}, "apiServerPorts"),
        ({"networkPolicy": {"apiServerPorts": [70000]}}, "apiServerPorts"),
        ({"networkPolicy": {"egress": ["any"]}}, "egress"),
        ({"scope": {"namespaces": [1]}}, "namespaces"),
        ({"scope": {"namespaces": [{"a": "b"}]}}, "namespaces"),
        ({"scope": {"namespaces": ["a,b"]}}, "namespaces"),
        ({"scope": {"namespaces": ["a", "a"]}}, "namespaces"),
        ({"gracePeriodSeconds": -1}, "gracePeriodSeconds"),
        ({"gracePeriodSeconds": 1_000_000}, "gracePeriodSeconds"),
        ({"leaseDurationSeconds": 1_000_000}, "leaseDurationSeconds"),
        ({"replicas": 1_000_000}, "replicas"),
        ({"image": {"tag": "a b"}}, "tag"),
        ({"image": {"repository": "registry:5000/image:1.0"}}, "repository"),
        ({"enabled": "yes"}, "enabled"),
        ({"podDisruptionBudget": {"maxUnavailable": 0}}, "maxUnavailable"),
        ({"podDisruptionBudget": {"maxUnavailable": "0%"}}, "maxUnavailable"),
        ({"podDisruptionBudget": {"minAvailable": "half"}}, "minAvailable"),
        ({"podDisruptionBudget": {"minAvailable": 1}, "replicas": 1}, "no node could be drained"),
        ({"podDisruptionBudget": {"minAvailable": 2}}, "no node could be drained"),
        ({"podDisruptionBudget": {"minAvailable": "51%"}}, "no node could be drained"),
        ({"commonLabels": {"a": "-"}}, "commonLabels"),
        ({"podLabels": {"app.kubernetes.io/name": "other"}}, "podLabels"),
        ({"extraArgs": [5]}, "extraArgs"),
        ({"metrics": {"serviceMonitor": {"interval": "often"}}}, "interval"),
        ({"metrics": {"prometheusRule": {"runbookBaseUrl": "docs"}}}, "runbookBaseUrl"),
        ({"fullnameOverride": "1st"}, "set fullnameOverride"),
        *(({name: {"a": True}}, name) for name in ("commonLabels", "podLabels", "podAnnotations", "nodeSelector")),
        ({"serviceAccount": {"annotations": {"a": 1}}}, "annotations"),
        *(
            ({"metrics": {name: {"labels": {"a": 1}}}}, f"{name}/labels")
            for name in ("serviceMonitor", "prometheusRule", "dashboard")
        ),
        *(
            ({name: ["nonsense"]}, name)
            for name in (
                *("extraEnv", "extraVolumes", "extraVolumeMounts"),
                *("imagePullSecrets", "tolerations", "topologySpreadConstraints", "extraObjects"),
            )
        ),
    ],
)
def test_mistakes_are_refused(tmp_path: Path, given: dict[str, Any], says: str) -> None:
    done = helm("template", RELEASE, str(CHART), *with_values(tmp_path, given))
    assert done.returncode != 0
    assert says in done.stderr


def test_no_port_is_not_every_port(tmp_path: Path) -> None:
    """Where the schema is not checked, the template refuses it."""
    arguments = with_values(tmp_path, {"networkPolicy": {"enabled": True, "apiServerPorts": []}})
    done = helm("template", RELEASE, str(CHART), "--skip-schema-validation", *arguments)
    assert done.returncode != 0
    assert "would let out everything" in done.stderr


@pytest.mark.parametrize("base", ["https://git.example.com/keys/blob/main", "http://git.example.com/keys/"])
def test_runbooks_get_an_address(template: Any, base: str) -> None:
    def runbooks(**given: Any) -> list[str]:
        groups = only(template(metrics={"prometheusRule": {"enabled": True, **given}}), "PrometheusRule")["spec"][
            "groups"
        ]
        return [rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"]]

    paths = runbooks()
    assert all((ROOT / path).is_file() for path in paths)
    assert runbooks(runbookBaseUrl=base) == [f"{base.removesuffix('/')}/{path}" for path in paths]


def test_names_are_short_enough_and_fit_a_service(template: Any) -> None:
    for item in template(**EVERYTHING, fullnameOverride="n" * 63, nameOverride="o" * 80):
        # the API takes 253 characters in a Role's name and in those of CRDs; a label's value has 63 at most
        assert len(item["metadata"]["name"]) <= (253 if item["kind"] in (*CRDS, "Role", "RoleBinding") else 63)
        assert all(len(value) <= 63 for value in item["metadata"].get("labels", {}).values())
    for release in ("1st", "my.keys"):
        done = helm("template", release, str(CHART))
        assert done.returncode != 0, release
        assert "set fullnameOverride" in done.stderr
    assert helm("template", "my.keys", str(CHART), "--set", "fullnameOverride=keys").returncode == 0


def test_generated_parts_have_not_drifted() -> None:
    assert generated.main(["--check"], ROOT) == 0


def test_the_api_server_takes_it_and_is_left_clean(cluster: Cluster, tmp_path: Path) -> None:
    kubeconfig = cluster.plane.kubeconfig
    given = {"networkPolicy": {"enabled": True}, "metrics": {"dashboard": {"enabled": True}}}
    home = "install-test-helm"
    kubectl("create", "namespace", home, kubeconfig=kubeconfig)
    upgrade = ("upgrade", "--install", RELEASE, str(CHART), "-n", home)
    try:
        done = helm(*upgrade, kubeconfig=kubeconfig)
        assert "cannot be imported" in done.stderr, "the CRDs are there, and Helm takes over if it is told so"
        for more, option in (({}, ["--take-ownership"]), ({"replicas": 1}, [])):
            done = helm(*upgrade, *option, *with_values(tmp_path, {**given, **more}), kubeconfig=kubeconfig)
            assert done.returncode == 0, done.stderr
        assert f"The operator {NAME} serves all namespaces.\nNo registry has the image jwk-operator:" in done.stdout
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


def test_it_goes_on_from_kustomize_and_leaves_room_for_a_second(cluster: Cluster) -> None:
    """As the chart's page says it."""
    kubeconfig, home = cluster.plane.kubeconfig, "install-test-moved"
    kubectl("create", "namespace", home, kubeconfig=kubeconfig)
    kubectl("apply", "--server-side", "-n", home, "-k", str(SINGLE_NAMESPACE), kubeconfig=kubeconfig)
    common = (str(CHART), "-n", home, "--set", f"scope.namespaces={{{home}}},image.repository=r.example.com/i")
    first, second = (("upgrade", "--install", name, *common) for name in ("jwk-operator", "second"))
    try:
        kubectl("delete", "deployment", "jwk-operator", "-n", home, kubeconfig=kubeconfig)
        done = helm(*first, "--take-ownership", kubeconfig=kubeconfig)
        assert done.returncode == 0, done.stderr
        assert f"serves the namespace {home}.\n\n" in done.stdout
        assert "cannot be imported" in helm(*second, kubeconfig=kubeconfig).stderr
        done = helm(*second, "--set", "crds.install=false,scope.selector=shard", kubeconfig=kubeconfig)
        assert done.returncode == 0, done.stderr
        assert f"serves the namespace {home}, JWKs with shard alone.\n\n" in done.stdout
        for name in ("second", "jwk-operator"):
            assert helm("uninstall", name, "-n", home, kubeconfig=kubeconfig).returncode == 0
        left = kubectl("get", "all,role,rolebinding,pdb", "-n", home, "-o", "name", kubeconfig=kubeconfig).stdout
        assert left == ""
    finally:
        kubectl("delete", "namespace", home, "--wait=false", kubeconfig=kubeconfig)
