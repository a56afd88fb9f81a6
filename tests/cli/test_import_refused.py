"""`jwk-operator import` where it cannot: one line that says what is wrong and what to do, and nothing written."""

from __future__ import annotations

import pytest

from cli.importing import imported, written
from cli.tool import Done, Tool
from harness.fixtures import MakeSpace
from harness.simulator import READER, TOKEN, SimulatorProcess

READS = {"JWK_OPERATOR_TOKEN": READER}
WRONG = {
    ("--token-file", "no"): "--token-file no cannot be read: No such file or directory",
    ("--token-file", "-"): "--token-file - is empty; it must hold the token",
    (
        "--project",
        "none",
    ): 'Project "none" cannot be used; correct its name, or give the account access to it: '
    "Project(none) was not found or user does not have privilege to access it!",
    ("--url", "apinizer"): "--url: Invalid value: --url must be an absolute http or https URL with a host: write it as "
    "https://HOST or https://HOST:PORT",
    ("--url", "https://me:password-5c2@host"): "--url: Forbidden: --url cannot hold a user name or password: remove "
    "them and set spec.auth",
    (
        "--url",
        "http://127.0.0.1:1",
    ): "No answer from Apinizer: http://127.0.0.1:1 refuses connections; check that it runs, and --url.",
    ("--url", "http://127.0.0.1:99999"): "--url is no usable address; check its host and port",
    ("--proxy-url", "http://127.0.0.1:1"): "No answer from Apinizer: the proxy http://127.0.0.1:1 cannot be reached; "
    "check --proxy-url.",
    ("--ca-file", "no"): "--ca-file no cannot be read: No such file or directory",
    ("--connection", "A b"): '--connection: Invalid value: "A b": a lowercase RFC 1123 subdomain must consist of lower '
    "case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. "
    "'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
}
MISUSED = {
    ("--connection-kind", "ClusterApinizerConnection"): "--url needs --project, and makes an ApinizerConnection",
    ("--client-id", "me"): "--url needs --client-secret-file or the variable JWK_OPERATOR_CLIENT_SECRET",
}
TOKENS = {
    "to ken": "the variable JWK_OPERATOR_TOKEN holds white space or other characters that no token has; it must hold "
    "the token alone",
    "wrong-token-5b1": "Apinizer does not accept the token of the variable JWK_OPERATOR_TOKEN; put a valid one "
    "there: Invalid token",
}
USAGE = "Usage: jwk-operator import [OPTIONS]\nTry 'jwk-operator import --help' for help.\n\n"


@pytest.mark.parametrize(
    ("arguments", "env", "done"),
    [
        *((arguments, READS, Done(1, "", f"Error: {text}\n")) for arguments, text in WRONG.items()),
        *((arguments, READS, Done(64, "", f"{USAGE}Error: {text}\n")) for arguments, text in MISUSED.items()),
        *(((), {"JWK_OPERATOR_TOKEN": token}, Done(1, "", f"Error: {text}\n")) for token, text in TOKENS.items()),
        ((), {}, Done(64, "", f"{USAGE}Error: --url needs --token-file or the variable JWK_OPERATOR_TOKEN\n")),
    ],
)
def test_what_cannot_be_imported(
    offline: Tool, simulator: SimulatorProcess, arguments: tuple[str, ...], env: dict[str, str], done: Done
) -> None:
    assert imported(offline, simulator.url, simulator.projects[0], *arguments, **env) == done
    assert not (offline.folder / "imported").exists()


def test_options_of_an_address_without_one(offline: Tool) -> None:
    done = offline("import", "--into", "imported", "--token-file", "token")
    message = "--token-file goes with --url; a connection in a cluster has its own"
    assert done == Done(64, "", f"{USAGE}Error: {message}\n")


CONNECTION = """\
apiVersion: apiops.apinizer.com/v1alpha1
kind: ApinizerConnection
metadata: {name: default}
spec: {projectName: other}
"""
FOLDERS = {
    ("note.yaml", "a: ["): "note.yaml, line 2: it is not valid YAML; correct it or remove it",
    ("kustomization.yaml", "resources: []\n"): "kustomization.yaml: its resources are no list with a line for each; "
    "write them so",
    (
        "connection.yaml",
        CONNECTION,
    ): 'connection.yaml is not about ApinizerConnection default, project "PROJECT"; choose another folder',
}


@pytest.mark.parametrize(("there", "message"), FOLDERS.items(), ids=["YAML", "kustomization", "connection"])
def test_folders_that_do_not_go_with_it(
    offline: Tool, simulator: SimulatorProcess, there: tuple[str, str], message: str
) -> None:
    file, text = there
    folder = offline.folder / "imported"
    folder.mkdir()
    (folder / file).write_text(text)
    done = imported(offline, simulator.url, simulator.projects[0], JWK_OPERATOR_TOKEN=READER)
    assert done == Done(1, "", f"Error: in imported, {message}\n")
    assert written(offline, simulator.url, simulator.projects[0]) == {file: text}


def test_a_folder_that_is_none(offline: Tool, simulator: SimulatorProcess) -> None:
    (offline.folder / "imported").write_text("")
    done = imported(offline, simulator.url, simulator.projects[0], JWK_OPERATOR_TOKEN=READER)
    assert done == Done(1, "", "Error: --into imported cannot be used: Not a directory; name another folder\n")


def test_connections_that_cannot_be_used(tool: Tool, make_space: MakeSpace) -> None:
    space = make_space()
    space.connection()
    arguments = ("import", "--into", "imported", "-n", space.name)
    missing = f"ApinizerConnection default: Secret {space.name}/default does not exist; create it or correct spec.auth."
    assert tool(*arguments) == Done(1, "", f"Error: {missing}\n")
    space.secret("default", token=TOKEN)
    other = f'Error: ApinizerConnection default is for project "{space.project}"; leave --project out or name another'
    assert tool(*arguments, "--project", "other") == Done(1, "", f"{other} connection\n")
    unknown = (
        f"Error: ApinizerConnection none does not exist in namespace {space.name}; name another one with --connection"
    )
    done = tool(*arguments, "--connection", "none")
    assert done == Done(1, "", f"{unknown} and --namespace, or the manager itself with --url\n")
