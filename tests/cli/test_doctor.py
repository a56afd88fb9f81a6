"""`jwk-operator doctor` on connections that work and on those that do not, with all that it prints."""

from __future__ import annotations

import base64
import json
import re
import time

import pytest

from cli.doctoring import (
    BEFORE,
    CLOCK,
    CLUSTER,
    CRDS,
    NO_JWKS,
    OPERATOR,
    PROJECT,
    RBAC,
    REACHED,
    SECRET,
    SPEC,
    STATUS,
    TOKEN,
    UNTIL_JWKS,
    UNTOLD,
    WRITING,
    Doctor,
    end,
    not_reached,
)
from harness.cluster import Cluster
from harness.fixtures import MakeSpace
from harness.objects import API_VERSION
from harness.simulator import CLIENTS, READER, SimulatorProcess
from harness.space import Space


def test_a_connection_that_works(doctor: Doctor, space: Space) -> None:
    done = doctor(space)
    assert done.out == BEFORE + SECRET + REACHED + CLOCK + TOKEN + PROJECT + WRITING + end(ok=19, warning=2, skipped=1)
    assert (done.status, done.err) == (0, "")


def test_findings_as_json(doctor: Doctor, space: Space) -> None:
    done = doctor(space, "-o", "json", "default")
    found = json.loads(done.out)
    assert found["summary"] == {"ok": 19, "warning": 2, "failed": 0, "skipped": 1}
    assert found["findings"][-5] == {
        "about": "ApinizerConnection TEAM/default",
        "check": "clock",
        "result": "ok",
        "text": "this machine's clock and that of the manager agree within 30 s",
        "remedy": "",
    }
    assert [item["check"] for item in found["findings"] if item["result"] != "ok"] == ["status", "address", "writing"]
    assert (done.status, done.err) == (0, "")


def test_a_token_that_only_reads_shows_nothing_of_the_right_to_write(
    doctor: Doctor, make_space: MakeSpace, simulator: SimulatorProcess
) -> None:
    space = make_space()
    space.connect(token=READER)
    done = doctor(space)
    assert done.out == BEFORE + SECRET + REACHED + CLOCK + TOKEN + PROJECT + WRITING + end(ok=19, warning=2, skipped=1)
    assert done.status == 0
    assert {record["call"] for record in simulator.requests(space.project, "list", "environments")} == {
        "list",
        "environments",
    }
    assert simulator.writes(space.project) == []


def test_a_token_that_is_wrong(doctor: Doctor, make_space: MakeSpace) -> None:
    space = make_space()
    space.connect(token="wrong-token-63aa11")
    doctor.secrets.append("wrong-token-63aa11")
    done = doctor(space)
    assert done.out == (
        BEFORE
        + SECRET
        + REACHED
        + CLOCK
        + """\
failed   token                       Secret TEAM/default, key token: Invalid token (401) → put a token that the manager accepts into Secret TEAM/default, key token
skipped  list                        not checked, because token failed
skipped  environments                not checked, because token failed
"""  # noqa: E501
        + WRITING
        + end(ok=16, warning=2, failed=1, skipped=3)
    )
    assert done.status == 1


def test_a_token_that_ends_soon_and_one_that_has_ended(
    doctor: Doctor, make_space: MakeSpace, simulator: SimulatorProcess
) -> None:
    space = make_space()
    for seconds, text in (
        (3600, "; it ends at DATE UTC → put a new token into the Secret before that"),
        (-3600, ", although it ended at DATE UTC → put a new token into the Secret"),
    ):
        token = jwt(time.time() + seconds)
        simulator.control.add_token(token)
        doctor.secrets.append(token)
        space.connect(token=token)
        line = f"warning  token                       from Secret TEAM/default, key token, accepted{text}\n"
        assert line in doctor(space).out


def jwt(ends: float) -> str:
    """Return a token that says when it ends."""
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, {"exp": int(ends)}))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + ".c2lnbmF0dXJl"


def test_client_credentials(doctor: Doctor, make_space: MakeSpace) -> None:
    space = make_space()
    identity, secret = next(iter(CLIENTS.items()))
    space.secret("client", id=identity, secret=secret)
    reference = {"name": "client", "clientIdKey": "id", "clientSecretKey": "secret"}
    space.connection(auth={"clientCredentialsSecretRef": reference})
    secrets = """\
ok       secrets                     Secret TEAM/client, key id; Secret TEAM/client, key secret
"""
    done = doctor(space)
    token = """\
ok       token                       issued by the token call, accepted, until DATE UTC
"""
    assert done.out == BEFORE + secrets + REACHED + CLOCK + token + PROJECT + WRITING + end(ok=19, warning=2, skipped=1)

    space.secret("client", id=identity, secret="another-secret-5b1d")
    doctor.secrets.append("another-secret-5b1d")
    done = doctor(space)
    token = """\
failed   token                       Secret TEAM/client: the token call failed: Bad credentials (401) → put client ID and client secret that the manager accepts into Secret TEAM/client
skipped  list                        not checked, because token failed
skipped  environments                not checked, because token failed
"""  # noqa: E501
    ending = end(ok=16, warning=2, failed=1, skipped=3)
    assert done.out == BEFORE + secrets + REACHED + CLOCK + token + WRITING + ending


