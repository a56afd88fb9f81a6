"""Which page stands where in the site. Pages that are not in docs/ get a place among the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

START = "docs/README.md"
TITLES = {"README.md": "Try it", "docs/decisions/README.md": "All decisions"}
"""Titles in the menu, where the page's own says too little there."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the menu: its pages by their path in the repository, with their place in the site."""

    title: str
    pages: dict[str, str]


def parts(root: Path) -> tuple[Part, ...]:
    """Return the menu."""
    return (
        Part("Start", {"README.md": "project", "docs/guide/first-key.md": "guide/first-key"}),
        Part(
            "Guide",
            {
                **_own(
                    "guide",
                    "looking",
                    "connections",
                    "keys",
                    "validating",
                    "planning",
                    "rotation",
                    "migrating",
                    "argocd",
                    "flux",
                    "teams",
                ),
                "examples/README.md": "examples/index",
                "examples/argocd/README.md": "examples/argocd",
                "simulator/README.md": "guide/simulator",
            },
        ),
        Part(
            "Operations",
            {
                "manifests/README.md": "operations/kustomize",
                "charts/jwk-operator/README.md": "operations/helm",
                **_rest(root, "operations", first=("doctor", "upgrading", "backup", "sizing", "image", "threat-model")),
            },
        ),
        Part("Runbooks", _rest(root, "operations/runbooks")),
        Part(
            "Reference",
            _rest(
                root, "reference", first=("jwk", "apinizerconnection", "clusterapinizerconnection", "reasons", "health")
            ),
        ),
        Part("Why it is so", _rest(root, "decisions", first=("README",))),
        Part("The project", {f"{name.upper()}.md": name for name in ("contributing", "security", "changelog")}),
    )


def _own(folder: str, *names: str) -> dict[str, str]:
    """Return pages of docs/, which keep their place; a README is its folder's first page."""
    return {f"docs/{folder}/{name}.md": f"{folder}/{'index' if name == 'README' else name}" for name in names}


def _rest(root: Path, folder: str, first: tuple[str, ...] = ()) -> dict[str, str]:
    """Return all pages of a folder in docs/, those first that are named."""
    found = sorted(path.stem for path in (root / "docs" / folder).glob("*.md"))
    return _own(folder, *(name for name in first if name in found), *(name for name in found if name not in first))
