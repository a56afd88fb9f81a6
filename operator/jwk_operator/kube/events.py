"""Events for people: posted at transitions, by this operator's name, best effort.

What happens again soon is counted on the Event that tells of it, as `kubectl describe` shows it: (x3 over 10m).
"""

from __future__ import annotations

import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from jwk_operator.api.base import API_VERSION
from jwk_operator.api.resource import Resource
from jwk_operator.kube.client import EVENTS, ApiError, ApiUnavailableError, ObjectClient, Raw

COMPONENT = "jwk-operator"
_LONGEST = 1024
_TERMINATING = "because it is being terminated"
_SERIES = 1800.0
"""Seconds within which the same news counts on: shorter than the hour for which an API server keeps an Event."""
_MOST_SERIES = 1000

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Posted:
    """An Event that stands at the API server."""

    name: str
    count: int
    time: float


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EventPoster:
    """Posts Events about JWKs and connections."""

    def __init__(
        self, client: ObjectClient, clock: Callable[[], float] = time.monotonic, now: Callable[[], datetime] = _utc_now
    ) -> None:
        """`clock` gives seconds that never go back, `now` the time that Events show."""
        self._client = client
        self._clock = clock
        self._now = now
        self._posted: OrderedDict[tuple[str, str, str], _Posted] = OrderedDict()
        """The last ones, by the uid of what they are about, reason and message."""
        self._instance = os.environ.get("HOSTNAME") or COMPONENT

    async def post(self, resource: Resource, *, warning: bool, reason: str, message: str) -> None:
        """Post one Event about a JWK. A failure is logged: the status says the same, and says it for good."""
        about = {"kind": "JWK", "namespace": resource.namespace, "name": resource.name, "uid": resource.uid}
        await self._post(about, warning=warning, reason=reason, message=message)

    async def post_about_connection(self, raw: Raw, *, reason: str, message: str, warning: bool = True) -> None:
        """Post one Event about a connection of either kind. A failure is logged."""
        metadata = raw["metadata"]
        about = {"name": metadata["name"], "uid": metadata["uid"]}
        if metadata.get("namespace"):
            about |= {"kind": "ApinizerConnection", "namespace": metadata["namespace"]}
        else:
            about |= {"kind": "ClusterApinizerConnection"}
        await self._post(about, warning=warning, reason=reason, message=message)

    async def _post(self, about: dict[str, str], *, warning: bool, reason: str, message: str) -> None:
        # Events about what has no namespace belong into this one, as kubectl describe looks for them there.
        namespace = about.get("namespace", "default")
        now = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        news = (about["uid"], reason, message)
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{about['name'][:200]}.", "namespace": namespace},
            "involvedObject": {"apiVersion": API_VERSION, **about},
            "type": "Warning" if warning else "Normal",
            "reason": reason,
            "message": message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…",
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "reportingInstance": self._instance[:128],
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        try:
            if not await self._count(news, namespace, now):
                created = await self._client.create(EVENTS, namespace, body)
                self._remember(news, created["metadata"]["name"])
        except (ApiError, ApiUnavailableError) as error:
            # nothing can be created in a namespace that is being deleted, and nobody would read it there
            level = logging.DEBUG if _TERMINATING in str(error) else logging.WARNING
            log.log(
                level, "event %s of %s %s/%s not posted: %s", reason, about["kind"], namespace, about["name"], error
            )

    async def _count(self, news: tuple[str, str, str], namespace: str, now: str) -> bool:
        """Count news on the Event that told of it; False when there is none, or none any more."""
        posted = self._posted.get(news)
        if posted is None or self._clock() - posted.time > _SERIES:
            return False
        patch = {"count": posted.count + 1, "lastTimestamp": now}
        try:
            await self._client.merge_patch(EVENTS, namespace, posted.name, patch)
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        posted.count += 1
        posted.time = self._clock()
        self._posted.move_to_end(news)
        return True

    def _remember(self, news: tuple[str, str, str], name: str) -> None:
        self._posted[news] = _Posted(name, 1, self._clock())
        self._posted.move_to_end(news)
        while len(self._posted) > _MOST_SERIES:
            self._posted.popitem(last=False)
