"""The pages: every link leads somewhere, and the API server takes every YAML block as it stands."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from harness.cluster import ROOT, Cluster, path_of
from harness.fixtures import admin, cluster

__all__ = ["admin", "cluster"]

PAGES = sorted(
    path
    for pattern in ("README.md", "docs/**/*.md", "manifests/*.md", "examples/**/*.md", "simulator/*.md")
    for path in ROOT.glob(pattern)
)
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)")
_BLOCK = re.compile(r"^([ ]*)```yaml\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_ELSEWHERE = ("kustomize.config.k8s.io/", "argoproj.io/", "kustomize.toolkit.fluxcd.io/")
"""Groups that this API server does not have."""


def blocks() -> Iterator[object]:
    for page in PAGES:
        for number, (_, text) in enumerate(_BLOCK.findall(page.read_text()), start=1):
            yield pytest.param(textwrap.dedent(text), id=f"{page.relative_to(ROOT)}-{number}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target, _ in _LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), f"{target} in {page.relative_to(ROOT)}"


@pytest.mark.parametrize("text", list(blocks()))
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


def test_every_page_can_be_found() -> None:
    linked = {
        (page.parent / target).resolve()
        for page in PAGES
        for target, _ in _LINK.findall(page.read_text())
        if (page.parent / target).exists()
    }
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    runbooks = {page for page in pages if page.parent.name == "runbooks"}
    lost = {page.relative_to(ROOT).as_posix() for page in pages - runbooks - linked}
    assert lost <= {"docs/README.md"}, "no page leads there"
