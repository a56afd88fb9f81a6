"""Logging in: client credentials, tokens that are revoked and exchanged, and what a connection's status says of it."""

from __future__ import annotations

import pytest

from harness.fixtures import MakeSpace
from harness.keys import pasted
from harness.objects import REQUESTED, Condition, deployed
from harness.operator import OperatorProcess
from harness.simulator import CLIENTS, ENVIRONMENTS, SimulatorProcess
from harness.space import Space
from harness.waiting import until

pytestmark = pytest.mark.usefixtures("operator")

CLIENT_AUTH = {"clientCredentialsSecretRef": {"name": "client"}}
BAD = "Bad credentials"


@pytest.fixture
def client_space(make_space: MakeSpace) -> Space:
    space = make_space()
    space.cluster.apply(secret_of(space, "client-one"))
    space.connection(auth=CLIENT_AUTH)
    return space


def secret_of(space: Space, name: str, value: str | None = None) -> dict[str, object]:
    """The Secret with a client's credentials; its keys have underscores, which `Space.secret` would turn into dots."""
    metadata = {"name": "client", "namespace": space.name}
    data = {"client_id": name, "client_secret": value or CLIENTS[name]}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def token_calls(simulator: SimulatorProcess, since: int) -> list[int]:
    """The statuses of the token calls from a request on."""
    return [record["status"] for record in simulator.control.requests(since=since) if record["call"] == "token"]


def last(simulator: SimulatorProcess) -> int:
    """The number of the last request."""
    records = simulator.control.requests()
    return int(records[-1]["sequence"]) if records else 0


def test_one_token_call_for_many_resources(client_space: Space, simulator: SimulatorProcess) -> None:
    client_space.wait_connection("Connected")
    since = last(simulator)
    names = [f"jwk-{number}" for number in range(20)]
    for name in names:
        client_space.jwk(name, pasted())
    client_space.wait_all(names)
    assert token_calls(simulator, since) == [], "the probe's token serves everybody"
    assert client_space.connection_status()["tokenExpiresAt"]


def test_wrong_credentials_and_their_cure(make_space: MakeSpace, simulator: SimulatorProcess) -> None:
    space = make_space()
    space.cluster.apply(secret_of(space, "client-one", "another-secret-77c1"))
    space.connection(auth=CLIENT_AUTH)
    space.jwk("one", pasted())
    named = f"Secret {space.name}/client"
    jwk = space.wait("one", "Unauthorized")
    assert (
        jwk.message
        == f"Apinizer does not accept the token of {named}; put a valid one there: the token call failed: {BAD}"
    )
    ready = space.wait_connection("Unauthorized")
    assert ready == Condition(
        "False",
        "Unauthorized",
        f"Apinizer does not accept the credential of {named}; put a valid one there: the token call failed: {BAD}",
    )
    assert "another-secret" not in str(space.connection_status()) + str(jwk.raw)
    space.cluster.apply(secret_of(space, "client-two"))
    assert space.wait("one").ready == deployed(2)
    space.wait_connection("Connected")
    assert simulator.writes(space.project) == [("create", "one")]


def test_a_secret_without_one_of_the_keys(make_space: MakeSpace) -> None:
    space = make_space()
    space.secret("client", token="x")
    space.connection(auth=CLIENT_AUTH)
    space.jwk("one", pasted())
    named = f"Secret {space.name}/client has no key client_id; correct it or spec.auth"
    assert space.wait("one", "SecretKeyNotFound").message == f"ApinizerConnection default: {named}."
    assert space.wait_connection("SecretKeyNotFound").message == f"ApinizerConnection default: {named}."


def test_a_revoked_token_is_told_and_cured(space: Space, simulator: SimulatorProcess) -> None:
    mine = f"token-of-{space.name}"
    simulator.control.add_token(mine)
    space.connect(token=mine)
    space.jwk("one", pasted())
    space.wait("one")
    simulator.control.revoke_token(mine)
    space.jwk("two", pasted())
    named = f"Secret {space.name}/default, key token"
    assert space.wait("two", "Unauthorized").message.startswith(
        f"Apinizer does not accept the token of {named}; put a valid one there: "
    )
    assert space.wait_connection("Unauthorized").message.startswith(
        f"Apinizer does not accept the credential of {named}; put a valid one there: "
    )
    since = last(simulator)
    for number in range(20):
        space.jwk(f"more-{number}", pasted())
    space.wait_all([f"more-{number}" for number in range(20)], "Unauthorized")
    sent = [record["call"] for record in simulator.control.requests(since=since) if record["project"] == space.project]
    assert set(sent) <= {"environments"}, "only slow probes go out with a token that was refused"
    simulator.control.add_token(f"{mine}-anew")
    space.connect(token=f"{mine}-anew")
    space.wait_all(["two", *(f"more-{number}" for number in range(20))])
    assert space.wait_connection("Connected").status == "True"


