"""The API server, as an administrator uses it."""

from __future__ import annotations

import base64
import itertools
import json
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import yaml

from controlplane import ControlPlane
from harness.objects import API_VERSION, Object
from harness.waiting import until

ROOT = Path(__file__).parents[2]
CRDS = ROOT / "crds"
MERGE = "application/merge-patch+json"

_CORE = {"Namespace": "namespaces", "Secret": "secrets", "ConfigMap": "configmaps", "ServiceAccount": "serviceaccounts"}
_OWN = {
    "JWK": "jwks",
    "ApinizerConnection": "apinizerconnections",
    "ClusterApinizerConnection": "clusterapinizerconnections",
}
_RBAC = {
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
}
_PLACES = {
    **{kind: f"/api/v1|{plural}" for kind, plural in _CORE.items()},
    **{kind: f"/apis/{API_VERSION}|{plural}" for kind, plural in _OWN.items()},
    **{kind: f"/apis/rbac.authorization.k8s.io/v1|{plural}" for kind, plural in _RBAC.items()},
    "Lease": "/apis/coordination.k8s.io/v1|leases",
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1|customresourcedefinitions",
}
_numbers = itertools.count(1)


class RefusedError(AssertionError):
    """The API server refused a request; the text is its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def path_of(kind: str, namespace: str | None = None, name: str | None = None) -> str:
    """Return the path of a collection, or of one object of it."""
    root, plural = _PLACES[kind].split("|")
    parts = [root, *(["namespaces", namespace] if namespace else []), plural, *([name] if name else [])]
    return "/".join(parts)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Requests as administrator. Every method raises `RefusedError` for an answer that is no success."""

    http: httpx.Client
    plane: ControlPlane

    @classmethod
    def of(cls, plane: ControlPlane) -> Cluster:
        """Open a client for a control plane; `close` it afterwards."""
        context = ssl.create_default_context(cafile=str(plane.ca))
        context.load_cert_chain(plane.dir / "pki" / "admin.crt", plane.dir / "pki" / "admin.key")
        return cls(httpx.Client(base_url=plane.server, verify=context, trust_env=False, timeout=30), plane)

    def close(self) -> None:
        """Close the client."""
        self.http.close()

    def request(
        self, method: str, path: str, body: Object | None = None, content_type: str = "application/json", **query: str
    ) -> Object:
        """Send one request and return the answer's body."""
        content = None if body is None else json.dumps(body)
        answer = self.http.request(method, path, content=content, params=query, headers={"Content-Type": content_type})
        found: Object = answer.json()
        if not answer.is_success:
            raise RefusedError(answer.status_code, str(found.get("message", answer.text)))
        return found

    def create(self, resource: Object) -> Object:
        """Create an object; unknown fields are refused."""
        metadata = resource["metadata"]
        path = path_of(resource["kind"], metadata.get("namespace"))
        return self.request("POST", path, resource, fieldValidation="Strict")

    def apply(self, resource: Object) -> Object:
        """Apply an object as ``kubectl apply --server-side --force-conflicts`` does; unknown fields are refused."""
        metadata = resource["metadata"]
        path = path_of(resource["kind"], metadata.get("namespace"), metadata["name"])
        query = {"fieldManager": "tests", "force": "true", "fieldValidation": "Strict"}
        return self.request("PATCH", path, resource, "application/apply-patch+yaml", **query)

    def patch(self, kind: str, namespace: str | None, name: str, patch: Object, subresource: str = "") -> Object:
        """Merge a patch into an object, or into a subresource such as ``/status``."""
        return self.request("PATCH", path_of(kind, namespace, name) + subresource, patch, MERGE)

    def find(self, kind: str, namespace: str | None, name: str) -> Object | None:
        """Return an object, or None when there is none."""
        try:
            return self.request("GET", path_of(kind, namespace, name))
        except RefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    def list(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Return the objects of a kind."""
        return list(self.request("GET", path_of(kind, namespace))["items"])

    def version(self, kind: str, namespace: str) -> str:
        """Return the version that `history` can begin after."""
        return str(self.request("GET", path_of(kind, namespace))["metadata"]["resourceVersion"])

    def history(self, kind: str, namespace: str, version: str) -> tuple[Object, ...]:
        """Return every object of a namespace as each write since a version left it, in the order of the writes."""
        query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "1"}
        answer = self.http.get(path_of(kind, namespace), params=query)
        events = [json.loads(line) for line in answer.text.splitlines()]
        assert all(event["type"] in ("ADDED", "MODIFIED", "DELETED") for event in events), events
        return tuple(event["object"] for event in events)

    def delete(self, kind: str, namespace: str | None, name: str) -> None:
        """Delete an object; one that is gone already is fine."""
        try:
            self.request("DELETE", path_of(kind, namespace, name))
        except RefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def install_crds(self, files: Iterable[Path] | None = None) -> None:
        """Apply CRDs, by default the files of crds/, and wait until their kinds are served."""
        crds = documents(sorted(CRDS.glob("*.yaml")) if files is None else files)
        for crd in crds:
            self.apply(crd)
        self.wait_served(crds)

    def wait_served(self, crds: Iterable[Object]) -> None:
        """Wait until the API server knows these CRDs and serves their kinds."""
        for crd in crds:
            name = crd["metadata"]["name"]
            until(lambda name=name: self._established(name), f"CRD {name} established")  # type: ignore[misc]
            until(lambda crd=crd: self._served(crd), f"{name} served")  # type: ignore[misc]

    def _established(self, name: str) -> bool:
        found = self.find("CustomResourceDefinition", None, name) or {}
        conditions = (found.get("status") or {}).get("conditions") or ()
        return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)

    def _served(self, crd: Object) -> bool:
        spec = crd["spec"]
        versions = [version["name"] for version in spec["versions"] if version["served"]]
        try:
            for version in versions:
                self.request("GET", f"/apis/{spec['group']}/{version}/{spec['names']['plural']}", limit="1")
        except RefusedError:
            return False
        return True

    def new_namespace(self, prefix: str = "test", labels: dict[str, str] | None = None) -> str:
        """Create a namespace with a name of its own and return the name."""
        name = f"{prefix}-{os.getpid()}-{next(_numbers)}"
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels or {}}})
        return name

    def discard_namespace(self, name: str) -> None:
        """Let every JWK and connection of a namespace go and delete it, without waiting for its end."""
        if self.find("Namespace", None, name) is None:
            return
        # the JWKs first: an operator that is at work puts the finalizer back to a connection in use
        for kind in ("JWK", "ApinizerConnection"):
            for raw in self.list(kind, name):
                if raw["metadata"].get("finalizers"):
                    self.release(kind, name, raw["metadata"]["name"])
        self.delete("Namespace", None, name)

    def release(self, kind: str, namespace: str | None, name: str) -> None:
        """Delete an object against its finalizers."""
        self.delete(kind, namespace, name)
        try:
            self.patch(kind, namespace, name, {"metadata": {"finalizers": None}})
        except RefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise


def documents(files: Iterable[Path]) -> list[Object]:
    """Return the objects in YAML files, without those for kustomize."""
    found: list[Any] = [document for file in files for document in yaml.safe_load_all(file.read_text()) if document]
    return [document for document in found if document["kind"] != "Kustomization"]


def secret(namespace: str, name: str, data: dict[str, str | bytes]) -> Object:
    """Return a Secret that holds these values."""
    encoded = {
        key: base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
        for key, value in data.items()
    }
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}
