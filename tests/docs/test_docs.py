"""The pages: every link leads somewhere, and the API server takes every YAML block as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from harness.cluster import ROOT, Cluster, path_of
from harness.fixtures import admin, cluster
from harness.pages import PAGES, blocks, links, title

__all__ = ["admin", "cluster"]

_LANGUAGES = {"sh", "text", "yaml", "json", "python"}
_ELSEWHERE = ("kustomize.config.k8s.io/", "argoproj.io/", "kustomize.toolkit.fluxcd.io/")
"""Groups that this API server does not have."""


def yaml_blocks() -> Iterator[object]:
    for page in PAGES:
        for block in blocks(page):
            if block.language == "yaml":
                yield pytest.param(block.text, id=f"{title(page)}:{block.line}")


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_lead_to_files(page: Path) -> None:
    for target in links(page):
        assert (page.parent / target).is_file(), f"{target} in {title(page)}"


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_code_blocks_say_what_they_are(page: Path) -> None:
    found = {(block.line, block.language) for block in blocks(page) if block.language not in _LANGUAGES}
    assert not found, "commands are in sh blocks without a prompt, what they print follows in text blocks"


@pytest.mark.parametrize("text", list(yaml_blocks()))
def test_the_api_server_takes_every_block(cluster: Cluster, text: str) -> None:
    for document in yaml.safe_load_all(text):
        if document["apiVersion"].startswith(_ELSEWHERE):
            continue
        metadata, kind = document["metadata"], document["kind"]
        namespace = None if kind.startswith("Cluster") else "default"
        metadata.pop("namespace", None)
        if namespace:
            metadata["namespace"] = namespace
        query = {"fieldManager": "docs", "dryRun": "All", "fieldValidation": "Strict"}
        path = path_of(kind, namespace, metadata["name"])
        cluster.request("PATCH", path, document, "application/apply-patch+yaml", **query)


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_no_command_reaches_one_of_two_pods(page: Path) -> None:
    """Through the Deployment, kubectl picks a pod, which may be the one that does not act."""
    for block in blocks(page):
        assert not re.search(r"kubectl (logs|exec)\b.*\bdeploy(ment)?/", block.text), f"{title(page)}:{block.line}"


def test_every_page_can_be_found() -> None:
    linked = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    assert set(PAGES) - linked <= {ROOT / "README.md"}, "no page leads there"
