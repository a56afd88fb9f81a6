"""What people may do who have the built-in role view, edit or admin in a namespace: the shipped roles add to these."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.cluster import ROOT, Cluster, documents, path_of
from harness.keys import pasted
from harness.objects import API_VERSION
from harness.space import CONNECTION, Space
from harness.waiting import until

ROLES = documents([ROOT / "manifests" / "overlays" / "cluster-wide" / "user-roles.yaml"])
BUILT_IN = ("view", "edit", "admin")
DRY = {"dryRun": "All"}

Try = tuple[str, str, Any]
"""Method, path and body."""


@pytest.fixture
def people(cluster: Cluster, space: Space) -> Iterator[Space]:
    """A namespace with a user for each built-in role, who is called like it."""
    for role in ROLES:
        cluster.apply(role)
    for name in BUILT_IN:
        subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
        metadata = {"name": name, "namespace": space.name}
        binding = {"kind": "RoleBinding", "metadata": metadata, "roleRef": role, "subjects": [subject]}
        cluster.apply({"apiVersion": "rbac.authorization.k8s.io/v1", **binding})
    yield space
    for role in ROLES:
        cluster.delete("ClusterRole", None, role["metadata"]["name"])


def _may(cluster: Cluster, user: str, attempt: Try) -> bool:
    method, path, body = attempt
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    headers = {"Impersonate-User": user, "Content-Type": kind}
    query = {} if method == "GET" else DRY
    content = None if body is None else json.dumps(body)
    answer = cluster.http.request(method, path, headers=headers, params=query, content=content)
    assert answer.is_success or answer.status_code == 403, answer.text
    return answer.is_success


def test_who_may_do_what(cluster: Cluster, people: Space) -> None:
    space = people
    space.jwk("one", pasted())
    other = cluster.new_namespace("other")
    token = {"tokenSecretRef": {"name": "a", "namespace": "b"}}
    wide = {"baseUrl": space.url, "auth": token, "allowedNamespaces": {"names": ["a"]}}
    shared = {"apiVersion": API_VERSION, "kind": "ClusterApinizerConnection", "metadata": {"name": "x"}, "spec": wide}
    second = {"baseUrl": space.url, "auth": {"tokenSecretRef": {"name": "default"}}}
    status = {"status": {"environments": "9/9"}}
    attempts: dict[str, Try] = {
        "read JWKs and their status": ("GET", space.path("JWK", "one"), None),
        "read connections": ("GET", space.path(CONNECTION, "default"), None),
        "read events": ("GET", f"/api/v1/namespaces/{space.name}/events", None),
        "create JWKs": ("POST", space.path("JWK"), space.object("JWK", "two", pasted())),
        "change JWKs": ("PATCH", space.path("JWK", "one"), {"spec": {"suspend": True}}),
        "delete JWKs": ("DELETE", space.path("JWK", "one"), None),
        "create connections": ("POST", space.path(CONNECTION), space.object(CONNECTION, "two", second)),
        "delete connections": ("DELETE", space.path(CONNECTION, "default"), None),
        "read Secrets": ("GET", path_of("Secret", space.name, "default"), None),
        "write statuses": ("PATCH", f"{space.path('JWK', 'one')}/status", status),
        "write statuses of connections": ("PATCH", f"{space.path(CONNECTION, 'default')}/status", status),
        "read another namespace": ("GET", path_of("JWK", other), None),
        "create cluster-wide connections": ("POST", path_of("ClusterApinizerConnection"), shared),
    }
    looks = {"read JWKs and their status", "read connections", "read events"}
    edits = {"create JWKs", "change JWKs", "delete JWKs", "read Secrets"}
    expected = {
        "view": looks,
        "edit": looks | edits,
        "admin": looks | edits | {"create connections", "delete connections"},
    }

    def may() -> dict[str, set[str]]:
        return {user: {what for what, attempt in attempts.items() if _may(cluster, user, attempt)} for user in BUILT_IN}

    until(lambda: may() == expected, lambda: f"Kubernetes adds these rules: {may()}")
    cluster.discard_namespace(other)
