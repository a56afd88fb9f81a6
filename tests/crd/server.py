"""Requests to the API server as they are, with the headers of the answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from kubernetes.client import ApiClient

GROUP_PATH = "/apis/apiops.apinizer.com/v1alpha1"
NAMESPACE = "crd-tests"
PLURALS = {
    "JWK": "jwks",
    "ApinizerConnection": "apinizerconnections",
    "ClusterApinizerConnection": "clusterapinizerconnections",
}

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    body: Object
    warnings: tuple[str, ...]

    @property
    def message(self) -> str:
        """Return the message of a refusal; empty when there is none."""
        return str(self.body.get("message", "")) if self.body.get("kind") == "Status" else ""


@dataclass(frozen=True, slots=True)
class Server:
    """The API server, seen by an administrator."""

    client: ApiClient

    def request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        **query: str,
    ) -> Answer:
        """Send one request."""
        pool = self.client.rest_client.pool_manager
        answer = pool.request(
            method,
            f"{self.client.configuration.host}{path}?{urlencode(query)}",
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": content_type, "Accept": accept},
        )
        return Answer(answer.status, json.loads(answer.data), tuple(answer.headers.getlist("Warning")))

    def create(self, resource: Object, *, dry_run: bool = True) -> Answer:
        """Create an object, by default without keeping it; unknown fields are refused."""
        query = {"fieldValidation": "Strict", **({"dryRun": "All"} if dry_run else {})}
        return self.request("POST", folder(resource["kind"]), resource, **query)

    def replace(self, resource: Object, *, dry_run: bool = True) -> Answer:
        """Replace an object, by default without keeping the change."""
        query = {"dryRun": "All"} if dry_run else {}
        return self.request("PUT", path_of(resource), resource, **query)

    def set_status(self, resource: Object, status: Object) -> Answer:
        """Merge into the status of an object."""
        path = f"{path_of(resource)}/status"
        return self.request("PATCH", path, {"status": status}, content_type="application/merge-patch+json")

    def get(self, resource: Object, *, accept: str = "application/json") -> Answer:
        """Read an object."""
        return self.request("GET", path_of(resource), accept=accept)

    def delete(self, resource: Object) -> Answer:
        """Delete an object."""
        return self.request("DELETE", path_of(resource))


def resource(kind: str, spec: Object, name: str = "tested") -> Object:
    """Return a whole object."""
    metadata = {"name": name} if kind == "ClusterApinizerConnection" else {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "apiops.apinizer.com/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def folder(kind: str) -> str:
    """Return the path of all objects of a kind."""
    within = GROUP_PATH if kind == "ClusterApinizerConnection" else f"{GROUP_PATH}/namespaces/{NAMESPACE}"
    return f"{within}/{PLURALS[kind]}"


def path_of(resource: Object) -> str:
    """Return the path of an object."""
    return f"{folder(resource['kind'])}/{resource['metadata']['name']}"


def refusal(kind: str, name: str, refusals: tuple[str, ...]) -> str:
    """Return the whole message of a refusal."""
    listed = refusals[0] if len(refusals) == 1 else f"[{', '.join(refusals)}]"
    return f'{kind}.apiops.apinizer.com "{name}" is invalid: {listed}'
