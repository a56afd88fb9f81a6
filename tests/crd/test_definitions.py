"""What the CRDs bring along: defaults, columns, explanations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from crd.cases import CLUSTER, CONNECTION, URL
from crd.server import Object, Server, resource
from jwk_operator.api.crd import RESOURCES, Resource, openapi_schema

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
NOW = "2027-01-31T00:00:00Z"
READY = {"type": "Ready", "status": "True", "lastTransitionTime": NOW, "reason": "Deployed", "message": "All is well."}
SPECS = {"JWK": URL, "ApinizerConnection": CONNECTION, "ClusterApinizerConnection": CLUSTER}


@pytest.fixture
def kept(server: Server) -> Iterator[Callable[[str, Object], Object]]:
    """Return a function that creates an object for the time of a test."""
    created: list[Object] = []

    def create(kind: str, spec: Object) -> Object:
        answer = server.create(resource(kind, spec, "kept"), dry_run=False)
        assert answer.status == HTTPStatus.CREATED, answer.message
        created.append(answer.body)
        return server.get(answer.body).body

    yield create
    for one in created:
        server.delete(one)


def test_applying_twice_works(server: Server, apply_crds: Callable[[], str]) -> None:
    assert apply_crds().count("serverside-applied") == len(RESOURCES)


@pytest.mark.parametrize("described", RESOURCES, ids=lambda described: described.kind)
def test_no_crd_outgrows_client_side_apply(described: Resource) -> None:
    path = Path(__file__).parents[2] / "crds" / described.file
    assert path.stat().st_size < 200_000


@pytest.mark.parametrize("reference", [None, {}])
def test_defaults_of_a_jwk(kept: Callable[[str, Object], Object], reference: Object | None) -> None:
    spec = URL if reference is None else {**URL, "connectionRef": reference}
    assert kept("JWK", spec)["spec"] == {
        **URL,
        "connectionRef": {"kind": "ApinizerConnection", "name": "default"},
        "updatePolicy": "Immutable",
        "deletionPolicy": "Delete",
        "adoptionPolicy": "Never",
        "redeployPolicy": "Auto",
        "suspend": False,
    }


def test_defaults_of_a_connection(kept: Callable[[str, Object], Object]) -> None:
    spec = {**CONNECTION, "tls": {"caRef": {"name": "ca"}}}
    assert kept("ApinizerConnection", spec)["spec"] == {
        "baseUrl": "https://apinizer.example",
        "auth": {"tokenSecretRef": {"name": "token", "key": "token"}},
        "tls": {"caRef": {"kind": "Secret", "name": "ca", "key": "ca.crt"}, "insecureSkipVerify": False},
        "connectTimeoutSeconds": 5,
        "readTimeoutSeconds": 30,
        "maxConcurrentRequests": 8,
        "resyncInterval": "10m",
        "readOnly": False,
    }


@pytest.mark.parametrize("kind", SPECS)
def test_nobody_has_looked_at_a_new_object(kept: Callable[[str, Object], Object], kind: str) -> None:
    assert kept(kind, SPECS[kind])["status"] == {"observedGeneration": -1}


def test_columns_of_a_jwk(server: Server, kept: Callable[[str, Object], Object]) -> None:
    created = kept("JWK", URL)
    status = {
        "conditions": [READY],
        "environments": "2/3",
        "remote": {"name": "remote", "projectName": "project", "kid": "kid"},
    }
    server.set_status(created, status)
    columns = _columns(server.get(created, accept=TABLE).body)
    assert {name: value for name, (value, _) in columns.items() if name not in ("Name", "Age")} == {
        "Ready": "True",
        "Reason": "Deployed",
        "Source": "URL",
        "Project": "project",
        "Environments": "2/3",
        "Remote Name": "remote",
        "Kid": "kid",
        "Message": "All is well.",
    }
    assert {name for name, (_, priority) in columns.items() if priority == 1} == {"Remote Name", "Kid", "Message"}


@pytest.mark.parametrize("kind", ["ApinizerConnection", "ClusterApinizerConnection"])
def test_columns_of_a_connection(server: Server, kept: Callable[[str, Object], Object], kind: str) -> None:
    created = kept(kind, {**SPECS[kind], "projectName": "project"})
    server.set_status(created, {"conditions": [READY], "jwks": 7})
    columns = _columns(server.get(created, accept=TABLE).body)
    assert {name: value for name, (value, _) in columns.items() if name not in ("Name", "Age")} == {
        "Ready": "True",
        "Reason": "Deployed",
        "URL": "https://apinizer.example",
        "Project": "project",
        "JWKs": 7,
        "Message": "All is well.",
    }
    assert {name for name, (_, priority) in columns.items() if priority == 1} == {"Message"}


@pytest.mark.parametrize("status", [{"conditions": [READY, READY]}, {"conditions": [{**READY, "reason": "Unheard"}]}])
def test_untruthful_status_is_refused(
    server: Server, kept: Callable[[str, Object], Object], status: dict[str, Any]
) -> None:
    assert server.set_status(kept("JWK", URL), status).status == HTTPStatus.UNPROCESSABLE_ENTITY


@pytest.mark.parametrize("described", RESOURCES, ids=lambda described: described.kind)
@pytest.mark.parametrize("part", ["spec", "status"])
def test_explain_reads_like_documentation(
    server: Server, kubectl: Callable[..., str], described: Resource, part: str
) -> None:
    shown = "".join(kubectl("explain", f"{described.kind.lower()}.{part}").split())
    fields = openapi_schema(described)["properties"][part]["properties"]
    missing = [name for name, field in fields.items() if "".join(field["description"].split()) not in shown]
    assert missing == []


def _columns(table: Object) -> dict[str, tuple[Any, int]]:
    (row,) = table["rows"]
    definitions = table["columnDefinitions"]
    return {column["name"]: (cell, column["priority"]) for column, cell in zip(definitions, row["cells"], strict=True)}
