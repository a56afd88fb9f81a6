"""Connections: which one, who may use it, where it leads and with which credentials."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.ports import free_port
from harness.cluster import RefusedError
from harness.fixtures import MakeSpace
from harness.keys import pasted
from harness.objects import API_VERSION, Condition, Event, Object, deployed
from harness.simulator import SimulatorProcess
from harness.space import Space
from harness.tls import Authority, make_authority

pytestmark = pytest.mark.usefixtures("operator")

CLUSTER_WIDE = "ClusterApinizerConnection"
HERE = {"name": "default"}


def _shared(space: Space, allowed: Object) -> dict[str, str]:
    """Create a connection for several namespaces and return the reference to it."""
    name = f"shared-{space.name}"
    token = {"name": "default", "namespace": space.name}
    spec = {"baseUrl": space.url, "projectName": space.project, "auth": {"tokenSecretRef": token}}
    space.cluster.apply(
        {
            "apiVersion": API_VERSION,
            "kind": CLUSTER_WIDE,
            "metadata": {"name": name},
            "spec": {**spec, "allowedNamespaces": allowed},
        }
    )
    return {"kind": CLUSTER_WIDE, "name": name}


@pytest.fixture
def home(space: Space) -> Iterator[Space]:
    """The namespace that holds the token of a connection for several namespaces."""
    yield space
    space.cluster.delete(CLUSTER_WIDE, None, f"shared-{space.name}")


def test_cluster_connection_by_name(home: Space, make_space: MakeSpace) -> None:
    user = make_space()
    reference = _shared(home, {"names": [user.name]})
    user.jwk("one", pasted(), connectionRef=reference)
    assert user.wait("one").ready == deployed(2)


def test_cluster_connection_not_allowed_until_the_label_is_there(home: Space, make_space: MakeSpace) -> None:
    user = make_space(labels={"team": "red"})
    reference = _shared(home, {"selector": {"matchLabels": {"team": "blue"}}})
    user.jwk("one", pasted(), connectionRef=reference)
    jwk = user.wait("one", "ConnectionNotAllowed")
    message = (
        f"ClusterApinizerConnection {reference['name']} does not allow namespace {user.name}; add it to "
        "spec.allowedNamespaces of the connection or use another one."
    )
    assert jwk.ready == Condition("False", "ConnectionNotAllowed", message)
    user.wait_events("one", Event("Warning", "ConnectionNotAllowed", message))
    assert not jwk.claimed
    user.cluster.patch("Namespace", None, user.name, {"metadata": {"labels": {"team": "blue"}}})
    assert user.wait("one").ready == deployed(2)


def test_cluster_connection_is_opened_later(home: Space, make_space: MakeSpace) -> None:
    user = make_space()
    reference = _shared(home, {"names": ["somebody-else"]})
    user.jwk("one", pasted(), connectionRef=reference)
    user.wait("one", "ConnectionNotAllowed")
    _shared(home, {"selector": {}})
    assert user.wait("one").ready == deployed(2)


def test_no_connection_then_one(make_space: MakeSpace) -> None:
    space = make_space()
    space.jwk("one", pasted())
    jwk = space.wait("one", "ConnectionNotFound")
    assert jwk.message == (
        f"ApinizerConnection default does not exist in namespace {space.name}; create it or correct spec.connectionRef."
    )
    space.connect()
    assert space.wait("one").ready == deployed(2)


def test_project_comes_from_either_side(space: Space) -> None:
    space.connection("open", projectName=None, auth={"tokenSecretRef": HERE})
    reference = {"name": "open"}
    space.jwk("one", pasted(), connectionRef=reference)
    message = "Neither spec.projectName nor ApinizerConnection open names a project; set one of them."
    assert space.wait("one", "ProjectNotSet").message == message
    space.jwk("two", pasted(), connectionRef=reference, projectName=space.project)
    assert space.wait("two").ready == deployed(2)
    space.jwk("three", pasted(), projectName=space.project)
    assert space.wait("three").ready == deployed(2)
    space.jwk("four", pasted(), projectName="another")
    assert space.wait("four", "InvalidSpec").message == (
        f'spec.projectName is "another", but ApinizerConnection default is for project "{space.project}"; leave '
        "spec.projectName out."
    )
    space.connection("open", auth={"tokenSecretRef": HERE})
    assert space.wait("one").ready == deployed(2)


def test_project_that_apinizer_does_not_know(space: Space) -> None:
    space.connect(projectName="no such project")
    space.wait_connection("ProjectNotFound")  # else the operator may not have heard of the change yet
    space.jwk("one", pasted())
    assert space.wait("one", "ProjectNotFound").message == (
        'Project "no such project" cannot be used; correct its name, or give the account access to it: '
        "Project(no such project) was not found or user does not have privilege to access it!"
    )
    space.connect()
    assert space.wait("one").ready == deployed(2)


@pytest.mark.parametrize("end", ["/", "/apiops", "/apiops/"])
def test_base_url_with_and_without_its_end(space: Space, end: str) -> None:
    space.connect(baseUrl=f"{space.url}{end}")
    space.jwk("one", pasted())
    assert space.wait("one").ready == deployed(2)


REFUSED_URLS = {
    "path": (
        "https://apinizer.example/console",
        (
            'Invalid value: "https://apinizer.example/console": spec.baseUrl can have no path but /apiops, and that '
            "may be "
            "left out: remove the path after the host and port"
        ),
    ),
    "typo": (
        "htps://apinizer.example",
        (
            "Invalid value: spec.baseUrl must be an absolute http or https URL with a host: write it as "
            "https://HOST or "
            "https://HOST:PORT"
        ),
    ),
}


@pytest.mark.parametrize("case", REFUSED_URLS)
def test_base_url_that_is_refused(space: Space, case: str) -> None:
    url, message = REFUSED_URLS[case]
    with pytest.raises(RefusedError) as refused:
        space.connection("bad", baseUrl=url)
    assert refused.value.message == (
        f'ApinizerConnection.apiops.apinizer.com "bad" is invalid: spec.baseUrl: {message}'
    )


def test_nobody_listens_then_somebody_does(space: Space, simulator: SimulatorProcess) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    space.connect(baseUrl=url)
    space.wait_seen()
    space.jwk("one", pasted())
    jwk = space.wait("one", "Unreachable")
    message = (
        f"No answer from Apinizer: {url} refuses connections; check that it runs, and spec.baseUrl of the connection."
    )
    assert jwk.ready == Condition("False", "Unreachable", message)
    assert jwk.conditions["Reconciling"] == Condition("True", "Unreachable", message)
    assert not jwk.claimed
    space.connect(baseUrl=simulator.url)
    assert space.wait("one").ready == deployed(2)
    assert space.events() == []


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The private authority behind the simulator's certificate."""
    return make_authority(tmp_path_factory.mktemp("authority"), "own")


