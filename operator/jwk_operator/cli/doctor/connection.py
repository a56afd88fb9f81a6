"""One connection from its spec to the manager's environments."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from jwk_operator.api.connection import ApinizerConnectionSpec
from jwk_operator.api.names import ConnectionKey
from jwk_operator.apinizer.answers import Answer
from jwk_operator.apinizer.transport import Endpoint, Proxy, tls_context
from jwk_operator.cli.doctor import manager
from jwk_operator.cli.doctor.findings import Finding, Level, Section, failed, not_reached
from jwk_operator.cli.doctor.inventory import User
from jwk_operator.cli.doctor.network import examine_way
from jwk_operator.cli.doctor.references import judge_spec, judge_status, read_references
from jwk_operator.cli.doctor.users import judge_environments, judge_writing
from jwk_operator.cli.proxies import ProxyFor
from jwk_operator.kube.client import KubeClient, Raw
from jwk_operator.reconcile.connection_secrets import ConnectionSecrets
from jwk_operator.reconcile.connections import endpoint_of, read_spec

_LONGEST_CONNECT, _LONGEST_READ = 10.0, 30.0
"""Seconds that doctor waits at most, whatever the spec says: somebody sits before it."""


def title(key: ConnectionKey) -> str:
    """Return how a connection is called."""
    kind, namespace, name = key
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


async def examine_connection(
    key: ConnectionKey, raw: Raw, users: Sequence[User], client: KubeClient, proxy_for: ProxyFor
) -> Section:
    """Check everything about a connection, as far as it leads."""
    spec, why = read_spec(raw)
    endpoint = _endpoint(spec) if spec is not None else None
    if spec is None or endpoint is None:
        told = "correct it; jwk-operator validate says what is expected"
        found = [failed("spec", why or "spec.baseUrl is no usable address", told)]
        found += not_reached(("secrets", "address", *manager.CHECKS), "spec")
    else:
        secrets, read = await read_references(client, spec, key[1])
        found = [judge_spec(spec), judge_status(raw), read]
        found += await _reach(_complete(endpoint, spec, secrets, proxy_for), spec, secrets, users)
    return Section(title(key), tuple(found))


async def _reach(
    endpoint: Endpoint, spec: ApinizerConnectionSpec, secrets: ConnectionSecrets | None, users: Sequence[User]
) -> list[Finding]:
    """Go to the manager and ask it, as far as what was read of Secrets suffices."""
    if secrets is None and _needs_secrets_to_connect(spec):
        return not_reached(("address", *manager.CHECKS), "secrets")
    if endpoint.proxy is not None and not endpoint.proxy.is_usable:
        found = [failed("proxy", "spec.proxyUrl is no usable address", "check its host and port")]
        return [*found, *not_reached(("address", *manager.CHECKS), "proxy")]
    try:
        tls_context(endpoint)
    except ssl.SSLError:
        told = "put PEM certificates of authorities into it"
        found = [failed("authorities", "spec.tls.caRef holds a certificate that cannot be read", told)]
        return [*found, *not_reached(("address", *manager.CHECKS), "authorities")]
    way = await examine_way(endpoint)
    stopped = next((finding.check for finding in way if finding.level is Level.FAILED), None)
    if stopped is not None or secrets is None:
        return [*way, *not_reached(manager.CHECKS, stopped or "secrets")]
    return [*way, *await _ask(endpoint, secrets, spec, users)]


async def _ask(
    endpoint: Endpoint, secrets: ConnectionSecrets, spec: ApinizerConnectionSpec, users: Sequence[User]
) -> list[Finding]:
    projects = {user.resolved.target.project for user in users if user.resolved.target is not None}
    projects |= {spec.project_name} if spec.project_name else set()
    asked = await manager.ask(endpoint, secrets.credential, projects)
    environments = {name: found for name, found in asked.environments.items() if not isinstance(found, Answer)}
    return [
        *manager.judge_manager(asked, secrets.source, datetime.now(UTC)),
        *judge_environments(users, environments),
        judge_writing(users),
    ]


def _endpoint(spec: ApinizerConnectionSpec) -> Endpoint | None:
    endpoint = endpoint_of(spec, None)
    try:
        _ = endpoint.address
    except ValueError:
        return None
    return replace(
        endpoint,
        read_only=True,
        connect_timeout=min(endpoint.connect_timeout, _LONGEST_CONNECT),
        read_timeout=min(endpoint.read_timeout, _LONGEST_READ),
    )


def _needs_secrets_to_connect(spec: ApinizerConnectionSpec) -> bool:
    return spec.proxy_auth_secret_ref is not None or (spec.tls is not None and spec.tls.ca_ref is not None)


def _complete(
    endpoint: Endpoint, spec: ApinizerConnectionSpec, secrets: ConnectionSecrets | None, proxy_for: ProxyFor
) -> Endpoint:
    """Add what Secrets and the environment say of the way."""
    proxy = Proxy(spec.proxy_url) if spec.proxy_url else proxy_for(endpoint.address)
    if secrets is None:
        return replace(endpoint, proxy=proxy)
    return replace(endpoint, ca_pem=secrets.ca_pem, proxy=secrets.proxy or proxy)
