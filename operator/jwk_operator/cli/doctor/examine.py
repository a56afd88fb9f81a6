"""All checks, in the order in which one rests on the other; connections are checked side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from jwk_operator.cli import terminal
from jwk_operator.cli.cluster import Cluster, open_cluster
from jwk_operator.cli.doctor import cluster as access
from jwk_operator.cli.doctor.connection import examine_connection
from jwk_operator.cli.doctor.crds import get_crds, judge_crds
from jwk_operator.cli.doctor.findings import Finding, Section, failed, not_reached, skipped, warning
from jwk_operator.cli.doctor.installation import Installation, find_operator, judge_installation
from jwk_operator.cli.doctor.inventory import Inventory, User, take_inventory
from jwk_operator.cli.doctor.rbac import Account, Reviews, judge_rights, review_all
from jwk_operator.cli.doctor.rights import CLUSTER_WIDE, SINGLE_NAMESPACE, lease_rules, rights
from jwk_operator.cli.doctor.users import judge_users
from jwk_operator.cli.proxies import ProxyFor
from jwk_operator.kube.client import KubeClient
from jwk_operator.kube.session import AccessError, open_session

_LATER = {"CRDs": "definitions", "operator": "installation", "RBAC": "rights", "connections": "connections"}
_AT_ONCE = 8
"""Connections that are checked side by side."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked for on the command line."""

    kubeconfig: str | None
    context: str | None
    namespace: str | None
    everywhere: bool
    account: Account | None
    names: tuple[str, ...]
    proxy_for: ProxyFor


async def examine(question: Question) -> list[Section]:
    """Check everything; nothing is written anywhere."""
    try:
        async with open_cluster(
            question.kubeconfig, question.context, question.namespace, may_write=lambda: False
        ) as cluster:
            return await _examine(question, cluster)
    except AccessError as error:
        where = access.place(question.kubeconfig, question.context)
        return [Section("cluster", tuple(access.no_access(where, str(error)))), *_not_reached()]


def _not_reached() -> Iterator[Section]:
    for title, check in _LATER.items():
        yield Section(title, tuple(not_reached((check,), "cluster")))


async def _examine(question: Question, cluster: Cluster) -> list[Section]:
    where = access.place(question.kubeconfig, question.context)
    with terminal.progress("Looking at the cluster", total=4) as step:
        found = access.judge_cluster(where, cluster.access.server, await access.ask(cluster.access))
        first = Section("cluster", tuple(found))
        if first.has_failed:
            return [first, *_not_reached()]
        step()
        crds = Section("CRDs", tuple(judge_crds(await get_crds(cluster.client))))
        step()
        installation = await find_operator(cluster.client, question.account[0] if question.account else None)
        operator = Section("operator", tuple(judge_installation(installation, datetime.now(UTC))))
        step()
        namespace = None if question.everywhere else cluster.namespace
        rbac = Section("RBAC", tuple(await _rights(question, cluster, installation, namespace)))
        step()
    return [first, crds, operator, rbac, *await _connections(question, cluster.client, namespace)]


async def _rights(
    question: Question, cluster: Cluster, installation: Installation, namespace: str | None
) -> list[Finding]:
    account = question.account or installation.account
    wanted = list(rights(CLUSTER_WIDE if namespace is None else SINGLE_NAMESPACE, namespace))
    if account is not None:
        wanted += rights(lease_rules(installation.lease_name), account[0])
    # the one session of doctor that may POST: questions about rights
    async with open_session(cluster.access) as session:
        reviews = Reviews(KubeClient(session, cluster.access.server))
        reviewed, fallen_back = await review_all(reviews, wanted, account)
    found = judge_rights(account, reviewed, fallen_back=fallen_back)
    if account is not None:
        return found
    told = "give --service-account NAMESPACE/NAME to have the operator's rights looked at"
    return [skipped("whose", "no operator was found: what follows are your own rights", told), *found]


async def _connections(question: Question, client: KubeClient, namespace: str | None) -> list[Section]:
    inventory = await take_inventory(client, namespace)
    chosen = inventory.chosen(question.names)
    users = [user for key, using in inventory.users.items() for user in using if _named(key, question.names)]
    about = _about(inventory, question.names, users)
    places = asyncio.Semaphore(_AT_ONCE)
    with terminal.progress("Looking at the connections", total=len(chosen)) as step:

        async def one(key: tuple[str, str, str]) -> Section:
            async with places:
                using = inventory.users.get(key, [])
                section = await examine_connection(key, chosen[key], using, client, question.proxy_for)
            step()
            return section

        return [about, *await asyncio.gather(*map(one, sorted(chosen)))]


def _named(key: tuple[str, str, str], names: Sequence[str]) -> bool:
    return not names or key[2] in names


def _about(inventory: Inventory, names: Sequence[str], users: Sequence[User]) -> Section:
    """Return what there is to say of the connections and their JWKs as a whole."""
    where = "the cluster" if inventory.namespace is None else f"namespace {inventory.namespace}"
    found = list(inventory.problems)
    there = {key[2] for key in inventory.connections}
    found += [
        failed("connections", f"{where} has no connection named {name}", "correct the name, or give --namespace")
        for name in names
        if name not in there
    ]
    if not inventory.chosen(names) and not names and not found:
        told = "create an ApinizerConnection (docs/guide/connections.md), or choose with -n or -A where to look"
        found.append(warning("connections", f"there is none in {where}", told))
    if not any(item.check == "jwks" for item in inventory.problems):
        found += judge_users(users, labels_known=inventory.labels_known)
    return Section("JWKs and connections", tuple(found))
