"""The demo's view of the cluster, on answers that the API server really gives."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, cast

from kubernetes.client import ApiClient

from demo.cluster import Cluster


@dataclass
class _Pool:
    answers: list[dict[str, Any]]
    asked: list[str] = field(default_factory=list)

    def request(self, method: str, url: str, **_: Any) -> SimpleNamespace:
        self.asked.append(f"{method} {url}")
        return SimpleNamespace(status=HTTPStatus.OK, data=json.dumps(self.answers.pop(0)))


def _crds(status: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "items": [{"metadata": {"name": "jwks.apiops.apinizer.com"}, **({} if status is None else {"status": status})}]
    }


def test_a_crd_without_conditions_is_waited_for() -> None:
    # seen in CI: right after the apply, the API server has `conditions: null`
    established = {"conditions": [{"type": "Established", "status": "True"}]}
    pool = _Pool([_crds(None), _crds({"conditions": None}), _crds(established)])
    client = SimpleNamespace(
        rest_client=SimpleNamespace(pool_manager=pool), configuration=SimpleNamespace(host="http://api")
    )
    Cluster(cast("ApiClient", client)).await_crds(lambda: None)
    assert pool.answers == []
    assert len(pool.asked) == 3
