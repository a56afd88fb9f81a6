"""sourceType GENERATE: Apinizer makes the key, and nothing of it comes into the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from harness.objects import deployed
from harness.simulator import SimulatorProcess
from harness.space import Space

pytestmark = pytest.mark.usefixtures("operator")


@pytest.mark.parametrize(
    ("generate", "sent"),
    [
        ({"type": "RSA", "rsa": {"keySize": 2048}}, {"rsa": {"keySize": 2048}}),
        (
            {"type": "EC", "kid": "k1", "ec": {"curveType": "P256"}, "algorithm": "ES256", "keyIdType": "SHA1"},
            {"kid": "k1", "ec": {"curveType": "P256", "algorithm": "ES256", "keyIdType": "SHA1"}},
        ),
        (
            {"type": "OCT", "oct": {"keySize": 256, "passwordSaltLength": 16}, "keyUseType": "ENCRYPTION"},
            {"oct": {"keySize": 256, "passwordSaltLength": 16, "keyUseType": "ENCRYPTION"}},
        ),
        (
            {"type": "OKP", "okp": {"curveType": "ED25519"}, "expirationTime": "2099-01-31T00:00:00Z"},
            {"okp": {"curveType": "ED25519", "expirationTime": "2099-01-31T00:00:00Z"}},
        ),
    ],
    ids=["RSA", "EC", "OCT", "OKP"],
)
def test_each_type_of_key(
    space: Space, simulator: SimulatorProcess, generate: dict[str, Any], sent: dict[str, Any]
) -> None:
    space.jwk("one", {"sourceType": "GENERATE", "generate": generate}, description="Made")
    jwk = space.wait("one")
    assert jwk.ready == deployed(2)
    assert simulator.bodies(space.project, "generate") == [
        {"name": "one", "description": "Made", "type": generate["type"], **sent}
    ]
    there = simulator.remote(space.project)["one"]
    remote = jwk.status["remote"]
    assert (remote["type"], remote["kid"], remote["sourceType"]) == (there["type"], there["kid"], "GENERATE")
    assert "thumbprint" not in remote
    assert jwk.status["lastOperation"]["type"] == "Generate"
    assert simulator.writes(space.project) == [("generate", "one")]
    space.delete("one")
    space.wait_gone("one")
    assert simulator.remote(space.project) == {}


def test_a_lost_answer_makes_no_second_key(space: Space, simulator: SimulatorProcess) -> None:
    simulator.control.fault("drop", project=space.project, call="generate", act=True)
    space.jwk("one", {"sourceType": "GENERATE", "generate": {"type": "EC", "ec": {"curveType": "P384"}}})
    jwk = space.wait("one")
    assert jwk.ready == deployed(2)
    assert simulator.writes(space.project) == [("generate", "one"), ("update", "one")]
    assert jwk.status["remote"]["kid"] == simulator.remote(space.project)["one"]["kid"]


def test_other_options_replace_it(space: Space, simulator: SimulatorProcess) -> None:
    ec = {"type": "EC", "ec": {"curveType": "P256"}, "rsa": None}
    space.jwk("one", {"sourceType": "GENERATE", "generate": {"type": "EC", "ec": ec["ec"]}}, updatePolicy="Replace")
    space.wait("one")
    space.patch("one", generate={"type": "RSA", "rsa": {"keySize": 2048}, "ec": None})
    space.wait_for("one", lambda jwk: jwk.status["remote"]["type"] == "RSA" and "replacement" not in jwk.status, "RSA")
    assert {name: jwk["type"] for name, jwk in simulator.remote(space.project).items()} == {"one": "RSA"}
