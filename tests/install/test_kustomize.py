"""The kustomize manifests: they build, ask for no more than they need, and a real API server takes them."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.pages import blocks
from harness.waiting import until
from install.conftest import Installed
from install.support import (
    CLUSTER_WIDE,
    NAME,
    OVERLAYS,
    ROOT,
    SINGLE_NAMESPACE,
    SYSTEM_NAMESPACE,
    TEAM_NAMESPACE,
    Manifest,
    dump,
    kubectl,
    load,
    only,
    render,
    review,
)
from jwk_operator.api.selector import parse_selector, selects

GROUP = "apiops.apinizer.com"
READ = {"get", "list", "watch"}
CHANGE = {"create", "update", "patch", "delete", "deletecollection"}
OWN_NAMESPACE = {
    (GROUP, "jwks"): READ | {"patch"},
    (GROUP, "jwks/status"): {"patch"},
    (GROUP, "apinizerconnections"): READ | {"patch"},
    (GROUP, "apinizerconnections/status"): {"patch"},
    ("", "secrets"): READ,
    ("", "configmaps"): READ,
    ("", "events"): {"create", "patch"},
}
EVERYWHERE = OWN_NAMESPACE | {
    (GROUP, "clusterapinizerconnections"): READ | {"patch"},
    (GROUP, "clusterapinizerconnections/status"): {"patch"},
    ("", "namespaces"): {"list", "watch"},
}
ALL_VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
FOREIGN = [
    ("", "pods"),
    ("", "secrets/status"),
    ("", "serviceaccounts"),
    ("", "serviceaccounts/token"),
    ("apps", "deployments"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "roles"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
]

overlays = pytest.mark.parametrize("overlay", sorted(OVERLAYS.iterdir()), ids=lambda path: path.name)


def permissions(role: Manifest) -> dict[tuple[str, str], set[str]]:
    granted: dict[tuple[str, str], set[str]] = {}
    for rule in role["rules"]:
        assert set(rule) - {"resourceNames"} == {"apiGroups", "resources", "verbs"}
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                granted.setdefault((group, resource), set()).update(rule["verbs"])
    return granted


def roles(manifests: list[Manifest]) -> list[Manifest]:
    return [item for item in manifests if item["kind"] in {"Role", "ClusterRole"}]


@overlays
def test_overlay_builds_one_operator(overlay: Path) -> None:
    manifests = render(overlay)
    deployment = only(manifests, "Deployment")
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["strategy"]["type"] == "RollingUpdate"
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    variables = {item["name"]: item for item in container["env"]}
    assert variables["JWK_OPERATOR_LEADER_ELECT"]["value"] == "true", "or both would act"
    for name, path in (("POD_NAMESPACE", "metadata.namespace"), ("POD_UID", "metadata.uid")):
        assert variables[name]["valueFrom"] == {"fieldRef": {"fieldPath": path}}
    account = only(manifests, "ServiceAccount")["metadata"]["name"]
    assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == account
    identities = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in manifests]
    assert len(identities) == len(set(identities))


@overlays
def test_deployment_meets_restricted_pod_security(overlay: Path) -> None:
    pod = only(render(overlay), "Deployment")["spec"]["template"]["spec"]
    for field in ("hostNetwork", "hostPID", "hostIPC", "volumes", "initContainers", "ephemeralContainers"):
        assert field not in pod, field
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all("hostPort" not in port for port in container["ports"])
    assert container["resources"]["limits"]["memory"]


@overlays
def test_services_and_budgets_select_the_pod(overlay: Path) -> None:
    manifests = render(overlay)
    deployment = only(manifests, "Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"].items() <= labels.items()
    budget = only(manifests, "PodDisruptionBudget")["spec"]
    assert budget["selector"]["matchLabels"].items() <= labels.items()
    # anything else would block the drain of a node where somebody runs one replica
    assert budget["maxUnavailable"] == 1
    assert "minAvailable" not in budget
    service = only(manifests, "Service")["spec"]
    assert service["selector"].items() <= labels.items()
    (container,) = deployment["template"]["spec"]["containers"]
    ports = {port["name"] for port in container["ports"]}
    assert {port["targetPort"] for port in service["ports"]} <= ports
    probes = [container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert {probe["port"] for probe in probes} <= ports


@overlays
def test_service_variables_cannot_become_settings(overlay: Path) -> None:
    """A Service jwk-operator-metrics would otherwise set JWK_OPERATOR_METRICS_PORT to an URL in the pods."""
    assert only(render(overlay), "Deployment")["spec"]["template"]["spec"]["enableServiceLinks"] is False


@overlays
def test_roles_have_no_wildcard_and_never_write_secrets(overlay: Path) -> None:
    found = roles(render(overlay))
    assert found
    for role in found:
        for (group, resource), verbs in permissions(role).items():
            assert "*" not in {group, resource, *verbs}
            if resource.partition("/")[0] in {"secrets", "configmaps", "namespaces"}:
                assert verbs <= READ, resource


def test_roles_hold_exactly_what_the_operator_uses() -> None:
    cluster_role, role = (load((folder / "rbac.yaml").read_text())[0] for folder in (CLUSTER_WIDE, SINGLE_NAMESPACE))
    assert (cluster_role["kind"], cluster_role["metadata"]["name"]) == ("ClusterRole", NAME)
    assert (role["kind"], role["metadata"]["name"]) == ("Role", NAME)
    assert permissions(cluster_role) == EVERYWHERE
    assert permissions(role) == OWN_NAMESPACE


@overlays
def test_the_lease_is_the_operators_own_and_no_other(overlay: Path) -> None:
    manifests = render(overlay)
    (role,) = (item for item in roles(manifests) if item["metadata"]["name"] == f"{NAME}-leader-election")
    assert role["kind"] == "Role"
    assert permissions(role) == {("coordination.k8s.io", "leases"): {"create", "get", "patch"}}
    named = [rule["resourceNames"] for rule in role["rules"] if rule["verbs"] != ["create"]]
    assert named == [[NAME]]
    (binding,) = (
        item
        for item in manifests
        if item["kind"] == "RoleBinding" and item["roleRef"]["name"] == role["metadata"]["name"]
    )
    assert binding["metadata"].get("namespace") == role["metadata"].get("namespace")
    assert [subject["name"] for subject in binding["subjects"]] == [NAME]


def test_cluster_wide_brings_its_namespace_and_the_crds() -> None:
    manifests = render(CLUSTER_WIDE)
    namespace = only(manifests, "Namespace")["metadata"]
    assert namespace["name"] == SYSTEM_NAMESPACE
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    crds = {item["metadata"]["name"] for item in manifests if item["kind"] == "CustomResourceDefinition"}
    assert crds == {f"{kind}.{GROUP}" for kind in ("jwks", "apinizerconnections", "clusterapinizerconnections")}
    (container,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["run", "--all-namespaces"]


def test_single_namespace_needs_no_cluster_administrator() -> None:
    manifests = render(SINGLE_NAMESPACE)
    kinds = {item["kind"] for item in manifests}
    assert kinds == {"Deployment", "PodDisruptionBudget", "Role", "RoleBinding", "Service", "ServiceAccount"}
    (container,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["run"]
    variables = {item["name"]: item for item in container["env"]}
    assert variables["JWK_OPERATOR_NAMESPACES"]["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}
    assert not any("namespace" in item["metadata"] for item in manifests)


@overlays
def test_image_and_namespace_are_set_from_an_overlay_of_the_users(overlay: Path, tmp_path: Path) -> None:
    customization: dict[str, Any] = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "elsewhere",
        "resources": [os.path.relpath(overlay, tmp_path.resolve())],
        "images": [{"name": NAME, "newName": "registry.example.com/tools/jwk-operator", "newTag": "9.9.9"}],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(customization))
    manifests = render(tmp_path)
    (container,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example.com/tools/jwk-operator:9.9.9"
    assert only(manifests, "ServiceAccount")["metadata"]["namespace"] == "elsewhere"
    assert {item["metadata"]["name"] for item in manifests if item["kind"] == "Namespace"} <= {"elsewhere"}
    for binding in (item for item in manifests if item["kind"].endswith("RoleBinding")):
        assert {subject.get("namespace", "elsewhere") for subject in binding["subjects"]} == {"elsewhere"}


def test_runbooks_get_an_address_as_the_page_says(tmp_path: Path) -> None:
    page = ROOT / "manifests" / "README.md"
    (text,) = (block.text for block in blocks(page) if block.language == "yaml" and "runbook_url" in block.text)
    customization = yaml.safe_load(text)
    customization["resources"] = [os.path.relpath(ROOT / "manifests" / "monitoring", tmp_path.resolve())]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(customization))
    groups = only(render(tmp_path), "PrometheusRule")["spec"]["groups"]
    addresses = [rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"]]
    repository = "https://git.example.com/platform/jwk-operator/blob/main/"
    assert all((ROOT / address.removeprefix(repository)).is_file() for address in addresses), addresses
    assert all(address.startswith(repository) for address in addresses)


def test_shards_share_nothing_and_miss_nobody() -> None:
    shards = {folder.name: render(folder) for folder in sorted((ROOT / "examples" / "shards").iterdir())}
    objects = [(item["kind"], item["metadata"]["name"]) for manifests in shards.values() for item in manifests]
    assert len(objects) == len(set(objects)), "every object is of one shard"
    assert "CustomResourceDefinition" not in {kind for kind, _ in objects}
    selectors = []
    for manifests in shards.values():
        (container,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
        environment = {item["name"]: item.get("value") for item in container["env"]}
        selectors.append(parse_selector(environment["JWK_OPERATOR_SELECTOR"]))
        (lease,) = only(manifests, "Role")["rules"][1]["resourceNames"]
        assert environment["JWK_OPERATOR_LEASE_NAME"] == lease
    for labels in ({}, {"shard": "a"}, {"shard": "b"}, {"shard": ""}, {"other": "a"}):
        assert sum(selects(selector, labels) for selector in selectors) == 1, labels


def test_build_lock_is_made_for_the_build_system() -> None:
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    lines = (ROOT / "requirements" / "build.in").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == required


def test_api_server_takes_both_without_a_warning(installed: Installed) -> None:
    assert "deployment.apps/jwk-operator serverside-applied" in installed.messages
    assert "Warning" not in installed.messages


@pytest.mark.parametrize(
    ("overlay", "namespace"),
    [(CLUSTER_WIDE, SYSTEM_NAMESPACE), (SINGLE_NAMESPACE, TEAM_NAMESPACE)],
    ids=["cluster-wide", "single-namespace"],
)
def test_pod_is_admitted_where_restricted_is_enforced(installed: Installed, overlay: Path, namespace: str) -> None:
    template = only(render(overlay), "Deployment")["spec"]["template"]
    metadata = {"name": "probe", "namespace": namespace, "labels": template["metadata"]["labels"]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    done = kubectl("create", "--dry-run=server", "-f", "-", stdin=dump([pod]), kubeconfig=installed.kubeconfig)
    assert "Warning" not in done.stderr
    root = {**pod, "spec": {**template["spec"], "securityContext": {}}}
    with pytest.raises(AssertionError, match='violates PodSecurity "restricted'):
        kubectl("create", "--dry-run=server", "-f", "-", stdin=dump([root]), kubeconfig=installed.kubeconfig)


@pytest.mark.parametrize(
    ("account_namespace", "asked_namespace", "expected"),
    [
        (SYSTEM_NAMESPACE, "default", EVERYWHERE),
        (TEAM_NAMESPACE, TEAM_NAMESPACE, OWN_NAMESPACE),
        (TEAM_NAMESPACE, "default", {}),
        (TEAM_NAMESPACE, "", {}),
    ],
    ids=["cluster-wide", "single: its namespace", "single: another namespace", "single: cluster"],
)
def test_api_server_grants_exactly_the_role(
    installed: Installed, account_namespace: str, asked_namespace: str, expected: dict[tuple[str, str], set[str]]
) -> None:
    asked = [(group, resource, verb) for group, resource in [*EVERYWHERE, *FOREIGN] for verb in ALL_VERBS]
    attributes = [
        {"group": group, "resource": name.partition("/")[0], "subresource": name.partition("/")[2], "verb": verb}
        | ({"namespace": asked_namespace} if asked_namespace else {})
        for group, name, verb in asked
    ]
    answers = review(installed.kubeconfig, f"system:serviceaccount:{account_namespace}:{NAME}", attributes)
    granted: dict[tuple[str, str], set[str]] = {}
    for (group, resource, verb), allowed in zip(asked, answers, strict=True):
        if allowed:
            granted.setdefault((group, resource), set()).add(verb)
    assert granted == expected


@pytest.mark.parametrize(
    ("role", "jwks", "connections"),
    [
        ("view", READ, READ),
        ("edit", READ | CHANGE, READ),
        ("admin", READ | CHANGE, READ | CHANGE),
    ],
)
def test_people_have_the_rights_of_their_role(
    installed: Installed, role: str, jwks: set[str], connections: set[str]
) -> None:
    """The controller manager adds the rules to the built-in roles, so that a binding to those is all it takes."""
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"install-test-{role}", "namespace": TEAM_NAMESPACE},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": f"install-test-{role}"}],
    }
    kubectl("apply", "-f", "-", stdin=dump([binding]), kubeconfig=installed.kubeconfig)
    kinds = ("jwks", "apinizerconnections", "clusterapinizerconnections")
    asked = [(resource, verb) for resource in kinds for verb in ALL_VERBS]

    def granted() -> dict[str, set[str]]:
        attributes = [
            {"group": GROUP, "resource": resource, "verb": verb, "namespace": TEAM_NAMESPACE}
            for resource, verb in asked
        ]
        answers = review(installed.kubeconfig, f"install-test-{role}", attributes)
        found: dict[str, set[str]] = {resource: set() for resource in kinds[:2]}
        for (resource, verb), allowed in zip(asked, answers, strict=True):
            if allowed and resource != kinds[2]:
                found[resource].add(verb)
        return found

    wanted = {"jwks": jwks, "apinizerconnections": connections}
    until(lambda: granted() == wanted, lambda: f"rights of {role}: {granted()}")
    elsewhere = [{"group": GROUP, "resource": "clusterapinizerconnections", "verb": "get"}]
    assert review(installed.kubeconfig, f"install-test-{role}", elsewhere) == [False]
