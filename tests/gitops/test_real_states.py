"""What the running operator writes has its row in docs/reference/health.md, and everybody makes of it what is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from controlplane.ports import free_port
from gitops.judges import judged
from gitops.machine import GitOps
from harness.cluster import Cluster
from harness.fixtures import MakeSpace, account, make_space, operator, simulator, space
from harness.keys import CERTIFICATE, pasted
from harness.objects import Object
from harness.simulator import SimulatorProcess
from harness.space import CONNECTION, Space
from health.states import connection_states, jwk_states
from health.verdicts import Verdicts, expected

__all__ = ["account", "make_space", "operator", "simulator", "space"]

pytestmark = pytest.mark.usefixtures("operator")


def from_secret(name: str) -> Object:
    return {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": name, "key": "jwk"}}}


@cache
def rows() -> dict[tuple[str, str, str], Verdicts]:
    """The table: by kind, reason and Ready what everybody makes of it."""
    states = [*jwk_states(), *connection_states(CONNECTION)]
    return {(state.kind, state.reason, state.conditions["Ready"]["status"]): expected(state) for state in states}


@pytest.fixture
def judge(gitops: GitOps, cluster: Cluster) -> Callable[[Object], None]:
    """Holds an object against its row."""

    def hold(found: Object) -> None:
        (ready,) = (item for item in found["status"]["conditions"] if item["type"] == "Ready")
        row = found["kind"], ready["reason"], ready["status"]
        assert row in rows(), f"the table has no {row}"
        assert judged(gitops, cluster.plane.kubeconfig, found) == rows()[row], row

    return hold


def test_jwks(space: Space, judge: Callable[[Object], None], simulator: SimulatorProcess) -> None:
    space.jwk("first", pasted())
    space.wait("first")
    simulator.control.tamper("create", space.project, "there", type="EC")
    wishes: dict[str, tuple[str, Object]] = {
        "new": ("Suspended", pasted(suspend=True)),
        "there": ("Adopted", {"sourceType": "COPY_PASTE", "adoptionPolicy": "IfMatching"}),
        "broken": ("InvalidKey", pasted({"kty": "RSA"})),
        "elsewhere": ("InvalidSpec", {**CERTIFICATE, "environmentName": "nowhere"}),
        "no-secret": ("SecretNotFound", from_secret("nowhere")),
        "no-key": ("SecretKeyNotFound", from_secret("default")),
        "no-connection": ("ConnectionNotFound", pasted(connectionRef={"name": "nowhere"})),
        "taken": ("NameConflict", pasted(name="first")),
        "refused": ("Rejected", {**CERTIFICATE, "certificateName": "nowhere"}),
    }
    for name, (_, spec) in wishes.items():
        space.jwk(name, spec)
    for name, (reason, _) in [*wishes.items(), ("first", ("Deployed", {}))]:
        judge(space.wait(name, reason).raw)
    for name in ("first", "taken"):
        space.patch(name, suspend=True)
        judge(space.wait(name, "Suspended").raw)


def test_jwks_that_an_environment_lacks(
    space: Space, judge: Callable[[Object], None], simulator: SimulatorProcess
) -> None:
    simulator.control.fail_environment(space.project, "production")
    space.jwk("linked", CERTIFICATE)
    space.jwk("pasted", pasted())
    judge(space.wait("linked", "DeploymentFailed").raw)
    judge(space.wait("pasted", "DeploymentIncomplete").raw)


def test_jwks_on_a_read_only_connection(space: Space, judge: Callable[[Object], None]) -> None:
    space.jwk("old", pasted())
    space.wait("old")
    space.connect(readOnly=True)
    space.wait_seen()
    space.jwk("new", pasted())
    judge(space.wait("new", "ReadOnly").raw)
    judge(space.wait("old").raw)
    space.delete("old")
    judge(space.wait("old", "DeletionBlocked").raw)


def test_connections_and_their_jwks(make_space: MakeSpace, judge: Callable[[Object], None]) -> None:
    space = make_space()
    space.secret("no-key", other="")
    wishes: dict[str, tuple[str, str, Callable[[str], None]]] = {
        "works": ("Connected", "Deployed", space.connect),
        "no-project": ("NotProbed", "ProjectNotSet", lambda name: space.connect(name, projectName=None)),
        "other": ("ProjectNotFound", "ProjectNotFound", lambda name: space.connect(name, projectName="nowhere")),
        "wrong": ("Unauthorized", "Unauthorized", lambda name: space.connect(name, token="wrong")),
        "no-secret": ("SecretNotFound", "SecretNotFound", space.connection),
        "no-key": ("SecretKeyNotFound", "SecretKeyNotFound", space.connection),
    }
    for name, (_, _, make) in wishes.items():
        make(name)
        space.jwk(name, pasted(connectionRef={"name": name}))
    for name, (told, reason, _) in wishes.items():
        space.wait_connection(told, name)
        judge(space.cluster.find(CONNECTION, space.name, name) or {})
        judge(space.wait(name, reason).raw)


def test_a_manager_that_does_not_answer(make_space: MakeSpace, judge: Callable[[Object], None]) -> None:
    space = make_space(url=f"http://127.0.0.1:{free_port()}")
    space.connect()
    space.jwk("one", pasted())
    reasons = ("Unreachable", "CircuitOpen")
    judge(space.wait_for("one", lambda jwk: jwk.observed and jwk.reason in reasons, f"one of {reasons}").raw)
    space.wait_seen()
    judge(space.cluster.find(CONNECTION, space.name, "default") or {})
