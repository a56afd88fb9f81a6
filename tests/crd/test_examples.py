"""Every example can be applied as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from crd.server import Server
from jwk_operator.api.jwk import SourceType

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("*.yaml"))

Kubectl = Callable[..., str]


@pytest.fixture(scope="session")
def system_namespace(server: Server) -> None:
    """The namespace that the installation makes, and that the cluster-wide connection keeps its Secret in."""
    server.request("POST", "/api/v1/namespaces", {"metadata": {"name": "jwk-operator-system"}})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_example_applies(server: Server, kubectl: Kubectl, system_namespace: None, path: Path) -> None:
    objects = list(yaml.safe_load_all(path.read_text()))
    said = kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(path)).splitlines()
    assert len(said) == len(objects)
    assert all(line.endswith(" created (server dry run)") for line in said), said


def test_there_is_an_example_of_every_source_type() -> None:
    objects = [item for path in FILES for item in yaml.safe_load_all(path.read_text())]
    shown = {item["spec"]["sourceType"] for item in objects if item["kind"] == "JWK"}
    assert shown == {item.value for item in SourceType}


def test_the_index_names_every_example() -> None:
    index = (EXAMPLES / "README.md").read_text()
    assert [path.name for path in FILES if f"[{path.name}]({path.name})" not in index] == []