def test_a_project_that_is_not_there(doctor: Doctor, make_space: MakeSpace) -> None:
    space = make_space()
    space.connect(projectName="nowhere")
    done = doctor(space)
    assert done.out == (
        (BEFORE + SECRET + REACHED + CLOCK + TOKEN).replace('"shop"', '"nowhere"')
        + """\
failed   list                        project "nowhere": Project(nowhere) was not found or user does not have privilege to access it! (404) → correct spec.projectName, or let the account of the token into the project
skipped  environments                not checked, because list failed
"""  # noqa: E501
        + WRITING
        + end(ok=17, warning=2, failed=1, skipped=2)
    )
    assert done.status == 1


def test_no_project_is_named(doctor: Doctor, make_space: MakeSpace) -> None:
    space = make_space()
    space.connect(projectName=None)
    done = doctor(space)
    assert done.out == (
        (BEFORE + SECRET + REACHED).replace('for project "shop"', "for the projects that its JWKs name")
        + """\
skipped  clock                       not checked, as no answer of the manager has a Date header that can be read
skipped  token                       from Secret TEAM/default, key token; the manager has not said whether it accepts it → see to the other lines first
skipped  list                        not checked, as nobody names a project → set spec.projectName, or have a JWK name its project
skipped  environments                not checked, as nobody names a project → set spec.projectName, or have a JWK name its project
"""  # noqa: E501
        + WRITING
        + end(ok=15, warning=2, skipped=5)
    )
    assert done.status == 0


BLANKS = (
    "Secret TEAM/default, key token holds white space or other characters that no token has → it must hold the token "
    "alone"
)


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        (None, "Secret TEAM/default does not exist → create it, or correct the reference in the spec"),
        (
            {"other": "value"},
            "Secret TEAM/default has no key token → put what is needed under that key, or correct the key in the spec",
        ),
        (
            {"token": "planted token 91"},
            BLANKS,
        ),
    ],
    ids=["no Secret", "no key", "no token"],
)
def test_a_secret_that_does_not_hold_the_token(
    doctor: Doctor, make_space: MakeSpace, values: dict[str, str] | None, finding: str
) -> None:
    space = make_space()
    space.connection()
    if values is not None:
        space.secret("default", **values)
        doctor.secrets.extend(values.values())
    done = doctor(space)
    secret = f"failed   secrets                     {finding}\n"
    ending = end(ok=14, warning=2, failed=1, skipped=4)
    assert done.out == BEFORE + secret + REACHED + not_reached("secrets") + ending
    assert done.status == 1


def test_authorities_that_are_no_certificates(doctor: Doctor, make_space: MakeSpace) -> None:
    space = make_space()
    space.config_map("ca", ca_crt="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")
    space.connect(tls={"caRef": {"kind": "ConfigMap", "name": "ca"}})
    done = doctor(space)
    assert done.out == (
        BEFORE
        + """\
ok       secrets                     Secret TEAM/default, key token; ConfigMap TEAM/ca, key ca.crt
failed   authorities                 spec.tls.caRef holds a certificate that cannot be read → put PEM certificates of authorities into it
"""  # noqa: E501
        + not_reached("authorities", "address")
        + end(ok=13, warning=1, failed=1, skipped=5)
    )


REFUSED = {
    429: """\
warning  list                        Apinizer asks to slow down (429), for 30 s → run doctor again in 30 s; set spec.requestsPerSecond if it happens often
""",  # noqa: E501
    503: """\
failed   list                        Maintenance (503) → look at the manager's log, and at what is on the way to it; the operator tries again by itself
""",  # noqa: E501
    403: """\
failed   list                        project "shop": Maintenance (403) → give the account of the token in Secret TEAM/default, key token SECRETS + MANAGE in project "shop"
""",  # noqa: E501
}


@pytest.mark.parametrize("status", REFUSED)
def test_a_manager_that_refuses(doctor: Doctor, space: Space, simulator: SimulatorProcess, status: int) -> None:
    body = {"error": "refused", "error_description": "Maintenance", "retry_after": 30}
    simulator.control.fault("status", project=space.project, call="list", status=status, body=body)
    done = doctor(space)
    skipped = "skipped  environments                not checked, because list failed\n"
    token = TOKEN if status == 403 else UNTOLD
    counts = {"warning": 3} if status == 429 else {"warning": 2, "failed": 1}
    ending = end(ok=17, **counts, skipped=2) if status == 403 else end(ok=16, **counts, skipped=3)
    assert done.out == BEFORE + SECRET + REACHED + CLOCK + token + REFUSED[status] + skipped + WRITING + ending
    assert done.status == (0 if status == 429 else 1)