def test_a_token_that_is_accepted_again_needs_no_change_of_the_secret(
    space: Space, simulator: SimulatorProcess
) -> None:
    mine = f"token-of-{space.name}"
    space.connect(token=mine)
    space.wait_connection("Unauthorized")
    space.jwk("one", pasted())
    space.wait("one", "Unauthorized")
    simulator.control.add_token(mine)
    space.wait("one")
    space.wait_connection("Connected")


def test_rotating_a_token_under_load_loses_nothing(space: Space, simulator: SimulatorProcess) -> None:
    tokens = [f"token-{number}-of-{space.name}" for number in range(3)]
    simulator.control.add_token(tokens[0])
    space.connect(token=tokens[0])
    names = [f"jwk-{number}" for number in range(60)]
    for number, name in enumerate(names):
        if number in (20, 40):
            token = tokens[number // 20]
            simulator.control.add_token(token)
            space.connect(token=token)
            simulator.control.revoke_token(tokens[number // 20 - 1])
        space.jwk(name, pasted())
    space.wait_all(names)
    assert set(simulator.remote(space.project)) == set(names)
    creates = [record["name"] for record in simulator.requests(space.project, "create") if record["status"] == 200]
    assert sorted(creates) == sorted(names), "each was made once"


def test_a_list_with_the_new_token_does_not_speak_of_what_the_old_one_was_writing(
    space: Space, simulator: SimulatorProcess
) -> None:
    space.wait_connection("Connected")
    new = f"token-of-{space.name}"
    simulator.control.add_token(new)
    simulator.control.fault("delay", seconds=2, project=space.project, name="slow", call="create")
    space.jwk("slow", pasted(description="first"))
    simulator.wait_sent(space.project, "create")
    space.connect(token=new)
    space.jwk("quick", pasted())
    space.wait("quick")
    space.wait("slow")
    space.patch("slow", description="second")  # looked up in a list, and the newest began before "slow" was there
    space.wait("slow")
    assert [call for call, name in simulator.writes(space.project) if name == "slow"] == ["create", "update"]


# --- what the status of a connection says --------------------------------------------


def test_a_connection_that_works(space: Space) -> None:
    ready = space.wait_connection("Connected")
    assert ready == Condition(
        "True", "Connected", f'Apinizer answers; project "{space.project}" has {len(ENVIRONMENTS)} environments.'
    )
    status = space.connection_status()
    assert [item["name"] for item in status["environments"]] == sorted(ENVIRONMENTS)
    assert status["circuit"]["state"] == "Closed"
    assert status["lastProbeTime"]
    for name in ("one", "two"):
        space.jwk(name, pasted())
    until(lambda: space.connection_status()["jwks"] == 2, lambda: f"two users: {space.connection_status()}")
    space.delete("one")
    until(lambda: space.connection_status()["jwks"] == 1, lambda: f"one user: {space.connection_status()}")


def test_a_connection_without_a_project_is_ready_before_anybody_uses_it(space: Space) -> None:
    space.connect("open", projectName=None)
    assert space.wait_connection("NotProbed", "open").status == "True"
    space.jwk("one", pasted(), connectionRef={"name": "open"}, projectName=space.project)
    space.wait("one")
    assert space.wait_connection("Connected", "open").status == "True"


def test_a_project_that_is_not_there(space: Space) -> None:
    space.connect("lost", projectName="no-such-project")
    ready = space.wait_connection("ProjectNotFound", "lost")
    assert ready.status == "False"
    assert ready.message.startswith('Project "no-such-project" cannot be used; ')


def test_a_changed_connection_is_probed_again(space: Space) -> None:
    space.wait_connection("Connected")
    space.connection(projectName="no-such-project")
    space.wait_connection("ProjectNotFound")
    space.connection()
    space.wait_connection("Connected")


def ask(space: Space, request: str, name: str = "default") -> None:
    """Ask for a look at a connection, as kubectl annotate and Argo CD's action do."""
    patch = {"metadata": {"annotations": {REQUESTED: request}}}
    space.cluster.patch("ApinizerConnection", space.name, name, patch)


def wait_handled(space: Space, request: str, name: str = "default") -> None:
    until(
        lambda: space.connection_status(name).get("lastHandledReconcileAt") == request,
        lambda: f"{request} is handled: {space.connection_status(name)}",
    )


def test_a_look_that_was_asked_for_is_one_probe_and_no_pass(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess
) -> None:
    space.wait_connection("Connected")
    space.jwk("one", pasted())
    space.wait("one")
    until(lambda: space.connection_status().get("jwks") == 1, "the user is counted")
    before, since, passes = space.connection_status(), last(simulator), operator.passes()
    ask(space, "first")
    wait_handled(space, "first")
    sent = [record["call"] for record in simulator.control.requests(since=since) if record["project"] == space.project]
    assert sent == ["environments"]
    assert operator.passes() == passes, "its JWKs are left alone"
    after = space.connection_status()
    assert after.pop("lastHandledReconcileAt") == "first"
    assert {**after, "lastProbeTime": ""} == {**before, "lastProbeTime": ""}


def test_a_look_that_was_asked_for_does_not_wait_for_the_next_slow_probe(
    space: Space, simulator: SimulatorProcess
) -> None:
    mine = f"token-of-{space.name}"
    space.connect(token=mine)
    space.wait_connection("Unauthorized")
    for request in ("first", "second", "third"):
        since = last(simulator)
        ask(space, request)
        wait_handled(space, request)
        probes = [record for record in simulator.control.requests(since=since) if record["project"] == space.project]
        assert [(record["call"], record["status"]) for record in probes][:1] == [("environments", 401)]
    simulator.control.add_token(mine)
    ask(space, "fourth")
    wait_handled(space, "fourth")
    space.wait_connection("Connected")


def test_a_look_at_what_cannot_be_probed_is_handled_by_saying_so(make_space: MakeSpace) -> None:
    space = make_space()
    space.connection(auth={"tokenSecretRef": {"name": "nowhere"}})
    space.wait_connection("SecretNotFound")
    ask(space, "first")
    wait_handled(space, "first")
    assert space.wait_connection("SecretNotFound").status == "False"


def test_a_look_that_was_asked_for_while_nobody_listened(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess
) -> None:
    space.wait_connection("Connected")
    operator.stop()
    try:
        ask(space, "meanwhile")
        since = last(simulator)
    finally:
        operator.start()
    wait_handled(space, "meanwhile")
    sent = [record["call"] for record in simulator.control.requests(since=since) if record["project"] == space.project]
    assert sent == ["environments"]


def test_an_environment_that_is_not_there_is_named_with_those_that_are(
    space: Space, simulator: SimulatorProcess
) -> None:
    certificate = {
        "sourceType": "CERTIFICATE",
        "certificateName": "certificate",
        "useType": "SIGNATURE",
        "algorithm": "ES256",
    }
    space.jwk("one", {**certificate, "environmentName": "staging"})
    assert space.wait("one", "InvalidSpec").message == (
        f'spec.environmentName "staging" is not an environment of project "{space.project}", '
        'which has "development", "production"; choose one of them.'
    )
    assert simulator.writes(space.project) == []
    space.patch("one", environmentName="production")
    space.wait("one")


def test_the_budget_of_a_connection(space: Space, simulator: SimulatorProcess) -> None:
    space.connect(requestsPerSecond=10, burst=5)
    names = [f"jwk-{number}" for number in range(25)]
    for name in names:
        space.jwk(name, pasted())
    space.wait_all(names)
    times = sorted(record["monotonic"] for record in simulator.requests(space.project))
    beyond_the_burst = len(times) - 5
    assert times[-1] - times[0] >= beyond_the_burst / 10 / 2, "a machine may be slow; without a limit it is much faster"


def test_readiness_and_the_restart_of_an_operator(operator: OperatorProcess, space: Space) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    until(lambda: space.connection_status().get("jwks") == 1, "the user is counted")
    before = space.connection_status()
    operator.restart()
    assert operator.probe("/readyz")[0] == 200
    space.jwk("two", pasted())
    space.wait("two")
    assert space.connection_status()["conditions"] == before["conditions"]
