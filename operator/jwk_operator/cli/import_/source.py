"""The project that is imported: its list, and the connection that its manifests are to use. Everything here reads."""

from __future__ import annotations

import shlex
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import click

from jwk_operator.admission import admit
from jwk_operator.api.base import API_VERSION
from jwk_operator.api.connection import ApinizerConnectionSpec, ClusterApinizerConnectionSpec
from jwk_operator.api.jwk import ConnectionKind, ConnectionRef
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.apinizer.answers import Answer
from jwk_operator.apinizer.client import ManagementClient
from jwk_operator.apinizer.credentials import ClientCredentials, Credential
from jwk_operator.apinizer.transport import Endpoint, Proxy
from jwk_operator.cli import terminal
from jwk_operator.cli.cluster import Cluster
from jwk_operator.kube.client import CLUSTER_CONNECTIONS, CONNECTIONS, ApiError
from jwk_operator.kube.connections import trim_connection
from jwk_operator.kube.secrets import SourceRef, Sources
from jwk_operator.kube.store import Store
from jwk_operator.reconcile.conclude import call_problem
from jwk_operator.reconcile.connection_secrets import sources_of
from jwk_operator.reconcile.connections import Connections
from jwk_operator.reconcile.state import Problem


@dataclass(frozen=True, slots=True)
class Project:
    """A project as its list shows it. `connection` is the spec of the connection named by `reference`.

    `needs` are the commands that make what the connection refers to.
    """

    name: str
    address: str
    reference: ConnectionRef
    connection: Mapping[str, Any]
    needs: tuple[str, ...]
    entries: Mapping[str, RemoteEntry]


@dataclass(frozen=True, slots=True)
class Direct:
    """A manager that no connection of a cluster is for yet. `credential_from` says where its credential is from."""

    url: str
    project: str
    credential: Credential
    credential_from: str
    ca_pem: str | None
    insecure_skip_verify: bool
    proxy_url: str | None


def _never() -> bool:
    return False


# --- by a connection of the cluster -------------------------------------------------------------------------------


async def by_connection(
    cluster: Cluster, reference: ConnectionRef, project: str | None, namespace: str | None
) -> Project:
    """Read a project by a connection of the cluster. `namespace` is the one that the manifests name.

    Raises `click.ClickException`, and what `KubeClient.get` raises.
    """
    with terminal.progress("Reading the connection"):
        raw = await _find(cluster, reference)
    key = (reference.kind.value, raw["metadata"].get("namespace") or "", reference.name)
    store = Store(trim_connection)
    store.put({**raw, "spec": {**raw["spec"], "readOnly": True}})
    connections = Connections(store, None, Sources(cluster.client), may_write=_never)
    try:
        with terminal.progress("Reading what the connection refers to"):
            line = await connections.open(key)
        if line is None or isinstance(line, Problem):
            raise click.ClickException(line.message if line else f"{reference.name} does not exist")
        name = _project(reference, line.spec.project_name, project)
        entries = await _list(line.client, name, line.ready.credential)
    finally:
        await connections.aclose()
    needs = _commands(sources_of(line.spec, namespace or ""))
    return Project(name, line.client.endpoint.address, reference, _without_defaults(raw["spec"], key), needs, entries)


async def _find(cluster: Cluster, reference: ConnectionRef) -> dict[str, Any]:
    namespaced = reference.kind is ConnectionKind.NAMESPACED
    namespace = cluster.namespace if namespaced else None
    try:
        return await cluster.client.get(CONNECTIONS if namespaced else CLUSTER_CONNECTIONS, namespace, reference.name)
    except ApiError as error:
        if error.status != 404 or not error.reason:
            raise
        where = f" in namespace {namespace}" if namespace else ""
        raise click.ClickException(
            f"{reference.kind} {reference.name} does not exist{where}; name another one with --connection and"
            " --namespace, or the manager itself with --url"
        ) from None


def _project(reference: ConnectionRef, own: str | None, wanted: str | None) -> str:
    if own and wanted and own != wanted:
        raise click.ClickException(
            f'{reference.kind} {reference.name} is for project "{own}"; leave --project out or name another connection'
        )
    if not (own or wanted):
        raise click.ClickException(f"{reference.kind} {reference.name} names no project; give it with --project")
    return own or wanted or ""


def _without_defaults(spec: Mapping[str, Any], key: tuple[str, str, str]) -> dict[str, Any]:
    """Return a stored spec as somebody would write it: in the order of the model, without what is the default."""
    model = ApinizerConnectionSpec if key[1] else ClusterApinizerConnectionSpec
    told = model.model_validate(spec).model_dump(by_alias=True, exclude_defaults=True)
    return {field: spec[field] if field == "resyncInterval" else value for field, value in told.items()}


