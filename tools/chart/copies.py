"""Copies in the chart's `files`, each from its one source: CRDs, RBAC, admission, alerts, dashboard, defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from chart.values import defaults
from dashboard.__main__ import render as render_dashboard
from jwk_operator.api.crd import render_crds

_OVERLAYS = Path("manifests/overlays")
_KEEP = {"helm.sh/resource-policy": "keep"}
"""Uninstalling a release must not delete every JWK."""


def render(root: Path) -> dict[Path, str]:
    """Return the text of each copy by its path in the chart's folder `files`."""
    files = {Path("crds") / name: _kept(text) for name, text in render_crds().items()}
    for overlay, name in (("cluster-wide", "cluster"), ("single-namespace", "namespace")):
        (role, *_) = _load(root / _OVERLAYS / overlay / "rbac.yaml")
        files[Path(f"rules-{name}.yaml")] = _dump(role["rules"])
    user_roles = {
        role["metadata"]["name"].rpartition("-")[2]: {
            "labels": {key: value for key, value in role["metadata"]["labels"].items() if "aggregate" in key},
            "rules": role["rules"],
        }
        for role in _load(root / _OVERLAYS / "cluster-wide" / "user-roles.yaml")
    }
    files[Path("user-roles.yaml")] = _dump(user_roles)
    (policy,) = _load(root / "manifests/admission/policy.yaml")
    files[Path("admission.yaml")] = _dump(policy["spec"])
    (alerts,) = _load(root / "manifests/monitoring/prometheusrule.yaml")
    files[Path("alerts.yaml")] = _dump(alerts["spec"])
    files[Path("dashboard.json")] = render_dashboard()
    files[Path("defaults.yaml")] = _dump(defaults(root / "charts/jwk-operator/values.yaml"))
    return files


def _kept(text: str) -> str:
    document = yaml.safe_load(text)
    document["metadata"].setdefault("annotations", {}).update(_KEEP)
    return _dump(document)


def _load(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def _dump(document: Any) -> str:
    return yaml.safe_dump(document, sort_keys=False, width=10_000)
