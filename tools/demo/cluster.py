"""The API server, seen by the demo: objects go in, outcomes come out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from kubernetes.client import ApiClient

from controlplane.tables import get_table
from demo.errors import DemoError
from demo.manifests import Manifest
from demo.outcomes import Expected, Key, Outcome, difference, outcomes_of

JWKS = "/apis/apiops.apinizer.com/v1alpha1/jwks"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_POLL = 0.1
_ESTABLISHING = 20.0

# kubectl's own name, so that `kubectl apply --server-side` of an example meets no conflict afterwards
_APPLY = {"fieldManager": "kubectl", "force": "true", "fieldValidation": "Strict"}


class Cluster:
    """The API server with an administrator's rights."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    def apply(self, items: Iterable[Manifest]) -> None:
        """Apply objects on the server's side, in their order."""
        for item in items:
            self._request("PATCH", f"{_path(item)}?{urlencode(_APPLY)}", item)

    def await_crds(self, alive: Callable[[], None]) -> None:
        """Wait until the API server serves every kind that was defined."""
        deadline = time.monotonic() + _ESTABLISHING
        while not all(_established(crd) for crd in self._request("GET", _CRDS)["items"]):
            alive()
            if time.monotonic() > deadline:
                raise DemoError(f"the API server does not serve the CRDs after {_ESTABLISHING:.0f} s")
            time.sleep(_POLL)

    def outcomes(self) -> dict[Key, Outcome]:
        """Return what the JWKs' statuses say."""
        return outcomes_of(self._request("GET", JWKS)["items"])

    def settle(
        self, expected: Sequence[Expected], seconds: float, alive: Callable[[], None]
    ) -> Iterator[tuple[Expected, Outcome]]:
        """Yield each JWK as soon as it is as expected; end with the last one, or when the time is over."""
        open_ones = list(expected)
        deadline = time.monotonic() + seconds
        while open_ones and time.monotonic() < deadline:
            alive()
            found = self.outcomes()
            for item in tuple(open_ones):
                outcome = found.get(item.key)
                if outcome is not None and difference(item, outcome) is None:
                    open_ones.remove(item)
                    yield item, outcome
            if open_ones:
                time.sleep(_POLL)

    def jwk(self, namespace: str, name: str) -> dict[str, Any]:
        """Return one JWK."""
        return self._request("GET", JWKS.replace("/jwks", f"/namespaces/{namespace}/jwks/{name}"))

    def table(self) -> str:
        """Return what ``kubectl get jwk -A`` prints."""
        return get_table(self._client, JWKS)

    def _request(self, method: str, path: str, body: Manifest | None = None) -> dict[str, Any]:
        answer = self._client.rest_client.pool_manager.request(
            method,
            f"{self._client.configuration.host}{path}",
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/apply-patch+yaml", "Accept": "application/json"},
        )
        content: dict[str, Any] = json.loads(answer.data)
        if answer.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            raise DemoError(f"the API server refuses {method} {path.partition('?')[0]}: {content.get('message')}")
        return content


def _path(item: Manifest) -> str:
    version, metadata = item["apiVersion"], item["metadata"]
    base = f"/apis/{version}" if "/" in version else f"/api/{version}"
    within = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{base}{within}/{item['kind'].lower()}s/{metadata['name']}"


def _established(crd: Manifest) -> bool:
    # The API server writes `conditions: null` until the first of them is known.
    conditions = (crd.get("status") or {}).get("conditions") or ()
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)
