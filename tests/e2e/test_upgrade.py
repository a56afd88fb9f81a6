"""From the chart's previous version to this one, with JWKs that exist: new CRDs, and nothing else is noticed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml

from e2e import disturbances
from e2e.installs import CHART, PREVIOUS, Chart, helm, installed
from e2e.target import NAME, SYSTEM, Target, names
from harness.cluster import documents

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

_CRDS = {crd["metadata"]["name"]: crd for crd in documents(CHART.glob("files/crds/*.yaml"))}


@pytest.fixture
def previous(target: Target) -> Iterator[Target]:
    """The operator, installed by the previous chart, with JWKs that are deployed."""
    with installed(target, Chart(target, PREVIOUS)):
        disturbances.settled(target, "one", "two", "three")
        yield target


def _outdated(target: Target) -> list[str]:
    """Return the CRDs whose schema is not the current one."""
    found = {
        crd["metadata"]["name"]: crd for crd in target.items("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    }
    return sorted(
        name
        for name, crd in _CRDS.items()
        if found[name]["spec"]["versions"][0]["schema"] != crd["spec"]["versions"][0]["schema"]
    )


def test_the_chart_is_upgraded_from_its_previous_version(previous: Target) -> None:
    assert _outdated(previous) == sorted(_CRDS), "all of them have changed since"
    before, pods = previous.versions(), names(previous.pods())
    previous.control.clear_requests()
    Chart(previous).install()
    releases = json.loads(helm("list", "-n", SYSTEM, "-o", "json"))
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
    assert [(item["chart"], item["revision"]) for item in releases] == [(f"{NAME}-{version}", "2")]
    assert _outdated(previous) == []
    previous.looked_at(previous.leader(*pods), len(before))
    assert previous.versions() == before
    assert previous.writes() == []
