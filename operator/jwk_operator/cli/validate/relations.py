"""What is wrong between manifests that are all right by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jwk_operator.api.base import API_VERSION, GROUP
from jwk_operator.api.crd import RESOURCES
from jwk_operator.api.jwk import ConnectionKind
from jwk_operator.cli.validate.findings import (
    ELSEWHERE,
    FOREIGN,
    SAME_REMOTE,
    TWICE,
    Finding,
    Resource,
    finding,
)
from jwk_operator.manifests import Manifest
from jwk_operator.manifests.fields import mapping, text

KINDS = tuple(resource.kind for resource in RESOURCES)
_CLUSTER = ConnectionKind.CLUSTER.value

_Name = tuple[str, str, str]
"""Kind, namespace and name; that of the cluster-wide kind has no namespace."""


def ours(manifest: Manifest) -> bool:
    """Whether a manifest is of the operator's API group, or of a kind of its own and of no group at all."""
    kind, version = manifest.content.get("kind"), manifest.content.get("apiVersion")
    if not isinstance(version, str) or not version:
        return kind in KINDS
    return version.partition("/")[0] == GROUP


def foreign(resource: Resource) -> Iterator[Finding]:
    """Yield what is to be said of an object that is called like one of the operator's and is of another API group."""
    if resource.kind in KINDS:
        message = f"apiVersion is not {API_VERSION}: correct it if this should be one of the operator's resources"
        yield finding(FOREIGN, resource, "apiVersion", message)


def between(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Yield what is wrong between the resources."""
    yield from _twice(resources)
    connections = {_name(resource): resource for resource in resources if resource.kind != "JWK"}
    jwks = [resource for resource in resources if resource.kind == "JWK" and resource.spec]
    yield from _same_remote([jwk for jwk in jwks if _has_name(jwk)], connections)
    for jwk in jwks:
        yield from _elsewhere(jwk, connections)


def _name(resource: Resource) -> _Name:
    return resource.kind, "" if resource.kind == _CLUSTER else resource.namespace, resource.name


def _has_name(resource: Resource) -> bool:
    """Whether the name is known; the API server makes one where only its beginning is given."""
    return bool(text(mapping(resource.manifest.content, "metadata"), "name"))


def _twice(resources: Sequence[Resource]) -> Iterator[Finding]:
    first: dict[_Name, Resource] = {}
    for resource in resources:
        if not _has_name(resource):
            continue
        other = first.setdefault(_name(resource), resource)
        if other is not resource:
            message = f"{_place(other)} has this resource already: keep one of them"
            yield finding(TWICE, resource, "metadata.name", message)


def _same_remote(jwks: Sequence[Resource], connections: dict[_Name, Resource]) -> Iterator[Finding]:
    first: dict[tuple[object, str, str], Resource] = {}
    for jwk in jwks:
        wanted = _connection(jwk)
        connection = connections.get(wanted)
        spec = connection.spec if connection else {}
        address = text(spec, "baseUrl").lower().rstrip("/").removesuffix("/apiops")
        project = text(jwk.spec, "projectName") or text(spec, "projectName")
        name = text(jwk.spec, "name") or jwk.name
        other = first.setdefault((address or wanted, project, name), jwk)
        if _name(other) != _name(jwk):
            where = f' in project "{project}"' if project else ""
            message = f'spec.name: "{name}"{where} is wanted by {other} in {_place(other)} already: choose another name'
            yield finding(SAME_REMOTE, jwk, "spec.name", message)


def _elsewhere(jwk: Resource, connections: dict[_Name, Resource]) -> Iterator[Finding]:
    kind, namespace, name = _connection(jwk)
    others = {key: other for key, other in connections.items() if key[2] == name}
    # where a namespace is left for kubectl to fill in, it may well be the right one
    if not others or any(key[0] == kind and (key[1] == namespace or not (key[1] and namespace)) for key in others):
        return
    asked = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
    listed = ", ".join(f"{other} in {_place(other)}" for other in others.values())
    message = f"spec.connectionRef: {asked} is not among the manifests, but {listed} is: is that one meant?"
    yield finding(ELSEWHERE, jwk, "spec.connectionRef", message)


def _connection(jwk: Resource) -> _Name:
    reference = mapping(jwk.spec, "connectionRef")
    kind = text(reference, "kind") or ConnectionKind.NAMESPACED.value
    return kind, "" if kind == _CLUSTER else jwk.namespace, text(reference, "name") or "default"


def _place(resource: Resource) -> str:
    return f"{resource.manifest.source}:{resource.manifest.line}"
