"""No secret shows anywhere but where its owner put it, whatever fails and whatever Apinizer echoes."""

from __future__ import annotations

import json
from typing import Any

from harness.keys import ec, octets, pasted, rsa
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import Space

PIECE = 12
PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "k")
TOKEN = "tok3n-Zq8vR4mX2wLp9sHc6yBd1fJg7kNt5a"
UNUSED = "never-used-Vb7nM3kQ9xWz2rTy6uPe8hLs4d"


def _leaks(text: str, secrets: list[str]) -> list[str]:
    """Return the pieces of secrets that a text holds."""
    pieces = {secret[at : at + PIECE] for secret in secrets for at in range(len(secret) - PIECE + 1)}
    return sorted({text[at : at + PIECE] for at in range(len(text) - PIECE + 1)} & pieces)


def _visible(space: Space) -> str:
    """Return every object of the namespace but Secrets, without the inline key in a spec."""
    found: list[Any] = space.cluster.request("GET", f"/api/v1/namespaces/{space.name}/events")["items"]
    found += space.cluster.list("ConfigMap", space.name) + space.cluster.list("ApinizerConnection", space.name)
    for raw in space.cluster.list("JWK", space.name):
        raw["spec"].pop("jwkStr", None)
        found.append(raw)
    return json.dumps(found, ensure_ascii=False)


def test_nothing_shows(operator: OperatorProcess, space: Space, simulator: SimulatorProcess) -> None:
    keys = {"rsa": rsa("kid-rsa", private=True), "ec": ec("kid-ec", private=True), "oct": octets("kid-oct")}
    secrets = [key[member] for key in keys.values() for member in PRIVATE if member in key]
    assert len(secrets) == 8
    secrets += [TOKEN, UNUSED]
    control = simulator.control
    control.add_token(TOKEN)
    space.connect(token=TOKEN)
    space.secret("unused", value=UNUSED)

    for name, key in keys.items():
        echo = {"error": "bad_request", "error_description": f"Bad: {json.dumps(key)} by {TOKEN}", "secret": TOKEN}
        for status in (400, 500):
            control.fault("status", project=space.project, name=f"{name}-{status}", status=status, body=echo)
            space.jwk(f"{name}-{status}", pasted(key))
        message = " ".join([TOKEN, *(value for value in key.values() if value in secrets)])
        told = {"error": "bad_request", "error_description": f"Bad: {message}"}
        for call in ("update", "delete"):
            control.fault("status", project=space.project, name=f"{name}-500", call=call, status=400, body=told)
        control.fault(
            "environment", project=space.project, name=f"{name}-env", environmentName="production", message=message
        )
        space.secret(f"{name}-env", jwk=json.dumps(key))
        source = {"secretKeyRef": {"name": f"{name}-env", "key": "jwk"}}
        space.jwk(f"{name}-env", {"sourceType": "COPY_PASTE", "jwkStrFrom": source}, redeployPolicy="Never")
        space.jwk(f"{name}-broken", pasted({**key, "kty": secrets[0]}))
        space.secret(f"{name}-cut", jwk=json.dumps(key)[:-5])
        source = {"secretKeyRef": {"name": f"{name}-cut", "key": "jwk"}}
        space.jwk(f"{name}-cut", {"sourceType": "COPY_PASTE", "jwkStrFrom": source})
    for name in keys:
        space.wait(f"{name}-400", "Rejected")
        space.wait(f"{name}-500")
        space.patch(f"{name}-500", description="New")
        space.wait(f"{name}-env", "DeploymentFailed")
        space.wait(f"{name}-broken", "InvalidKey")
        space.wait(f"{name}-cut", "InvalidKey")
    for name in keys:
        assert "***" in space.get(f"{name}-400").message, "the echo came through, masked"
        assert [event.message for event in space.events(f"{name}-400")] == [space.get(f"{name}-400").message]

        space.wait(f"{name}-500", "Rejected")
        space.delete(f"{name}-500")
        space.wait(f"{name}-500", "DeletionBlocked")

    body = {"error": "invalid_token", "error_description": f"{TOKEN} is revoked"}
    control.fault("status", times=None, project=space.project, status=401, body=body)
    space.jwk("refused", pasted())
    space.wait("refused", "Unauthorized")
    control.clear_faults()

    assert _leaks(_visible(space), secrets) == []
    assert _leaks(operator.metrics(), secrets) == []
    operator.stop()
    assert len(operator.text().splitlines()) > 10
    assert _leaks(operator.text(), secrets) == []
    operator.start()
