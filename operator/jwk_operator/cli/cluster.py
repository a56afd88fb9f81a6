"""The cluster that a command talks to: its options, the open client, and errors as a person wants them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from jwk_operator.api.base import GROUP
from jwk_operator.apinizer.term import MayWrite, always
from jwk_operator.cli.unreachable import why_unreachable
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

LOGIN_REFUSED = "the API server does not accept your credentials: log in to the cluster again"
NO_CRDS = (
    f"the cluster does not know the kinds of {GROUP}: have an administrator install the CRDs, "
    "jwk-operator crds | kubectl apply --server-side -f -"
)
_NOBODY = "system:anonymous"


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

    Raises `AccessError` when there is no cluster to be found, and `click.ClickException` for what it refuses within
    the block.
    """
    if kubeconfig:
        os.environ["KUBECONFIG"] = kubeconfig
    access = access_of_context(context) if context else find_access()
    async with open_session(access, may_write) as session:
        client = KubeClient(session, access.server, may_write)
        found = namespace or (None if context else own_namespace()) or namespace_of_context(context) or "default"
        try:
            yield Cluster(client, found, access)
        except (ApiError, ApiUnavailableError) as error:
            raise click.ClickException(explain(error, access.server)) from error


def carry_out(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work. What the cluster refuses ends as one line that says why; Ctrl-C is KeyboardInterrupt."""
    try:
        return asyncio.run(_cancelled_by_interrupt(work))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    except AccessError as error:
        raise click.ClickException(str(error)) from error


async def _cancelled_by_interrupt(work: Coroutine[Any, Any, T]) -> T:
    """Have Ctrl-C cancel the work between two callbacks, and a second one end the program as ever.

    asyncio's own handler cancels at once, also in the middle of a callback, which then fails with a traceback.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupt() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        if task is not None:
            task.cancel()

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as that of a job in the background is
        with suppress(NotImplementedError):  # on Windows, where asyncio's own stays
            loop.add_signal_handler(signal.SIGINT, interrupt)
    return await work


def explain(error: ApiError | ApiUnavailableError, server: str) -> str:
    """Say why a request came to nothing, and what helps, in one line."""
    match error:
        case ApiUnavailableError(__cause__=BaseException() as cause):
            reason, remedy = why_unreachable(cause, server)
            return f"no answer from the API server {server}: {reason}; {remedy}"
        case ApiUnavailableError():
            return f"{error}; try again in a while"
        case ApiError(status=401):
            return LOGIN_REFUSED
        case ApiError(status=404, reason=""):
            return NO_CRDS
    if _NOBODY in str(error):
        return f"the API server knows you as {_NOBODY} alone: log in, or correct the user of the context"
    return str(error)
