"""`jwk-operator status` as a process: what it prints of JWKs that the operator has brought to a simulated Apinizer."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli.running import Running
from cli.tool import Done, Tool
from controlplane import ControlPlane
from harness.cluster import Cluster
from harness.fixtures import MakeSpace
from harness.keys import pasted
from harness.objects import API_VERSION, Object
from harness.simulator import SimulatorProcess
from harness.space import Space
from harness.waiting import until

CONNECTION = """\
CONNECTION  READY    REASON     ADDRESS                 PROJECT      TOKEN ENDS
default     ✓ ready  Connected  http://127.0.0.1:*****  project-***  -
"""
MATRIX = """\
NAME   READY      REASON            development  production
alpha  ✓ ready    Deployed          ✓ deployed   ✓ deployed
beta   ✗ stalled  DeploymentFailed  ✓ deployed   ✗ failed
gamma  ✓ ready    Deployed          ✓ deployed   ! failed, not required
"""
PROBLEM = """\
✗ SPACE/beta  DeploymentFailed
    Not deployed to production (Gateway [red]is[/] down). spec.redeployPolicy: Never leaves it so; set Auto or Always, \
or change the description, to deploy again.
    ✗ production failed: Gateway [red]is[/] down (since TIME UTC)
    What to do: Repair the environment, and set spec.redeployPolicy to Always to deploy again.

"""
EXCUSED = """\
✓ SPACE/gamma  Deployed
    ! production failed, not required: Gateway [red]is[/] down (since TIME UTC)

