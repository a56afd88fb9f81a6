"""The chart's values: each is documented, and all of them at once make objects that a real API server takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.values import values
from harness.cluster import Cluster
from harness.fixtures import admin, cluster
from install.helm import CHART, MONITORING, NAME, RELEASE, helm, with_values
from install.support import Manifest, dump, kubectl, load, only

__all__ = ["admin", "cluster"]

pytestmark = pytest.mark.timeout(900)

LABEL = {"team": "true"}
FULL: dict[str, Any] = {
    "nameOverride": "123",
    "fullnameOverride": NAME,
    "commonLabels": {"team": "blue", "cost": "1"},
    "image": {
        "registry": "r:5000",
        "repository": "r/i",
        "tag": "1.0",
        "digest": f"sha256:{'0' * 64}",
        "pullPolicy": "Always",
    },
    "imagePullSecrets": [{"name": "registry"}],
    "replicas": 3,
    "strategy": {"rollingUpdate": {"maxSurge": "50%"}},
    "scope": {"namespaces": ["123", "default"], "selector": "shard in (a, b)"},
    "log": {"level": "debug", "format": "text"},
    "gracePeriodSeconds": 3600,
    "leaseDurationSeconds": 3600,
    "proxyFromEnvironment": True,
    "extraArgs": ["--log-level=debug"],
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy"}],
    "extraVolumes": [{"name": "ca", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}],
    "resources": {"limits": {"cpu": "1"}},
    "podSecurityContext": {"fsGroup": 1},
    "securityContext": {"privileged": False},
    "nodeSelector": {"disk": "1"},
    "affinity": {"nodeAffinity": {}},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
    "priorityClassName": "123",
    "podLabels": {**LABEL, "mesh": "off"},
    "podAnnotations": {"a": "1"},
    "serviceAccount": {"create": False, "name": "123", "annotations": {"a": "1"}},
    "rbac": {"create": True, "userRoles": False},
    "crds": {"install": False},
    "privateKeys": {"action": "Deny"},
    "podDisruptionBudget": {"enabled": True, "maxUnavailable": "50%", "minAvailable": 2},
    "networkPolicy": {
        "enabled": True,
        "apiServerPorts": [6443],
        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
    },
    "metrics": {
        "serviceMonitor": {"enabled": True, "interval": "1m", "labels": LABEL},
        "prometheusRule": {"enabled": True, "labels": LABEL, "runbookBaseUrl": "https://git.example.com/a?b#c"},
        "dashboard": {"enabled": True, "labels": LABEL},
    },
    "extraObjects": [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "extra", "namespace": "{{ .Release.Namespace }}"},
            "data": {"name": '{{ include "jwk-operator.fullname" . }}'},
        }
    ],
}
"""Every value, with strings that YAML takes for something else when they are not quoted."""


class OneOfEach(yaml.SafeLoader):
    """Refuses a mapping that has a key twice, as YAML has it, and Flux and Argo CD have it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), keys
        return super().construct_mapping(node, deep)


def test_all_values_at_once(cluster: Cluster, tmp_path: Path) -> None:
    assert sorted(given_places(FULL)) == sorted(value.place for value in values(CHART / "values.yaml"))
    done = helm("template", RELEASE, str(CHART), "-n", "123", *with_values(tmp_path, FULL))
    assert done.returncode == 0, done.stderr
    manifests = [item for item in yaml.load_all(done.stdout, OneOfEach) if item]
    assert only(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"].items() >= FULL["podLabels"].items()
    within = [item["metadata"] for item in manifests if "Admission" not in item["kind"]]
    assert {metadata["namespace"] for metadata in within} == {"123", "default"}
    for metadata in within:
        metadata["namespace"] = "default"
    options = ("--dry-run=server", "--validate=strict", "--server-side", "--force-conflicts")
    known = [item for item in manifests if item["apiVersion"] != MONITORING]
    kubectl("apply", *options, "-f", "-", stdin=dump(known), kubeconfig=cluster.plane.kubeconfig)


def test_what_is_null_is_as_in_values_yaml(tmp_path: Path) -> None:
    """So is what an older chart did not have yet, which `helm upgrade --reuse-values` leaves out. A map whose keys are
    the user's is empty then."""
    document = yaml.safe_load((CHART / "values.yaml").read_text())
    leaves = [nested(place, None) for place in given_places(document)]
    plain, sections, each = (render(tmp_path, given) for given in ([], [dict.fromkeys(document)], leaves))
    assert each == sections
    pod = only(sections, "Deployment")["spec"]["template"]["spec"]
    assert "nodeSelector" not in pod
    assert [pod["securityContext"], pod["containers"][0]["securityContext"]] == [{}, {}]
    assert pod["containers"][0]["resources"] == {}
    for manifests in (plain, sections):
        pod = only(manifests, "Deployment")["spec"]["template"]["spec"]
        for part in (pod, pod["containers"][0]):
            for name in ("securityContext", "resources", "nodeSelector"):
                part.pop(name, None)
    assert sections == plain
    for path in (CHART / "templates").glob("[!_]*"):
        assert path.read_text().startswith('{{- include "jwk-operator.complete" . }}\n'), path


def nested(place: str, value: Any) -> dict[str, Any]:
    for name in reversed(place.split(".")):
        value = {name: value}
    return dict(value)


def render(folder: Path, given: list[dict[str, Any]]) -> list[Manifest]:
    """Return what the chart makes of values files in their order."""
    options = []
    for number, values_of_one in enumerate(given):
        path = folder / f"{number}.yaml"
        path.write_text(yaml.safe_dump(values_of_one))
        options += ["-f", str(path)]
    done = helm("template", RELEASE, str(CHART), *options)
    assert done.returncode == 0, done.stderr
    return load(done.stdout)


def given_places(given: dict[str, Any]) -> list[str]:
    documented = [value.place for value in values(CHART / "values.yaml")]

    def leaves(node: Any, place: str) -> Iterator[str]:
        if isinstance(node, dict) and node and place not in documented:
            for name, inner in node.items():
                yield from leaves(inner, f"{place}.{name}".lstrip("."))
        else:
            yield place

    return list(leaves(given, ""))


def test_every_value_is_documented() -> None:
    path = CHART / "values.yaml"
    assert given_places(yaml.safe_load(path.read_text())) == [value.place for value in values(path)]
