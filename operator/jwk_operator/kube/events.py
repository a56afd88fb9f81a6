"""Events for people: posted at transitions, by this operator's name, best effort."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime

from jwk_operator.api.base import API_VERSION
from jwk_operator.api.resource import Resource
from jwk_operator.kube.client import EVENTS, ApiError, ApiUnavailableError, KubeClient

COMPONENT = "jwk-operator"
_LONGEST = 1024

log = logging.getLogger(__name__)


class EventPoster:
    """Posts Events about JWK resources."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._instance = os.environ.get("HOSTNAME") or COMPONENT

    async def post(self, resource: Resource, *, warning: bool, reason: str, message: str) -> None:
        """Post one Event about a resource. A failure is logged: the status says the same, and says it for good."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{resource.name[:200]}.", "namespace": resource.namespace},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": "JWK",
                "namespace": resource.namespace,
                "name": resource.name,
                "uid": resource.uid,
            },
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
            await self._client.create(EVENTS, resource.namespace, body)
        except (ApiError, ApiUnavailableError) as error:
            log.warning("event %s of JWK %s/%s not posted: %s", reason, resource.namespace, resource.name, error)
