"""`jwk-operator plan` in all its uses: of a cluster as it is, of manifests, and without a cluster."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.planned import gapless, shown, write
from cli.tool import Done, Tool
from harness.audit import READS, AuditLog
from harness.cluster import ROOT, Cluster
from harness.fixtures import MakeSpace
from harness.keys import ec, pasted
from harness.objects import API_VERSION, Object
from harness.operator import OperatorProcess
from harness.rbac import ACCOUNT, install
from harness.simulator import CLIENTS, TOKEN, SimulatorProcess
from harness.space import Space

PAGE = ROOT / "docs" / "guide" / "planning.md"

# --- the cluster as it is -----------------------------------------------------------------------------------------


def test_the_cluster_as_it_is(make_space: MakeSpace, tool: Tool, operator: OperatorProcess) -> None:
    space, other = make_space(), make_space()
    for item in (space, other):
        item.connect()
    space.jwk("one", pasted())
    space.wait("one")
    other.jwk("two", pasted())
    other.wait("two")
    done = tool("plan", "-n", space.name)
    assert (done.status, done.err) == (0, "")
    assert shown(done.out, space) == (
        "ACTION  JWK  IN APINIZER  CONNECTION  CALLS  WHY\n"
        "nothing  NAMESPACE/one  PROJECT/one  CONNECTION  Deployed: Deployed to 2 environments.\n\n"
        "Plan: 1 unchanged. Nothing to do in Apinizer.\n"
    )
    everywhere = tool("plan", "-A", "-o", "json")
    found = {row["namespace"] for row in json.loads(everywhere.out)["rows"]}
    assert {space.name, other.name} <= found


def test_nothing_to_look_at(space: Space, tool: Tool) -> None:
    assert tool("plan", "-n", space.name) == Done(0, "Plan: nothing to look at.\n", "")


def test_what_could_not_be_found_out(
    space: Space, tool: Tool, operator: OperatorProcess, simulator: SimulatorProcess
) -> None:
    space.jwk("one", pasted())
    space.wait("one")
    operator.stop()
    try:
        simulator.control.fault("status", status=500, times=None, project=space.project, call="list")
        done = tool("plan", "-n", space.name)
    finally:
        simulator.control.clear_faults()
        operator.start()
    assert (done.status, done.err) == (1, "")
    assert shown(done.out, space) == (
        "ACTION  JWK  IN APINIZER  CONNECTION  CALLS  WHY\n"
        "blocked  NAMESPACE/one  PROJECT/one  CONNECTION  ServerError: Apinizer failed (500): An unexpected error "
        "occurred. Please try again later.\n\n"
        "Plan: 1 blocked.\n"
    )


def test_a_read_only_connection_changes_nothing(space: Space, tool: Tool) -> None:
    space.connect(readOnly=True)
    write(tool.folder / "deploy", space.object("JWK", "one", pasted()))
    done = tool("plan", "-n", space.name, "deploy")
    assert (done.status, done.err) == (0, "")
    assert shown(done.out, space) == (
        "ACTION  JWK  IN APINIZER  CONNECTION  CALLS  WHY\n"
        'nothing  NAMESPACE/one  PROJECT/one  CONNECTION  ReadOnly: The connection is read-only: JWK "one" in project '
        '"PROJECT" would be created.\n\n'
        "Plan: 1 unchanged. Nothing to do in Apinizer.\n"
    )


def test_a_changed_connection_and_secret(space: Space, tool: Tool, operator: OperatorProcess) -> None:
    """What the manifests change of them is what JWKs are planned with, also those that are in no manifest."""
    space.secret("key", jwk=json.dumps(ec()))
    from_secret = {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "key", "key": "jwk"}}}
    space.jwk("one", from_secret)
    space.wait("one")
    key = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"jwk": json.dumps(ec())}}
    done = tool("plan", "-n", space.name, "-", stdin=json.dumps(key))
    assert (done.status, done.err) == (1, "")
    assert shown(done.out, space).splitlines()[1] == (
        "blocked  NAMESPACE/one  PROJECT/one  CONNECTION  ReplacementRequired: The remote JWK cannot be changed to "
        "what the spec says: the Secret that spec.jwkStrFrom names holds another key than the one it was created from. "
        "Change it back, set spec.updatePolicy to Replace, or delete and create anew."
    )
    write(tool.folder / "deploy", space.object("JWK", "one", {**from_secret, "updatePolicy": "Replace"}), key)
    done = tool("plan", "-n", space.name, "deploy")
    assert (done.status, done.err) == (2, "")
    assert shown(done.out, space).splitlines()[1] == (
        "replace  NAMESPACE/one  PROJECT/one  CONNECTION  PUT, POST, DELETE  The old JWK is renamed to "
        '"one-replaced-HASH" until the new one is there.'
    )
    elsewhere = {"baseUrl": "http://127.0.0.1:9", "projectName": space.project}
    auth = {"auth": {"tokenSecretRef": {"name": "default"}}}
    connection = space.object("ApinizerConnection", "default", {**elsewhere, **auth})
    done = tool("plan", "-n", space.name, "-", stdin=json.dumps(connection))
    assert (done.status, done.err) == (1, "")
    assert shown(done.out, space).splitlines()[1] == (
        "blocked  NAMESPACE/one  PROJECT/one  CONNECTION  Unreachable: No answer from Apinizer: http://127.0.0.1:9 "
        "refuses connections; check that it runs, and spec.baseUrl of the connection."
    )


def test_who_waits_for_a_name_that_is_given_back(make_space: MakeSpace, tool: Tool, operator: OperatorProcess) -> None:
    first = make_space()
    second = make_space(first.project)
    for space in (first, second):
        space.connect()
        space.jwk("one", pasted())
        space.wait("one", "Deployed" if space is first else "NameConflict")
    key = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "any"}}
    done = tool("plan", "-n", first.name, "--prune", "-", stdin=json.dumps(key))
    text = shown(done.out.replace(second.name, "SECOND"), first)
    assert (done.status, done.err) == (2, "")
    assert text == (
        "ACTION  JWK  IN APINIZER  CONNECTION  CALLS  WHY\n"
        "delete  NAMESPACE/one  PROJECT/one  CONNECTION  DELETE  It is undeployed everywhere and deleted, which cannot "
        "be undone.\n"
        "create  SECOND/one  PROJECT/one  ApinizerConnection/SECOND/default  POST  Made from COPY_PASTE.\n\n"
        "Plan: 1 to create, 1 to delete.\n"
    )


def test_rights_of_a_namespace_are_enough(
    space: Space, cluster: Cluster, simulator: SimulatorProcess, tmp_path: Path
) -> None:
    """Those that the pages name; and the API server is asked for nothing but reads."""
    home = cluster.new_namespace("ci")
    rules = yaml.safe_load((PAGE.read_text().split("```yaml\n")[1]).split("```")[0])
    role = {**rules, "metadata": {**rules["metadata"], "namespace": space.name}}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "plan", "namespace": space.name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role["metadata"]["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": home}],
    }
    account = install(cluster, [role, binding], home, (space.name,), tmp_path)
    log = AuditLog(cluster, account.user)
    log.mark()
    restricted = Tool(tmp_path, account.kubeconfig)
    write(tmp_path / "deploy", space.object("JWK", "one", pasted()))
    done = restricted("plan", "-n", space.name, "--prune", "deploy")
    assert (done.status, done.out.splitlines()[-1]) == (2, "Plan: 1 to create.")
    assert done.err == "Warning: JWKs of other namespaces cannot be listed: conflicts with them are not told.\n"
    assert {found.verb for found in log.requests()} <= READS
    assert [call for call in asked(simulator, space.project) if call != "environments"] == ["list"]
    everywhere = restricted("plan", "-A")
    assert (everywhere.status, everywhere.out) == (1, "")
    assert everywhere.err.startswith("Error: 403 Forbidden: jwks.apiops.apinizer.com is forbidden")
    cluster.discard_namespace(home)


# --- without a cluster --------------------------------------------------------------------------------------------


def connection(simulator: SimulatorProcess, project: str, **auth: Any) -> Object:
    metadata = {"name": "default", "namespace": "team"}
    spec = {"baseUrl": simulator.url, "projectName": project, "auth": auth}
    return {
        "apiVersion": API_VERSION,
        "kind": "ApinizerConnection",
        "metadata": metadata,
        "spec": spec,
    }


def jwk(name: str, /, **spec: Any) -> Object:
    metadata = {"name": name, "namespace": "team"}
    return {"apiVersion": API_VERSION, "kind": "JWK", "metadata": metadata, "spec": {**pasted(), **spec}}


def asked(simulator: SimulatorProcess, project: str) -> list[str]:
    return [record["call"] for record in simulator.control.requests() if record["project"] == project]


def test_without_a_cluster(offline: Tool, simulator: SimulatorProcess) -> None:
    project = simulator.take_project()
    write(offline.folder / "deploy", jwk("one"), connection(simulator, project, tokenSecretRef={"name": "apinizer"}))
    expected = (
        "ACTION  JWK  IN APINIZER  CONNECTION  CALLS  WHY\n"
        f"{{}}  team/one  {project}/one  ApinizerConnection/team/default  {{}}\n\n"
        "Plan: {}.\n"
    )
    created = expected.format("create", "POST  Made from COPY_PASTE.", "1 to create")
    missing = (
        "SecretNotFound: ApinizerConnection default: Secret team/apinizer does not exist; create it or correct "
        "spec.auth."
    )
    done = offline("plan", "--no-cluster", "deploy")
    assert (done.status, gapless(done.out), done.err) == (1, expected.format("blocked", missing, "1 blocked"), "")

    done = offline("plan", "--no-cluster", "deploy", JWK_OPERATOR_TOKEN=TOKEN)
    assert (done.status, gapless(done.out), done.err) == (2, created, "")
    (offline.folder / "token").write_text(f"{TOKEN}\n")
    done = offline("plan", "--no-cluster", "--token-file", "token", "deploy")
    assert (done.status, gapless(done.out), done.err) == (2, created, "")

    (offline.folder / "token").write_bytes(b"no token \xff of anybody's")
    done = offline("plan", "--no-cluster", "--token-file", "token", "deploy")
    assert done == Done(1, "", "Error: --token-file token cannot be read: it is no text\n")
    done = offline("plan", "--no-cluster", "--token-file", "-", "deploy", stdin="to ken")
    told = "holds white space or other characters that no token has; it must hold the token alone"
    assert done == Done(1, "", f"Error: --token-file - {told}\n")
    assert asked(simulator, project) == ["list"] * 2

    name, password = next(iter(CLIENTS.items()))
    values = {"client_id": name, "client_secret": password}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "apinizer"}, "stringData": values}
    issued = connection(simulator, project, clientCredentialsSecretRef={"name": "apinizer"})
    write(offline.folder / "deploy", issued, secret)
    done = offline("plan", "--no-cluster", "-n", "team", "deploy")
    assert (done.status, gapless(done.out), done.err) == (2, created, "")
    assert simulator.control.requests()[-2]["call"] == "token"
    assert password not in done.out


def test_a_cluster_wide_connection_without_a_cluster(offline: Tool, simulator: SimulatorProcess) -> None:
    project = simulator.take_project()
    reference = {"kind": "ClusterApinizerConnection", "name": "shared"}
    auth = {"tokenSecretRef": {"name": "apinizer", "namespace": "apinizer"}}
    selector = {"matchLabels": {"keys": "yes"}}
    spec = {"baseUrl": simulator.url, "projectName": project, "auth": auth, "allowedNamespaces": {"selector": selector}}
    shared = {
        "apiVersion": API_VERSION,
        "kind": "ClusterApinizerConnection",
        "metadata": {"name": "shared"},
        "spec": spec,
    }
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team", "labels": {"keys": "yes"}}}
    write(offline.folder / "deploy", jwk("one", connectionRef=reference), shared)
    done = offline("plan", "--no-cluster", "deploy", JWK_OPERATOR_TOKEN=TOKEN)
    assert (done.status, "ConnectionNotAllowed: ClusterApinizerConnection shared does not allow" in done.out) == (
        1,
        True,
    )
    write(offline.folder / "deploy", namespace)
    done = offline("plan", "--no-cluster", "deploy", JWK_OPERATOR_TOKEN=TOKEN)
    assert (done.status, done.err, done.out.splitlines()[-1]) == (2, "", "Plan: 1 to create.")
    assert asked(simulator, project) == ["list"]


def test_on_a_terminal(offline: Tool, simulator: SimulatorProcess) -> None:
    """There are colours, and whatever is in a name is no markup."""
    project = simulator.take_project()
    found = connection(simulator, project, tokenSecretRef={"name": "apinizer"})
    write(offline.folder / "deploy", jwk("one", name="[red]one"), found)
    arguments = ("plan", "--no-cluster", "deploy")
    status, text = offline.on_terminal(*arguments, columns=200, JWK_OPERATOR_TOKEN=TOKEN)
    assert (status, "\x1b[32mcreate" in text, f"{project}/[red]one" in text) == (2, True, True)


def test_a_token_that_is_refused_is_not_shown(offline: Tool, simulator: SimulatorProcess) -> None:
    project = simulator.take_project()
    write(offline.folder / "deploy", jwk("one"), connection(simulator, project, tokenSecretRef={"name": "apinizer"}))
    done = offline("plan", "--no-cluster", "deploy", JWK_OPERATOR_TOKEN="nobodys-token-4711")
    assert (done.status, done.err, "nobodys-token-4711" in done.out) == (1, "", False)
    assert "Unauthorized: Apinizer does not accept the token of Secret team/JWK_OPERATOR_TOKEN, key token" in done.out


def test_what_exists_can_be_assumed_to_be_owned(offline: Tool, simulator: SimulatorProcess) -> None:
    project = simulator.take_project()
    key = pasted(ec("old"))["jwkStr"]
    for name in ("described", "other-key", "replaced", "same"):
        simulator.control.tamper("create", project, name, jwkStr=key, description="before", sourceType="COPY_PASTE")
    changed = {"jwkStr": pasted(ec("new"))["jwkStr"]}
    write(
        offline.folder / "deploy",
        connection(simulator, project, tokenSecretRef={"name": "apinizer"}),
        jwk("described", jwkStr=key, description="after"),
        jwk("new", jwkStr=key),
        jwk("other-key", description="before", **changed),
        jwk("replaced", description="before", updatePolicy="Replace", **changed),
        jwk("same", jwkStr=key, requiredEnvironments=["production"]),
    )
    arguments = ("plan", "--no-cluster", "deploy")
    done = offline(*arguments, JWK_OPERATOR_TOKEN=TOKEN)
    assert done.out.splitlines()[-1] == "Plan: 1 to create, 4 conflicts.", done.out
    done = offline(*arguments, "--assume-owned", JWK_OPERATOR_TOKEN=TOKEN)
    text = done.out.replace("ApinizerConnection/team/default", "CONNECTION").replace(project, "PROJECT")
    assert (done.status, done.err) == (2, "")
    assert re.sub(r"-replaced-[0-9a-f]{8}", "-replaced-HASH", gapless(text)) == (
        "ACTION  JWK  IN APINIZER  CONNECTION  CALLS  WHY\n"
        'update  team/described  PROJECT/described  CONNECTION  PUT  The description "before" becomes "after".\n'
        "create  team/new  PROJECT/new  CONNECTION  POST  Made from COPY_PASTE.\n"
        "blocked  team/other-key  PROJECT/other-key  CONNECTION  ReplacementRequired: The remote JWK cannot be changed "
        'to what the spec says: the spec was completed with another source than that of the JWK: its kid is "old", '
        'not "new". Change it back, set spec.updatePolicy to Replace, or delete and create anew.\n'
        "replace  team/replaced  PROJECT/replaced  CONNECTION  PUT, POST, DELETE  The old JWK is renamed to "
        '"replaced-replaced-HASH" until the new one is there.\n'
        "nothing  team/same  PROJECT/same  CONNECTION  Deployed: Deployed to 1 environment.\n\n"
        "Plan: 1 to create, 1 to update, 1 to replace, 1 blocked, 1 unchanged.\n"
    )
    assert set(asked(simulator, project)) == {"list"}


# --- what is written wrongly --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--no-cluster",), "--no-cluster needs manifests: name their files or folders"),
        (("--assume-owned",), "--assume-owned is for --no-cluster: a cluster tells whose a JWK is"),
        (("-A", "x"), "--all-namespaces is for a cluster as it is: manifests have namespaces of their own"),
        (("--token-file", "-", "-"), "standard input can hold the token or manifests, and not both"),
        (("--prune",), "--prune needs manifests: name their files or folders"),
        (("--no-cluster", "--prune", "x"), "--no-cluster goes with none of --prune, --kubeconfig, --context and -A"),
        (("-o", "yaml"), "Invalid value for '--output' / '-o': 'yaml' is not one of 'text', 'json', 'markdown'."),
    ],
)
def test_options_that_make_no_sense(offline: Tool, arguments: tuple[str, ...], message: str) -> None:
    done = offline("plan", *arguments)
    assert (done.status, done.out) == (64, "")
    assert done.err.splitlines()[-1] == f"Error: {message}"


def test_manifests_that_cannot_be_read(offline: Tool) -> None:
    (offline.folder / "broken.yaml").write_text("apiVersion: v1\nkind: [\n")
    done = offline("plan", "--no-cluster", "broken.yaml", "missing.yaml")
    assert (done.status, done.out) == (1, "")
    assert [line.split(":")[0] for line in done.err.splitlines()] == ["Error", "missing.yaml"]
    write(offline.folder / "twice", jwk("one"))
    (offline.folder / "twice" / "other.json").write_text(json.dumps(jwk("one")))
    done = offline("plan", "--no-cluster", "twice")
    assert done == Done(
        1, "", "Error: twice/other.json:1: JWK team/one is in twice/jwk-one.json:1 already; keep one of the two\n"
    )


def test_a_refused_connection(offline: Tool, simulator: SimulatorProcess) -> None:
    refused = connection(simulator, "P")
    done = offline("plan", "--no-cluster", "-o", "json", "-", stdin=json.dumps(refused))
    (row,) = json.loads(done.out)["rows"]
    assert (done.status, done.err) == (1, "")
    assert (row["action"], row["kind"], row["name"]) == ("refused", "ApinizerConnection", "default")
    assert "spec.auth" in row["message"]


def test_no_cluster_to_be_found(offline: Tool) -> None:
    done = offline("plan")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: no access to a cluster")