"""
ALPHA = """\
NAME   READY    REASON    development  production
alpha  ✓ ready  Deployed  ✓ deployed   ✓ deployed
"""
BETA = """\
NAME  READY      REASON            development  production
beta  ✗ stalled  DeploymentFailed  ✓ deployed   ✗ failed
"""
NOT_LIVE = "Environments are as the last write to each JWK reported them; nobody has looked at them since.\n"
SUMMARY = "3 JWKs in namespace SPACE: 1 stalled, 2 ready."
TIMES = r"<time .*?</time>"
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


REFERENCE = {"kind": "ApinizerConnection", "namespace": "SPACE", "name": "default"}


def _jwk(name: str, health: str, reason: str, message: str, production: str, **more: str) -> Object:
    failed = production != "Deployed"
    told = "Gateway [red]is[/] down" if failed else "Deployed successfully"
    return {
        "namespace": "SPACE",
        "name": name,
        "connectionRef": REFERENCE,
        "projectName": "project-***",
        "remoteName": name,
        "sourceType": "COPY_PASTE",
        "type": "EC",
        "health": health,
        "reason": reason,
        "message": message,
        "environments": [
            {"name": "development", "state": "Deployed", "message": "Deployed successfully", "since": "TIME"},
            {"name": "production", "state": production, "message": told, "since": "TIME"},
        ],
        "reportedAt": "TIME",
        **more,
    }


NO_HEALTH = {"Stalled": 0, "NotReady": 0, "InProgress": 0, "Ready": 0}
DOCUMENT = {
    "time": "TIME",
    "scope": "namespace SPACE",
    "environments": ["development", "production"],
    "summary": {"jwks": {**NO_HEALTH, "Stalled": 1, "Ready": 2}, "connections": {**NO_HEALTH, "Ready": 1}},
    "connections": [
        {
            **REFERENCE,
            "health": "Ready",
            "reason": "Connected",
            "message": 'Apinizer answers; project "project-***" has 2 environments.',
            "address": "http://127.0.0.1:*****",
            "projectName": "project-***",
            "environments": ["development", "production"],
            "tokenRenewedByItself": False,
            "readOnly": False,
            "jwks": 3,
        }
    ],
    "jwks": [
        _jwk("alpha", "Ready", "Deployed", "Deployed to 2 environments.", "Deployed"),
        _jwk(
            "beta",
            "Stalled",
            "DeploymentFailed",
            "Not deployed to production (Gateway [red]is[/] down). spec.redeployPolicy: Never leaves it so; "
            "set Auto or Always, or change the description, to deploy again.",
            "Failed",
            description="<script>alert(1)</script>",
            remedy="Repair the environment, and set spec.redeployPolicy to Always to deploy again.",
        ),
        _jwk("gamma", "Ready", "Deployed", "Deployed to 1 of 2 environments.", "FailedNotRequired"),
    ],
    "notes": [],
}


def same(text: str, space: Space) -> str:
    """Return what was printed with marks in the place of what differs from run to run."""
    text = re.sub(r"(http://127\.0\.0\.1:)\d{5}", r"\1*****", text.replace(space.name, "SPACE"))
    text = re.sub(r"project-\d{3}", "project-***", text)
    return re.sub(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?", "TIME", text)


@pytest.fixture
def furnished(operator: object, space: Space, simulator: SimulatorProcess) -> Space:
    """Three JWKs: one is everywhere, one is not where it has to be, and one not where it need not be."""
    space.jwk("alpha", pasted())
    space.wait("alpha")
    simulator.control.fail_environment(space.project, "production", message="Gateway [red]is[/] down")
    space.jwk("beta", pasted(), redeployPolicy="Never", description="<script>alert(1)</script>")
    space.wait("beta", "DeploymentFailed")
    space.jwk("gamma", pasted(), requiredEnvironments=["development"])
    space.wait("gamma")
    until(lambda: space.connection_status().get("jwks") == 3, "the connection counts its JWKs")
    return space


def test_what_it_shows(furnished: Space, tool: Tool, tmp_path: Path) -> None:
    """One test for all views of the same JWKs, which take longer to make than to look at."""
    where = ("-n", furnished.name)

    done = tool("status", *where)
    whole = f"{CONNECTION}\n{MATRIX}\n{PROBLEM}{EXCUSED}{NOT_LIVE}{SUMMARY} 1 connection: 1 ready.\n"
    assert (done.status, same(done.out, furnished), done.err) == (0, whole, "")

    done = tool("status", *where, "--problems", "--fail")
    left = f"{BETA}\n{PROBLEM}{NOT_LIVE}{SUMMARY} 1 connection: 1 ready. Those that are ready are not shown.\n"
    assert (done.status, same(done.out, furnished), done.err) == (1, left, "")

    done = tool("status", *where, "alpha", "--fail")
    one = f"{CONNECTION}\n{ALPHA}\n{NOT_LIVE}1 JWK in namespace SPACE: 1 ready. 1 connection: 1 ready.\n"
    assert (done.status, same(done.out, furnished), done.err) == (0, one, "")

    done = tool("status", *where, "alpha", "nobody")
    missing = "Error: no JWK nobody in namespace SPACE\n"
    assert (done.status, same(done.out, furnished), same(done.err, furnished)) == (1, one, missing)

    status, text = tool.on_terminal("status", *where, columns=110)
    assert "\x1b[1;31m✗ failed" in text, "colours on a terminal"
    wide = "\n".join(line.rstrip() for line in ANSI.sub("", same(text, furnished)).splitlines())
    assert status == 0
    assert f"\n{CONNECTION}\n{MATRIX}\n" in wide, "after a sign of life"
    assert wide.endswith(f"\n{NOT_LIVE}{SUMMARY} 1 connection: 1 ready.")
    assert "\x1b[1;31m" not in tool.on_terminal("status", *where, columns=110, NO_COLOR="1")[1]

    done = tool("status", *where, PYTHONIOENCODING="latin-1")
    spelled = whole.translate({ord("✓"): "+", ord("✗"): "x"})
    assert (done.status, same(done.out, furnished), done.err) == (0, spelled, "")

    done = tool("status", *where, "-o", "json")
    found = json.loads(same(done.out, furnished))
    assert (done.status, done.err, found) == (0, "", DOCUMENT)

    done = tool("status", *where, "--html", "page.html")
    assert (done.status, done.out, done.err) == (0, "", "page.html written.\n")
    page = (tmp_path / "page.html").read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    done = tool("status", *where, "--html", "-")
    assert re.sub(TIMES, "", done.out) == re.sub(TIMES, "", page)


def test_nothing_to_show(space: Space, tool: Tool) -> None:
    nothing = f"No JWKs in namespace {space.name}, labels a=b. -A looks in all namespaces.\n"
    assert tool("status", "-n", space.name, "-l", "a=b") == Done(0, nothing, "")


def test_all_namespaces_by_label(operator: object, make_space: MakeSpace, tool: Tool) -> None:
    spaces = [make_space(), make_space()]
    label = {"labels": {"status": spaces[0].name}}
    for space in spaces:
        space.connect("apinizer")
        for name in ("one", "two"):
            jwk = space.object("JWK", name, {**pasted(), "connectionRef": {"name": "apinizer"}})
            space.cluster.apply({**jwk, "metadata": {**jwk["metadata"], **(label if name == "one" else {})}})
        space.wait("one")
    done = tool("status", "-A", "-l", f"status={spaces[0].name}")
    for number, space in enumerate(spaces):
        done = Done(done.status, done.out.replace(space.name, f"SPACE{number}"), done.err)
    lines = re.sub(r"  +", "  ", same(done.out, spaces[0])).splitlines()
    connection = "✓ ready  Connected  http://127.0.0.1:*****  project-***  -"
    assert lines == [
        "CONNECTION  READY  REASON  ADDRESS  PROJECT  TOKEN ENDS",
        f"SPACE0/apinizer  {connection}",
        f"SPACE1/apinizer  {connection}",
        "",
        "NAMESPACE  PROJECT  NAME  READY  REASON  development  production",
        "SPACE0  project-***  one  ✓ ready  Deployed  ✓ deployed  ✓ deployed",
        "SPACE1  project-***  one  ✓ ready  Deployed  ✓ deployed  ✓ deployed",
        "",
        NOT_LIVE.rstrip(),
        "2 JWKs in all namespaces, labels status=SPACE0: 2 ready. 2 connections: 2 ready.",
    ]


@pytest.mark.parametrize("columns", [0, 100])
def test_watch_shows_a_change_until_it_is_interrupted(operator: object, space: Space, tool: Tool, columns: int) -> None:
    with Running(tool, "status", "--watch", "-n", space.name, columns=columns) as running:
        seen = running.wait_for(f"No JWKs in namespace {space.name}.")
        space.jwk("one", pasted())
        seen = running.wait_for("✓ deployed", running.wait_for("1 JWK in", seen))
        space.cluster.release("JWK", space.name, "one")
        running.wait_for(f"No JWKs in namespace {space.name}.", seen)
        assert running.interrupt() == 0
        assert "Traceback" not in running.text
        assert "Aborted" not in running.text


def test_watch_on_a_low_terminal_leaves_out_what_is_ready(operator: object, space: Space, tool: Tool) -> None:
    for number in range(25):
        space.jwk(f"key-{number:02}", pasted())
    space.wait("key-24")
    space.jwk("stalled", pasted(), connectionRef={"name": "nowhere"})
    space.wait("stalled", "ConnectionNotFound")
    with Running(tool, "status", "--watch", "-n", space.name, columns=140) as running:
        seen = running.wait_for("1 stalled, 25 ready. 1 connection: 1 ready. Those that are ready are not shown.")
        running.wait_for("ConnectionNotFound", seen)
        assert running.interrupt() == 0
    assert "key-24" not in running.text


def test_watch_in_json_is_one_line_for_each_change(space: Space, tool: Tool) -> None:
    """What loses the label that is asked for is gone."""
    raw = space.object("JWK", "one", pasted())
    with Running(tool, "status", "--watch", "-o", "json", "-n", space.name, "-l", "shown=yes") as running:
        seen = running.wait_for('"notes": []}\n')
        for labels in ({"shown": "yes"}, {"shown": "no"}):
            space.cluster.apply({**raw, "metadata": {**raw["metadata"], "labels": labels}})
            seen = running.wait_for('"notes": []}\n', seen)
        assert running.interrupt() == 0
    lines = [json.loads(line) for line in running.text.splitlines()]
    assert [[jwk["name"] for jwk in line["jwks"]] for line in lines] == [[], ["one"], []]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--watch", "--fail"), "--watch has no end to write a page or exit status at: leave out --html and --fail"),
        (("--html", "a.html", "-o", "json"), "give either --html or --output json"),
        (("-l", "a in"), "Invalid value for --selector: 'a in' is no requirement of a label selector, such as a=b"),
    ],
)
def test_what_does_not_go_together(offline: Tool, arguments: tuple[str, ...], why: str) -> None:
    done = offline("status", *arguments)
    assert (done.status, done.out) == (64, "")
    assert done.err.splitlines()[-1].startswith(f"Error: {why}")


def test_a_page_that_cannot_be_written(space: Space, tool: Tool) -> None:
    why = "Error: --html: none/page.html cannot be written: No such file or directory; name another file\n"
    assert tool("status", "-n", space.name, "--html", "none/page.html") == Done(1, "", why)


def test_without_a_cluster(offline: Tool) -> None:
    done = offline("status")
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        "Error: no access to a cluster: ~/.kube/config is not there, or empty; set KUBECONFIG to a file that works\n"
    )


def test_without_rights(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "you", "namespace": space.name}})
    tool = Tool(tmp_path, cluster.plane.kubeconfig_for_serviceaccount(space.name, "you", tmp_path / "kubeconfig"))
    lack = 'Error: you lack the right "list" on jwks.apiops.apinizer.com'
    role = "have an administrator give you the role view there"
    assert tool("status", "-n", space.name) == Done(1, "", f"{lack} in namespace {space.name}: {role}\n")
    assert tool("status", "-A") == Done(
        1, "", f"{lack} in all namespaces: {role}, or look in one namespace with -n NAMESPACE\n"
    )


def test_who_may_see_the_jwks_of_one_namespace_alone(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    rbac, group = "rbac.authorization.k8s.io", {"namespace": space.name, "name": "you"}
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": group})
    rule = {"apiGroups": ["apiops.apinizer.com"], "resources": ["jwks"], "verbs": ["list"]}
    cluster.apply({"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": group, "rules": [rule]})
    binding = {
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "you"},
        "subjects": [{"kind": "ServiceAccount", **group}],
    }
    cluster.apply({"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "metadata": group, **binding})
    tool = Tool(tmp_path, cluster.plane.kubeconfig_for_serviceaccount(space.name, "you", tmp_path / "kubeconfig"))
    space.jwk("one", pasted(), connectionRef={"kind": "ClusterApinizerConnection", "name": "nobodys"})
    done = tool("status", "-n", space.name)
    assert done.status == 0
    assert done.out.splitlines()[0].split() == ["NAME", "READY", "REASON"]
    notes = (
        "Note: apinizerconnections are not shown: you may not list them.\n"
        "Note: clusterapinizerconnections are not shown: you may not list them.\n"
    )
    assert done.err == notes
    done = tool("status", "-n", space.name, "--watch")
    refused = f'Error: you lack the right "watch" on jwks.apiops.apinizer.com in namespace {space.name}'
    assert (done.status, done.err) == (1, f"{notes}{refused}: have an administrator give you the role view there\n")


def test_a_cluster_that_has_no_crds_and_then_is_away_for_a_while(tmp_path: Path) -> None:
    with ControlPlane() as plane:
        tool = Tool(tmp_path, plane.kubeconfig)
        why = (
            "Error: the cluster does not know the kinds of apiops.apinizer.com: have an administrator install the CRDs,"
            " jwk-operator crds | kubectl apply --server-side -f -\n"
        )
        asking = ("status", "plan", "reconcile --all", "suspend one", "keys inspect jwk/one", "import --into new")
        for command in asking:
            assert tool(*command.split()) == Done(1, "", why)
        cluster = Cluster.of(plane)
        cluster.install_crds()
        with Running(tool, "status", "--watch", columns=120) as running:
            seen = running.wait_for("No JWKs in namespace default.")
            plane.stop_apiserver()
            seen = running.wait_for("; what is shown may be old. Trying again.", seen)
            plane.start_apiserver()
            metadata = {"namespace": "default", "name": "one"}
            cluster.create({"apiVersion": API_VERSION, "kind": "JWK", "metadata": metadata, "spec": pasted()})
            running.wait_for("1 JWK in namespace default: 1 in progress.", seen)
            assert running.interrupt() == 0
        cluster.close()
