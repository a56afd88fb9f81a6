"""kopf's handlers: they tell the core of each watch event, and do nothing else.

JWKs and the metadata of Secrets are watched beside kopf, see `jwk_operator.kube.following`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import kopf

from jwk_operator.api.base import GROUP, VERSION
from jwk_operator.runtime.intake import Watched

Notify = Callable[[Watched, str | None, dict[str, Any]], None]


def make_registry(
    notify: Notify, login: Callable[[], kopf.AiohttpSession], *, clusterwide: bool
) -> kopf.OperatorRegistry:
    """Return a registry with a handler for each kind that kopf watches; cluster-scoped ones only where they can be."""
    registry = kopf.OperatorRegistry()
    watched = [(Watched.CONNECTION, GROUP, VERSION, "apinizerconnections")]
    if clusterwide:
        watched += [
            (Watched.CONNECTION, GROUP, VERSION, "clusterapinizerconnections"),
            (Watched.NAMESPACE, "", "v1", "namespaces"),
        ]
    for kind, group, version, plural in watched:
        # Resources are named with group and version: otherwise kopf asks for every group that the server has.
        kopf.on.event(group, version, plural, registry=registry, id=plural)(_tell(notify, kind))
    kopf.on.login(registry=registry, id="login")(_log_in(login))
    return registry


def _tell(notify: Notify, kind: Watched) -> Callable[..., Any]:
    async def tell(event: dict[str, Any], **_: Any) -> None:
        notify(kind, event["type"], dict(event["object"]))

    return tell


def _log_in(login: Callable[[], kopf.AiohttpSession]) -> Callable[..., Any]:
    async def log_in(**_: Any) -> kopf.AiohttpSession:
        return login()

    return log_in


class _Endless:
    """Delays between attempts without an end: an outage of the API server must not end the operator."""

    def __iter__(self) -> Iterator[float]:
        yield from (0.5, 1, 2, 3, 5)
        while True:
            yield 10


def make_settings() -> kopf.OperatorSettings:
    """Return kopf's settings: time-outs that are bounded, retries that are not, nothing written, nothing scanned."""
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.watching.chunk_size = 500
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    settings.networking.request_timeout = 60
    settings.networking.connect_timeout = 10
    settings.networking.error_backoffs = _Endless()
    settings.queueing.idle_timeout = 0.05
    settings.process.ultimate_exiting_timeout = None
    settings.persistence.finalizer = f"{GROUP}/never-used"
    return settings
