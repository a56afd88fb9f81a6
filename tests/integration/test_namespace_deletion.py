"""Deletion cannot dead-lock: whole namespaces, and whatever goes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.audit import AuditLog
from harness.fixtures import MakeSpace
from harness.keys import ec, pasted
from harness.objects import API_VERSION, IN_USE, Condition, Event
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import CONNECTION, Space
from harness.waiting import until

COUNT = 50
NAMES = [f"jwk-{number:02}" for number in range(COUNT)]
RETAIN = "spec.deletionPolicy: Retain lets the resource go at once and leaves the remote JWK as it is"
SHARED = "ClusterApinizerConnection"
SECONDS = 120


def _many(make_space: MakeSpace, names: Iterable[str] = NAMES) -> Space:
    """A namespace with a connection and JWKs that are not waited for."""
    space = make_space()
    space.connect()
    key = ec()
    for name in names:
        space.jwk(name, pasted(key))
    return space


def _delete_namespace(space: Space) -> None:
    space.cluster.delete("Namespace", None, space.name)


def _wait_namespace_gone(space: Space, seconds: float = SECONDS) -> None:
    def told() -> str:
        found = space.cluster.find("Namespace", None, space.name) or {}
        return f"namespace {space.name} gone; {found.get('status')}"

    until(lambda: space.cluster.find("Namespace", None, space.name) is None, told, seconds)


def test_a_namespace_goes_with_everything_in_it(
    operator: OperatorProcess, make_space: MakeSpace, simulator: SimulatorProcess
) -> None:
    space = _many(make_space)
    space.wait_all(NAMES)
    _delete_namespace(space)
    _wait_namespace_gone(space)
    assert simulator.remote(space.project) == {}
    assert Counter(simulator.writes(space.project)) == Counter(
        (call, name) for call in ("create", "delete") for name in NAMES
    )


def test_a_restart_does_not_lose_the_token(
    operator: OperatorProcess, make_space: MakeSpace, simulator: SimulatorProcess, audit: AuditLog
) -> None:
    """With everything settled nobody needs the token after the restart until it is too late to read it."""
    space = _many(make_space)
    space.wait_all(NAMES)
    operator.stop()
    audit.mark()
    operator.start()
    until(
        lambda: bool(audit.requests(verb="get", resource="secrets", namespace=space.name)),
        "the token is read in advance",
    )
    assert len(audit.requests(verb="get", resource="secrets", namespace=space.name)) == 1
    _delete_namespace(space)
    _wait_namespace_gone(space)
    assert simulator.remote(space.project) == {}
    assert Counter(simulator.writes(space.project)) == Counter(
        (call, name) for call in ("create", "delete") for name in NAMES
    )


def test_the_secret_first_after_a_restart(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess, audit: AuditLog
) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    operator.stop()
    audit.mark()
    operator.start()
    until(
        lambda: bool(audit.requests(verb="get", resource="secrets", namespace=space.name)),
        "the token is read in advance",
    )
    space.delete("default", "Secret")
    space.wait_gone("default", "Secret")
    space.delete("one")
    space.wait_gone("one")
    assert simulator.remote(space.project) == {}


def test_a_namespace_that_goes_while_jwks_are_created(
    operator: OperatorProcess, make_space: MakeSpace, simulator: SimulatorProcess
) -> None:
    """Some are created, some on their way, some not begun: what was created goes, the rest is never heard of."""
    space = make_space()
    space.connect()
    for _ in range(8):
        simulator.control.fault("delay", project=space.project, call="create", seconds=1)
    key = ec()
    for name in NAMES:
        space.jwk(name, pasted(key))
    until(lambda: bool(simulator.requests(space.project, "create")), "the first ones are being created")
    _delete_namespace(space)
    _wait_namespace_gone(space)
    assert simulator.remote(space.project) == {}
    writes = Counter(simulator.writes(space.project))
    assert set(writes.values()) == {1}, writes
    created, deleted = ({name for call, name in writes if call == wanted} for wanted in ("create", "delete"))
    assert created == deleted


def test_the_connection_stays_until_the_last_jwk_is_gone(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess, audit: AuditLog
) -> None:
    space.jwk("one", pasted())
    space.jwk("two", pasted())
    space.wait_all(["one", "two"])
    assert space.held()
    space.delete("default", CONNECTION)
    message = (
        f"Kept until no JWK needs it for its deletion: {space.name}/one, {space.name}/two; delete them, or set their "
        "spec.deletionPolicy to Retain to leave the remote JWKs as they are."
    )
    space.wait_events("default", Event("Warning", "DeletionBlocked", message))
    space.patch("one", description="still served")
    until(lambda: simulator.remote(space.project)["one"]["description"] == "still served", "JWK one is updated")
    space.jwk("late", pasted())
    late = space.wait("late", "ConnectionNotFound")
    going = (
        "ApinizerConnection default is being deleted; create it anew once it is gone, or correct spec.connectionRef."
    )
    assert late.ready == Condition("False", "ConnectionNotFound", going)
    assert not late.claimed
    space.delete("one")
    space.wait_gone("one")
    assert space.held()
    space.delete("two")
    space.wait_gone("two")
    space.wait_gone("default", CONNECTION)
    assert simulator.remote(space.project) == {}
    space.connect()
    space.wait("late")
    patches = audit.requests(verb="patch", resource="apinizerconnections", namespace=space.name)
    assert [request.status for request in patches] == [200, 200, 200]


def test_a_shared_connection_stays_as_well(
    operator: OperatorProcess, space: Space, make_space: MakeSpace, simulator: SimulatorProcess
) -> None:
    user, name = make_space(), f"shared-{space.name}"
    token = {"name": "default", "namespace": space.name}
    spec = {"baseUrl": space.url, "projectName": space.project, "auth": {"tokenSecretRef": token}}
    shared = {"apiVersion": API_VERSION, "kind": SHARED, "metadata": {"name": name}}
    space.cluster.create({**shared, "spec": {**spec, "allowedNamespaces": {"selector": {}}}})
    user.jwk("one", pasted(), connectionRef={"kind": SHARED, "name": name})
    user.wait("one")
    space.cluster.delete(SHARED, None, name)

    def told() -> bool:
        items = space.cluster.request("GET", "/api/v1/namespaces/default/events")["items"]
        return [(item["type"], item["reason"]) for item in items if item["involvedObject"]["name"] == name] == [
            ("Warning", "DeletionBlocked")
        ]

    until(told, "an Event says what the deletion waits for")
    _delete_namespace(user)
    _wait_namespace_gone(user)
    until(lambda: space.cluster.find(SHARED, None, name) is None, f"{name} is gone")
    assert simulator.remote(space.project) == {}


def test_the_finalizer_comes_before_the_first_claim_and_goes_with_the_last(
    operator: OperatorProcess, space: Space, audit: AuditLog
) -> None:
    assert not space.held()
    for name in ("one", "two"):
        space.jwk(name, pasted())
    space.wait_all(["one", "two"])
    patches = audit.requests(verb="patch", namespace=space.name)
    assert [request.resource for request in patches if not request.resource.endswith("/status")] == [
        *("apinizerconnections", "jwks", "jwks"),
    ]
    for name in ("one", "two"):
        assert space.held()
        space.delete(name)
        space.wait_gone(name)
    space.wait_held(held=False)


def test_who_deletes_nothing_remotely_needs_no_connection(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess
) -> None:
    space.jwk("one", pasted(), deletionPolicy="Retain")
    space.wait("one")
    assert not space.held()
    space.patch("one", deletionPolicy="Delete")
    space.wait_held(held=True)
    space.patch("one", suspend=True)
    space.wait_held(held=False)
    space.patch("one", suspend=False)
    space.wait_held(held=True)
    space.delete("default", CONNECTION)
    space.patch("one", deletionPolicy="Retain")
    space.wait_gone("default", CONNECTION)
    space.delete("one")
    space.wait_gone("one")
    assert set(simulator.remote(space.project)) == {"one"}


def test_a_copied_finalizer_and_a_lost_one_are_put_right(operator: OperatorProcess, space: Space) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    copy = space.object(CONNECTION, "copy", {"baseUrl": space.url, "auth": {"tokenSecretRef": {"name": "default"}}})
    copy["metadata"]["finalizers"] = [IN_USE, "example.com/theirs"]
    space.cluster.create(copy)
    space.wait_held(held=False, name="copy")
    space.cluster.patch(CONNECTION, space.name, "default", {"metadata": {"finalizers": None}})
    space.wait_held(held=True)
    operator.stop()
    space.cluster.patch(CONNECTION, space.name, "default", {"metadata": {"finalizers": ["example.com/theirs"]}})
    space.cluster.patch(CONNECTION, space.name, "copy", {"metadata": {"finalizers": [IN_USE, "example.com/theirs"]}})
    operator.start()
    space.wait_held(held=True)
    space.wait_held(held=False, name="copy")
    for name in ("default", "copy"):
        found = space.cluster.find(CONNECTION, space.name, name)
        assert found is not None
        assert "example.com/theirs" in found["metadata"]["finalizers"]


def test_blocked_in_a_namespace_that_goes_until_retain(
    operator: OperatorProcess, make_space: MakeSpace, simulator: SimulatorProcess
) -> None:
    """Nothing can be created in such a namespace any more: Retain is what always helps."""
    space = _many(make_space, ["one"])
    space.wait("one")
    operator.stop()
    space.delete("default", "Secret")
    space.wait_gone("default", "Secret")
    operator.start()
    _delete_namespace(space)
    blocked = space.wait("one", "DeletionBlocked")
    assert blocked.message == (
        f"The remote JWK cannot be deleted: ApinizerConnection default: Secret {space.name}/default does not exist; "
        f"create it or correct spec.auth. Mend that; {RETAIN}."
    )
    space.patch("one", deletionPolicy="Retain")
    _wait_namespace_gone(space)
    assert set(simulator.remote(space.project)) == {"one"}


def test_a_blocked_deletion_goes_on_when_the_secret_returns(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess
) -> None:
    for name in ("one", "two"):
        space.jwk(name, pasted())
    space.wait_all(["one", "two"])
    operator.stop()
    space.delete("default", "Secret")
    operator.start()
    for name in ("one", "two"):
        space.delete(name)
    space.delete("default", CONNECTION)
    for name in ("one", "two"):
        space.wait(name, "DeletionBlocked")
    assert space.held()
    space.secret("default", token=space.token)
    for name in ("one", "two"):
        space.wait_gone(name)
    space.wait_gone("default", CONNECTION)
    assert simulator.remote(space.project) == {}


def test_the_last_good_token_is_the_newest(
    operator: OperatorProcess, space: Space, simulator: SimulatorProcess, audit: AuditLog
) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    audit.mark()
    space.secret("default", token="newest-token-that-is-wrong-0815")
    until(
        lambda: bool(audit.requests(verb="get", resource="secrets", namespace=space.name)),
        "the new token is read at once",
    )
    space.delete("default", "Secret")
    space.wait_gone("default", "Secret")
    space.delete("one")
    blocked = space.wait("one", "DeletionBlocked")
    assert "does not accept the token" in blocked.message
    assert set(simulator.remote(space.project)) == {"one"}
    space.secret("default", token=space.token)
    space.wait_gone("one")
    assert simulator.remote(space.project) == {}
