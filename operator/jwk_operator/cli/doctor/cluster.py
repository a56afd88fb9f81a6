"""The cluster: which one it is, whether it answers, and in which version."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from jwk_operator.cli.doctor.clocks import Dated, judge_clock
from jwk_operator.cli.doctor.findings import Finding, failed, not_reached, ok, warning
from jwk_operator.cli.unreachable import why_unreachable
from jwk_operator.kube.session import Access, AccessError, current_context, open_session, runs_in_pod

MINIMUM = (1, 30)
"""The oldest Kubernetes that is supported, as the chart's `kubeVersion` says."""
_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)
_LATER = ("version", "clock")


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What the API server answered to the question for its version."""

    status: int
    content: bytes
    dated: Dated


def place(kubeconfig: str | None, context: str | None) -> str:
    """Say where the access to the cluster comes from. KUBECONFIG has to be the file already, if one is given."""
    file = kubeconfig or os.environ.get("KUBECONFIG")
    if not file and not context and runs_in_pod():
        return "the service account of this pod"
    shown = f"kubeconfig {file or '~/.kube/config'}"
    name = context or current_context()
    return f"context {name} of {shown}" if name else shown


async def ask(access: Access, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> ServerAnswer | BaseException:
    """GET the server's version; return what came instead of an answer."""
    try:
        async with (
            open_session(access, may_write=lambda: False) as session,
            session.get(f"{access.server.rstrip('/')}/version", timeout=_TIMEOUT) as response,
        ):
            content = await response.read()
            return ServerAnswer(response.status, content, Dated(response.headers.get("Date"), now()))
    except (aiohttp.ClientError, TimeoutError, OSError, AccessError) as error:
        return error


def no_access(where: str, why: str) -> list[Finding]:
    """Return the findings where there is no way to any cluster."""
    said, told = (why.partition("; ")[::2]) if "; " in why else (why, "set KUBECONFIG to a file that works")
    return [failed("access", f"{where}: {said}", told), *not_reached(("server", *_LATER), "access")]


def judge_cluster(where: str, server: str, answer: ServerAnswer | BaseException) -> list[Finding]:
    """Say what the access and the server's answer mean."""
    found = [ok("access", f"{where}, server {server}")]
    if isinstance(answer, BaseException):
        return [*found, failed("server", *why_unreachable(answer, server)), *not_reached(_LATER, "server")]
    clock = judge_clock(answer.dated, "the API server", "the age of the Lease and the end of tokens are misjudged")
    if answer.status == 200:
        return [*found, ok("server", "it answers, and accepts the login"), _version(answer.content), clock]
    if answer.status == 401:
        finding = failed(
            "server", "401: it does not accept the login", "log in anew, or correct the user of the context"
        )
    elif answer.status == 403:
        finding = warning(
            "server",
            "403: it accepts the login, which has no right to ask for /version",
            "bind the user to the ClusterRole system:public-info-viewer",
        )
    else:
        finding = failed("server", f"it answers {answer.status}", "look at the log of the API server")
    return [*found, finding, *not_reached(("version",), "server"), clock]


def _version(content: bytes) -> Finding:
    oldest = ".".join(map(str, MINIMUM))
    try:
        version = str(json.loads(content)["gitVersion"])
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    except (ValueError, KeyError, TypeError):
        return warning("version", "the answer names no version", "check that the server is one of Kubernetes")
    if numbers < MINIMUM:
        return failed("version", f"{version} is not supported", f"upgrade the cluster to {oldest} or newer")
    return ok("version", f"{version}; {oldest} and newer are supported")
