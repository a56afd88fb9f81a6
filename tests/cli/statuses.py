"""JWKs and connections as the API server would show them, with the statuses that tests of `status` need."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from harness.objects import Object

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
_THEN = "2026-11-26T09:00:00Z"


def condition(kind: str, status: str, reason: str, message: str) -> Object:
    """Return a condition."""
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": _THEN}


def conditions(ready: str, reason: str, message: str, also: str | None = None) -> list[Object]:
    """Return Ready, and the condition `also` that says for whom the object waits."""
    more = [condition(also, "True", reason, message)] if also else []
    return [condition("Ready", ready, reason, message), *more]


def jwk(name: str, /, namespace: str = "team-a", **more: Any) -> Object:
    """Return a JWK that no operator has looked at; `more` are fields of the spec."""
    metadata = {"namespace": namespace, "name": name, "generation": 1}
    return {"metadata": metadata, "spec": {"sourceType": "GENERATE", **more}}


def told(
    raw: Object,
    environments: dict[str, str | None],
    ready: str = "True",
    reason: str = "Deployed",
    message: str = "Deployed.",
    also: str | None = None,
) -> Object:
    """Return a JWK with a status: what each environment has said, None where it has the JWK."""
    results = [
        {
            "environmentName": name,
            "success": said is None,
            "message": said or "Deployed successfully",
            "lastTransitionTime": _THEN,
        }
        for name, said in environments.items()
    ]
    status = {
        "observedGeneration": 1,
        "conditions": conditions(ready, reason, message, also),
        "remote": {"projectName": "Payments", "name": raw["metadata"]["name"], "type": "RSA", "kid": "k-2026"},
        "deploymentResult": {"success": True, "time": _THEN, "environmentResults": results},
        "lastOperation": {"type": "Create", "time": _THEN, "httpStatus": 200},
    }
    return {**raw, "status": status}


def connection(
    *environments: str,
    namespace: str = "team-a",
    name: str = "default",
    project: str | None = "Payments",
    ready: str = "True",
    reason: str = "Connected",
    message: str = "Apinizer answers.",
    also: str | None = None,
    token_ends: str | None = None,
) -> Object:
    """Return a connection, of the cluster-wide kind without a namespace."""
    metadata = {"name": name, "generation": 1, **({"namespace": namespace} if namespace else {})}
    spec: Object = {"baseUrl": "https://apinizer.example.com", "projectName": project, "auth": {"tokenSecretRef": {}}}
    status = {
        "observedGeneration": 1,
        "conditions": conditions(ready, reason, message, also),
        "environments": [{"name": environment} for environment in environments],
        "jwks": 2,
        "tokenExpiresAt": token_ends,
    }
    return {"metadata": metadata, "spec": spec, "status": status}
