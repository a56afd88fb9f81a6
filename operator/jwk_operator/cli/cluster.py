"""The cluster that a command talks to: its options, the open client, and errors as a person wants them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from jwk_operator.apinizer.term import MayWrite, always
from jwk_operator.kube.client import ApiError, ApiUnavailableError, KubeClient
from jwk_operator.kube.session import (
    Access,
    AccessError,
    access_of_context,
    find_access,
    namespace_of_context,
    open_session,
    own_namespace,
)

APPLY_CRDS = "jwk-operator crds | kubectl apply --server-side -f -"

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster as a command uses it; `namespace` is the one to look in when none is named."""

    client: KubeClient
    namespace: str
    access: Access


def cluster_options(command: Command) -> Command:
    """Add the options that kubectl has for the choice of a cluster: `kubeconfig` and `context`."""
    for option in (
        click.option("--context", metavar="NAME", help="Context of the kubeconfig; the default is the current one."),
        click.option("--kubeconfig", metavar="FILE", help="The kubeconfig; the default is KUBECONFIG, else the usual."),
    ):
        command = option(command)
    return command


def namespace_options(command: Command) -> Command:
    """Add the options that kubectl has for the choice of namespaces: `namespace` and `all_namespaces`."""
    command = click.option("--all-namespaces", "-A", is_flag=True, help="Look in all namespaces.")(command)
    return namespace_option(command)


def namespace_option(command: Command) -> Command:
    """Add the option for the choice of one namespace: `namespace`."""
    shown = "Namespace; the default is that of the context."
    return click.option("--namespace", "-n", metavar="NAME", help=shown)(command)


@asynccontextmanager
async def open_cluster(
    kubeconfig: str | None, context: str | None, namespace: str | None = None, *, may_write: MayWrite = always
) -> AsyncIterator[Cluster]:
    """Open a client for the cluster that the options name. While `may_write` says no, only reads leave.

    Raises `AccessError` when there is no cluster to be found.
    """
    if kubeconfig:
        os.environ["KUBECONFIG"] = kubeconfig
    access = access_of_context(context) if context else find_access()
    async with open_session(access, may_write) as session:
        client = KubeClient(session, access.server, may_write)
        found = namespace or (None if context else own_namespace()) or namespace_of_context(context) or "default"
        yield Cluster(client, found, access)


def carry_out(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work. What the cluster refuses ends as one line that says why."""
    try:
        return asyncio.run(work)
    except ApiError as error:
        raise click.ClickException(explained(error)) from error
    except (AccessError, ApiUnavailableError) as error:
        raise click.ClickException(str(error)) from error


def explained(error: ApiError, what: str = "the kinds of the operator") -> str:
    """Say what the API server's refusal means for a person; `what` is the kind that was asked for."""
    if error.status == 401:
        return "the API server does not accept your credentials: log in to the cluster again"
    if error.status == 404 and not error.reason:  # of an object that is not there the server gives a reason
        return f"the cluster does not know {what}: have an administrator install the CRDs, {APPLY_CRDS}"
    return str(error)
