"""/metrics of a running operator."""

from __future__ import annotations

from harness.fixtures import MakeSpace
from harness.keys import ec, pasted
from harness.operator import OperatorProcess
from harness.simulator import CLIENTS, SimulatorProcess
from harness.space import Space
from harness.waiting import until


def test_what_it_tells(operator: OperatorProcess, make_space: MakeSpace, simulator: SimulatorProcess) -> None:
    space = make_space()
    metadata = {"name": "client", "namespace": space.name}
    data = {"client_id": "client-one", "client_secret": CLIENTS["client-one"]}
    space.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
    space.connection(auth={"clientCredentialsSecretRef": {"name": "client"}})
    connection = f"ApinizerConnection/{space.name}/default"
    ready = operator.metric("jwk_operator_time_to_ready_seconds_count")
    simulator.control.fail_environment(space.project, "production")
    space.jwk("half", pasted(), redeployPolicy="Never")
    space.wait("half", "DeploymentFailed")
    simulator.control.fail_environment(space.project, "production", failing=False)
    key = ec(private=True)
    space.jwk("whole", pasted(key))
    space.jwk("refused", pasted({"kty": "RSA"}))
    space.wait("whole")
    space.wait("refused", "InvalidKey")
    space.wait_connection("Connected")

    def jwks(reason: str) -> float:
        return operator.metric("jwk_operator_jwks", connection=connection, reason=reason)

    def environments(environment: str, outcome: str) -> float:
        return operator.metric(
            "jwk_operator_environments", connection=connection, environment=environment, outcome=outcome
        )

    operator.wait_idle()
    until(lambda: jwks("Deployed") == 1, "the store has the newest status")
    assert {reason: jwks(reason) for reason in ("DeploymentFailed", "InvalidKey", "New")} == {
        "DeploymentFailed": 1,
        "InvalidKey": 1,
        "New": 0,
    }
    assert (environments("production", "deployed"), environments("production", "failed")) == (1, 1)
    assert (environments("development", "deployed"), environments("development", "failed")) == (2, 0)
    assert operator.metric("jwk_operator_time_to_ready_seconds_count") == ready + 1
    calls = {"connection": connection, "status": "200"}
    assert operator.metric("jwk_operator_apinizer_requests_total", call="create", **calls) == 2
    assert operator.metric("jwk_operator_apinizer_requests_total", call="token", **calls) == 1
    assert operator.metric("jwk_operator_budget_wait_seconds_count", connection=connection) >= 3
    assert operator.metric("jwk_operator_connection_ready", connection=connection) == 1
    assert operator.metric("jwk_operator_circuit_open", connection=connection) == 0
    assert operator.metric("jwk_operator_token_expiration_timestamp_seconds", connection=connection) > 1_700_000_000
    assert operator.metric("jwk_operator_watch_age_seconds", resource="jwks") < 400
    text = operator.metrics()
    assert key["d"] not in text
    assert CLIENTS["client-one"] not in text
    assert all(name not in text for name in ('"half"', '"whole"', '"refused"')), "no label is a resource's name"


def test_drift_and_retries_are_counted(operator: OperatorProcess, space: Space, simulator: SimulatorProcess) -> None:
    drift = operator.metric("jwk_operator_drift_total")
    retries = operator.metric("jwk_operator_retries_total", reason="Unreachable")
    simulator.control.fault("drop", project=space.project, call="create")
    space.jwk("one", pasted(ec("kid")))
    space.wait("one")
    operator.wait_idle()
    assert operator.metric("jwk_operator_retries_total", reason="Unreachable") == retries + 1
    simulator.control.tamper("delete", space.project, "one")
    simulator.control.tamper("create", space.project, "one", type="EC", kid="theirs")
    space.annotate("one", requested="now")
    space.wait("one", "Drifted")
    until(lambda: operator.metric("jwk_operator_drift_total") == drift + 1, "drift is counted")
