"""Every source type is created once and told of truthfully."""

from __future__ import annotations

import json

import pytest

from controlplane.tables import get_table
from harness.keys import ec, octets, pasted, rsa, served
from harness.objects import Condition, Object, deployed
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import Space
from install.support import kubectl

LOOKED_UP: Object = {"environmentName": "production", "useType": "SIGNATURE", "algorithm": "ES256"}
SOURCES: dict[str, Object] = {
    "CERTIFICATE": {"certificateName": "certificate", **LOOKED_UP},
    "PUBLIC_KEY": {"keyName": "public", **LOOKED_UP},
    "PRIVATE_KEY": {"keyName": "private", **LOOKED_UP},
    "KEYSTORE": {"keyStoreName": "store", "aliasName": "alias", **LOOKED_UP, "algorithm": "RS256"},
}
SETTLED = {
    "Ready": deployed(2),
    "Synced": Condition("True", "Deployed", "The remote JWK is what the spec says."),
    "Deployed": Condition("True", "Deployed", "Every required environment reported that it has the JWK."),
}
EVERYWHERE = {"development": (True, "Deployed successfully"), "production": (True, "Deployed successfully")}

pytestmark = pytest.mark.usefixtures("operator")


@pytest.mark.parametrize("source", SOURCES)
def test_what_apinizer_looks_up_is_created_once(space: Space, simulator: SimulatorProcess, source: str) -> None:
    space.jwk("one", {"sourceType": source, **SOURCES[source]}, description="Looked up")
    jwk = space.wait("one")
    assert jwk.conditions == SETTLED
    assert jwk.environments == EVERYWHERE
    assert jwk.status["environments"] == "2/2"
    assert jwk.claimed
    remote = jwk.status["remote"]
    assert {name: remote[name] for name in ("projectName", "name", "sourceType", "description")} == {
        "projectName": space.project,
        "name": "one",
        "sourceType": source,
        "description": "Looked up",
    }
    sent = {"name": "one", "description": "Looked up", "sourceType": source, **SOURCES[source]}
    assert simulator.bodies(space.project, "create") == [sent]
    assert [record["call"] for record in simulator.requests(space.project)] == ["list", "create"]
    assert jwk.status["lastOperation"]["type"] == "Create"
    assert jwk.status["lastOperation"]["httpStatus"] == 200


def test_url_with_its_options(space: Space, simulator: SimulatorProcess) -> None:
    with served({"keys": [ec("first"), ec("second")]}) as url:
        options = {"urlOptionConnectTimeout": 1000, "urlOptionReadTimeout": 2000, "urlOptionSizeLimit": 9000}
        space.jwk("one", {"sourceType": "URL", "url": url, "kid": "second", **options})
        jwk = space.wait("one")
    assert jwk.conditions == SETTLED
    sent = {"name": "one", "sourceType": "URL", "url": url, "kid": "second", **options}
    assert simulator.bodies(space.project, "create") == [sent]
    assert simulator.remote(space.project)["one"]["kid"] == "second"


@pytest.mark.parametrize("kind", ["EC", "RSA", "OCT"])
def test_inline_key_is_told_of_by_its_facts(space: Space, simulator: SimulatorProcess, kind: str) -> None:
    key = {"EC": ec, "RSA": rsa, "OCT": octets}[kind]("my-kid")
    space.jwk("one", pasted(key))
    remote = space.wait("one").status["remote"]
    found = simulator.remote(space.project)["one"]
    assert (found["type"], found["kid"]) == (remote["type"], remote["kid"]) == (kind, "my-kid")
    assert ("thumbprint" in remote) == (kind != "OCT"), "a digest of a symmetric key lets anybody test guesses"


def test_key_from_a_secret(space: Space, simulator: SimulatorProcess) -> None:
    space.secret("key", jwk_json=json.dumps({"keys": [ec("a", private=True), ec("b", private=True)]}))
    source = {"secretKeyRef": {"name": "key", "key": "jwk.json"}}
    space.jwk("one", {"sourceType": "COPY_PASTE", "jwkStrFrom": source, "kid": "b"})
    assert space.wait("one").conditions == SETTLED
    sent = {"name": "one", "sourceType": "COPY_PASTE", "kid": "b", "jwkStr": "***"}
    assert simulator.bodies(space.project, "create") == [sent]
    assert simulator.remote(space.project)["one"]["kid"] == "b"


def test_columns(space: Space) -> None:
    space.jwk("one", pasted(ec("my-kid")), name="remote name")
    space.wait("one")
    lines = get_table(space.cluster.http, space.path("JWK"), wide=True).splitlines()
    assert lines[0].split() == [
        *("NAME", "READY", "REASON", "SOURCE", "PROJECT", "ENVIRONMENTS", "AGE"),
        *("REMOTE", "NAME", "KID", "MESSAGE"),
    ]
    cells = [cell.strip() for cell in lines[1].split("   ") if cell.strip()]
    assert [*cells[:6], *cells[7:]] == [
        *("one", "True", "Deployed", "COPY_PASTE", space.project, "2/2"),
        *("remote name", "my-kid", "Deployed to 2 environments."),
    ]


def test_describe_reads_as_an_answer(space: Space) -> None:
    space.jwk("one", {"sourceType": "CERTIFICATE", **SOURCES["CERTIFICATE"]}, certificateName="lost")
    message = space.wait("one", "Rejected").ready.message
    described = kubectl("describe", "jwk", "one", "-n", space.name, kubeconfig=space.cluster.plane.kubeconfig).stdout
    _, _, status = described.partition("\nStatus:\n")
    conditions, _, events = status.partition("\nEvents:\n")
    first = [line.split(":", 1)[1].strip() for line in conditions.splitlines()[2:7]]
    assert first == [message, "1", "Rejected", "False", "Ready"], "Message, generation, reason, status, type"
    assert events.splitlines()[2].split()[:2] == ["Warning", "Rejected"]
    assert events.rstrip().endswith(message)


def test_a_restart_over_settled_ones_rests(operator: OperatorProcess, space: Space) -> None:
    space.jwk("one", pasted())
    before = space.wait("one")
    operator.restart()
    operator.wait_passes(1, action="rest")
    assert space.get("one").raw == before.raw