# --- by an address ------------------------------------------------------------------------------------------------


async def by_address(direct: Direct, reference: ConnectionRef, secret: str, namespace: str | None) -> Project:
    """Read a project at a manager; the connection that is made for it refers to the Secret. Raises
    `click.ClickException`.
    """
    connection = _new_connection(direct, secret)
    verdict = admit(
        {
            "apiVersion": API_VERSION,
            "kind": reference.kind.value,
            "metadata": {"name": reference.name, **({"namespace": namespace} if namespace else {})},
            "spec": connection,
        }
    )
    if not verdict.accepted:
        raise click.ClickException(_by_options("; ".join(refusal.message for refusal in verdict.refusals)))
    proxy = Proxy(direct.proxy_url, place="--proxy-url") if direct.proxy_url else None
    if proxy is not None and not proxy.is_usable:
        raise click.ClickException("--proxy-url is no usable address; check its host and port")
    endpoint = Endpoint(
        direct.url,
        ca_pem=direct.ca_pem,
        insecure_skip_verify=direct.insecure_skip_verify,
        read_only=True,
        proxy=proxy,
        place="--url",
        trust_place="--ca-file",
    )
    try:
        address = endpoint.address
        client = ManagementClient(endpoint, direct.credential, may_write=_never)
    except ssl.SSLError:
        raise click.ClickException("--ca-file holds a certificate that cannot be read") from None
    except ValueError:
        raise click.ClickException("--url is no usable address; check its host and port") from None
    try:
        entries = await _list(client, direct.project, direct.credential_from)
    except click.ClickException as error:
        raise click.ClickException(_by_options(error.message)) from None
    finally:
        await client.aclose()
    needs = _commands(sources_of(ApinizerConnectionSpec.model_validate(connection), namespace or ""))
    return Project(direct.project, address, reference, connection, needs, entries)


_OPTIONS = {
    "spec.baseUrl": "--url",
    "spec.projectName": "--project",
    "spec.proxyUrl": "--proxy-url",
    "spec.proxyAuthSecretRef": "a connection in a cluster, which can have it",
    "spec.tls.insecureSkipVerify": "--insecure-skip-verify",
    "spec.tls.caRef": "--ca-file",
    "spec.tls": "--ca-file",
    "spec.auth.tokenSecretRef.name": "--secret",
    "spec.auth.clientCredentialsSecretRef.name": "--secret",
    "metadata.namespace": "--namespace",
    "metadata.name": "--connection",
}
"""What was given on the command line, by the field of a connection that messages name."""


def _by_options(message: str) -> str:
    for field, option in _OPTIONS.items():
        message = message.replace(f"{field} of the connection", option).replace(field, option)
    return message


def _new_connection(direct: Direct, secret: str) -> dict[str, Any]:
    issued = isinstance(direct.credential, ClientCredentials)
    tls = {
        **({"caRef": {"name": secret}} if direct.ca_pem is not None else {}),
        **({"insecureSkipVerify": True} if direct.insecure_skip_verify else {}),
    }
    return {
        "baseUrl": direct.url,
        "projectName": direct.project,
        "auth": {"clientCredentialsSecretRef" if issued else "tokenSecretRef": {"name": secret}},
        **({"tls": tls} if tls else {}),
        **({"proxyUrl": direct.proxy_url} if direct.proxy_url else {}),
    }


# --- both ---------------------------------------------------------------------------------------------------------


async def _list(client: ManagementClient, project: str, credential: str) -> Mapping[str, RemoteEntry]:
    with terminal.progress(f"Listing the project at {client.endpoint.address}"):
        found = await client.list_jwks(project)
    if isinstance(found, Answer):
        raise click.ClickException(call_problem(found, project, credential).message)
    return found


def _commands(sources: Iterable[SourceRef]) -> tuple[str, ...]:
    """Return the commands that make the Secrets and ConfigMaps, each from a file for every key."""
    wanted = sorted(set(sources), key=lambda source: (source.kind, source.namespace, source.name, source.key))
    made = []
    for (kind, namespace, name), keys in groupby(wanted, lambda source: (source.kind, source.namespace, source.name)):
        what = "secret generic" if kind == "Secret" else "configmap"
        where = f" -n {namespace}" if namespace else ""
        values = " ".join(f"--from-file={shlex.quote(source.key)}=FILE" for source in keys)
        made.append(f"kubectl create {what} {name}{where} {values}")
    return tuple(made)
