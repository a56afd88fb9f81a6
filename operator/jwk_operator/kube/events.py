"""Events for people: posted at transitions, by this operator's name, best effort."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime

from jwk_operator.api.base import API_VERSION
from jwk_operator.api.resource import Resource
from jwk_operator.kube.client import EVENTS, ApiError, ApiUnavailableError, KubeClient, Raw

COMPONENT = "jwk-operator"
_LONGEST = 1024
_TERMINATING = "because it is being terminated"

log = logging.getLogger(__name__)


class EventPoster:
    """Posts Events about JWKs and connections."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
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
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
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
            await self._client.create(EVENTS, namespace, body)
        except (ApiError, ApiUnavailableError) as error:
            # nothing can be created in a namespace that is being deleted, and nobody would read it there
            level = logging.DEBUG if _TERMINATING in str(error) else logging.WARNING
            log.log(
                level, "event %s of %s %s/%s not posted: %s", reason, about["kind"], namespace, about["name"], error
            )