@pytest.fixture(scope="module")
def secure(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """A simulator that speaks TLS."""
    folder = tmp_path_factory.mktemp("secure")
    files = authority.certificate, authority.key
    with SimulatorProcess(folder, tls=files, ca=authority.ca) as process:
        yield process


@pytest.fixture
def guarded(make_space: MakeSpace, secure: SimulatorProcess) -> Space:
    """A namespace whose connection is yet to be made, for the simulator with TLS."""
    return make_space(project=secure.take_project(), url=secure.url)


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_private_authority(guarded: Space, authority: Authority, kind: str) -> None:
    put = guarded.secret if kind == "Secret" else guarded.config_map
    put("ca", ca_crt=authority.ca.read_text())
    guarded.connect(tls={"caRef": {"kind": kind, "name": "ca"}})
    guarded.jwk("one", pasted())
    assert guarded.wait("one").ready == deployed(2)


def test_certificate_that_nobody_vouches_for(guarded: Space, authority: Authority, tmp_path: Path) -> None:
    guarded.connect()
    guarded.jwk("one", pasted())
    message = (
        f"No answer from Apinizer: the TLS certificate of {guarded.url} is not accepted: no trusted authority signed "
        "it; check spec.tls of the connection."
    )
    assert guarded.wait("one", "Unreachable").message == message
    other = make_authority(tmp_path, "other").ca.read_text()
    guarded.config_map("ca", ca_crt=other)
    guarded.connect(tls={"caRef": {"kind": "ConfigMap", "name": "ca"}})
    guarded.handled("one", "with-the-other-ca")
    assert guarded.wait("one", "Unreachable").message == message
    guarded.config_map("ca", ca_crt=authority.ca.read_text())
    assert guarded.wait("one").ready == deployed(2)


def test_authority_that_is_none(guarded: Space) -> None:
    reference = {"kind": "ConfigMap", "name": "ca"}
    guarded.connect(tls={"caRef": reference})
    guarded.jwk("one", pasted())
    assert guarded.wait("one", "SecretNotFound").message == (
        f"ApinizerConnection default: ConfigMap {guarded.name}/ca does not exist; create it or correct spec.tls.caRef."
    )
    guarded.config_map("ca", other="x")
    assert guarded.wait("one", "SecretKeyNotFound").message == (
        f"ApinizerConnection default: ConfigMap {guarded.name}/ca has no key ca.crt; correct it or spec.tls.caRef."
    )
    guarded.config_map("ca", ca_crt="no certificate")
    message = (
        f"ApinizerConnection default: ConfigMap {guarded.name}/ca, key ca.crt holds no certificate in PEM form; "
        "correct it or spec.tls.caRef."
    )
    guarded.wait_message("one", Condition("False", "SecretKeyNotFound", message))
    guarded.connect(tls={"insecureSkipVerify": True})
    assert guarded.wait("one").ready == deployed(2)


# --- credentials ------------------------------------------------------------------------------------------------------


def test_secret_comes_later(make_space: MakeSpace) -> None:
    space = make_space()
    space.connection()
    space.jwk("one", pasted())
    message = f"ApinizerConnection default: Secret {space.name}/default does not exist; create it or correct spec.auth."
    assert space.wait("one", "SecretNotFound").ready == Condition("False", "SecretNotFound", message)
    space.secret("default", other="x")
    message = f"ApinizerConnection default: Secret {space.name}/default has no key token; correct it or spec.auth."
    assert space.wait("one", "SecretKeyNotFound").message == message
    space.secret("default", token=space.token)
    assert space.wait("one").ready == deployed(2)


UNUSABLE_TOKENS: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "is empty; it must hold the token"),
    "newline": ("\n", "is empty; it must hold the token"),
    "inside": (
        "token-of-the\n-tests",
        "holds white space or other characters that no token has; it must hold the token alone",
    ),
    "binary": (b"\xff\xfe", "does not hold text; correct it or spec.auth"),
}