GENERATED = {"sourceType": "GENERATE", "generate": {"type": "EC", "ec": {"curveType": "P256"}}}


def test_environments_that_the_project_does_not_have(doctor: Doctor, space: Space) -> None:
    space.jwk("first", GENERATED, requiredEnvironments=["production", "moon"])
    space.jwk("second", GENERATED, requiredEnvironments=["moon"])
    source = {"sourceType": "PUBLIC_KEY", "keyName": "public", "useType": "SIGNATURE", "algorithm": "ES256"}
    space.jwk("third", source, environmentName="mars")
    space.jwk("fourth", GENERATED, connectionRef={"name": "absent"})
    done = doctor(space)
    assert done.out == (
        UNTIL_JWKS
        + """\
JWKs and connections
failed   JWKs                        TEAM/fourth: ApinizerConnection absent does not exist in namespace TEAM → create it or correct spec.connectionRef

"""  # noqa: E501
        + SPEC
        + STATUS
        + SECRET
        + REACHED
        + CLOCK
        + TOKEN
        + PROJECT
        + """\
failed   environments                TEAM/first, TEAM/second: spec.requiredEnvironments names "moon", which project "shop" does not have → correct spec.requiredEnvironments, or add the environment to the project
failed   environments                TEAM/third: spec.environmentName names "mars", which project "shop" does not have → correct spec.environmentName, or add the environment to the project
"""  # noqa: E501
        + WRITING
        + end(ok=18, warning=2, failed=3, skipped=1)
    )
    assert done.status == 1


def test_a_connection_for_several_namespaces(
    doctor: Doctor, cluster: Cluster, make_space: MakeSpace, simulator: SimulatorProcess
) -> None:
    space, other = make_space(), make_space()
    space.secret("default", token=space.token)
    name = f"shared-{space.name}"
    spec = {
        "baseUrl": space.url,
        "projectName": space.project,
        "auth": {"tokenSecretRef": {"name": "default", "namespace": space.name}},
        "allowedNamespaces": {"names": [space.name]},
    }
    kind = "ClusterApinizerConnection"
    cluster.apply({"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec})
    try:
        for user in (space, other):
            user.jwk("key", GENERATED, connectionRef={"kind": kind, "name": name})
        done = doctor(space, masks=[(name, "SHARED")])
        checks = STATUS + SECRET + REACHED + CLOCK + TOKEN + PROJECT + WRITING
        assert done.out == (
            CLUSTER
            + CRDS
            + OPERATOR
            + RBAC
            + NO_JWKS.replace("none", "1 JWK, each with a connection that it may use")
            + SPEC.replace("ApinizerConnection TEAM/default", "ClusterApinizerConnection SHARED")
            + checks
            + end(ok=19, warning=2, skipped=1)
        )
        done = doctor(other, masks=[(name, "SHARED")])
        assert (
            "failed   JWKs                        TEAM/key: ClusterApinizerConnection SHARED does not allow namespace "
            "TEAM → add it to spec.allowedNamespaces of the connection or use another one\n"
        ) in done.out
        assert done.status == 1
    finally:
        cluster.release(kind, None, name)


def test_names_of_connections(doctor: Doctor, space: Space) -> None:
    space.connect("second", baseUrl="http://127.0.0.1:1")
    done = doctor(space, "default")
    assert done.out == BEFORE + SECRET + REACHED + CLOCK + TOKEN + PROJECT + WRITING + end(ok=19, warning=2, skipped=1)
    done = doctor(space, "third")
    assert done.out == (
        UNTIL_JWKS
        + """\
JWKs and connections
failed   connections                 namespace TEAM has no connection named third → correct the name, or give --namespace
ok       JWKs                        none

"""  # noqa: E501
    ) + end(ok=11, failed=1).removeprefix("\n")
    assert done.status == 1


def test_a_namespace_without_connections(doctor: Doctor, make_space: MakeSpace) -> None:
    done = doctor(make_space())
    assert done.out == (
        UNTIL_JWKS
        + """\
JWKs and connections
warning  connections                 there is none in namespace TEAM → create an ApinizerConnection (docs/guide/connections.md), or choose with -n or -A where to look
ok       JWKs                        none
"""  # noqa: E501
        + end(ok=11, warning=1)
    )
    assert done.status == 0


def test_on_a_terminal_results_have_colours(doctor: Doctor, space: Space) -> None:
    account = f"{doctor.home}/jwk-operator"
    status, text = doctor.tool.on_terminal("doctor", "-n", space.name, "--service-account", account, columns=200)
    assert status == 0
    assert re.search(r"\x1b\[32mok *\x1b\[0m", text)
    assert re.search(r"\x1b\[33mwarning *\x1b\[0m", text)
