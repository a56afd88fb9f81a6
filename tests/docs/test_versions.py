"""One version everywhere: a release cannot leave an old one in a manifest, an example or a page."""

from __future__ import annotations

import re
from importlib.metadata import version

from harness.cluster import ROOT
from harness.pages import PAGES, title

VERSION = r"v?(\d+\.\d+\.\d+)"
PLACES = {
    "pyproject.toml": rf'^version = "{VERSION}"',
    "simulator/pyproject.toml": rf'^version = "{VERSION}"',
    "Dockerfile": rf"^ARG VERSION={VERSION}",
    "manifests/base/kustomization.yaml": rf"newTag: {VERSION}",
    "charts/jwk-operator/Chart.yaml": rf"^appVersion: {VERSION}",
    "examples/ci/github-workflow.yaml": rf"jwk-operator:{VERSION}",
    "examples/ci/gitlab-ci.yaml": rf"jwk-operator:{VERSION}",
    "examples/ci/pre-commit-config.yaml": rf"rev: {VERSION}",
    "CHANGELOG.md": rf"^## {VERSION}",
}
IN_PAGES = rf"(?:jwk-operator:|newTag: ){VERSION}"


def test_one_version() -> None:
    found = {place: re.search(pattern, (ROOT / place).read_text(), re.MULTILINE) for place, pattern in PLACES.items()}
    versions = {(place, match[1] if match else "none") for place, match in found.items()}
    versions |= {(title(page), named) for page in PAGES for named in re.findall(IN_PAGES, page.read_text())}
    assert {place for place, named in versions if named != version("jwk-operator")} == set()