@pytest.mark.parametrize("case", UNUSABLE_TOKENS)
def test_token_that_cannot_be_one(space: Space, simulator: SimulatorProcess, case: str) -> None:
    value, why = UNUSABLE_TOKENS[case]
    space.secret("default", token=value)
    space.jwk("one", pasted())
    assert space.wait("one", "SecretKeyNotFound").message == (
        f"ApinizerConnection default: Secret {space.name}/default, key token {why}."
    )
    assert simulator.requests(space.project) == []
    space.secret("default", token=f"{space.token}\r\n")
    assert space.wait("one").ready == deployed(2)


def test_wrong_token_then_the_right_one(space: Space, simulator: SimulatorProcess) -> None:
    space.connect(token="wrong-token-0123456789")
    space.wait_connection("Unauthorized")
    space.jwk("one", pasted())
    jwk = space.wait("one", "Unauthorized")
    named = f"Secret {space.name}/default, key token"
    message = f"Apinizer does not accept the token of {named}; put a valid one there: Invalid token"
    assert jwk.ready == Condition("False", "Unauthorized", message)
    assert jwk.conditions["Stalled"] == Condition("True", "Unauthorized", message)
    space.secret("default", token=space.token)
    assert space.wait("one").ready == deployed(2)
    assert simulator.writes(space.project) == [("create", "one")]
