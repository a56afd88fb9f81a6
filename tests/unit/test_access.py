"""Access by a kubeconfig, in a process of its own as the operator starts: what it costs, and what it understands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

TOKEN = "planted-token"

PROGRAM = """
import json, sys
import click
from jwk_operator.cli.main import main
main.get_command(click.Context(main), "run")
from jwk_operator.kube.session import AccessError, find_access
try:
    access = find_access()
    found = {"server": access.server, "headers": access.login()}
except AccessError as error:
    found = {"error": str(error)}
print(json.dumps({**found, "loaded": sorted({"kubernetes", "requests", "rich", "pygments"} & set(sys.modules))}))
"""


def access(*files: Path) -> dict[str, Any]:
    """What a fresh process finds."""
    environment = os.environ | {"KUBECONFIG": os.pathsep.join(map(str, files))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def kubeconfig(folder: Path, user: dict[str, Any], **cluster: str) -> Path:
    """A kubeconfig for one user."""
    path = folder / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://cluster.example:6443", **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(content))
    return path


def plugin(folder: Path) -> dict[str, Any]:
    """A user whose token comes from a program, as clouds have it."""
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": TOKEN},
    }
    answer = folder / "answer.json"
    answer.write_text(json.dumps(credential))
    command = {"command": "cat", "args": [str(answer)], "interactiveMode": "Never"}
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", **command}}


def test_a_token_in_the_file_takes_no_other_client(tmp_path: Path) -> None:
    assert access(kubeconfig(tmp_path, {"token": TOKEN})) == {
        "server": "https://cluster.example:6443",
        "headers": {"Authorization": f"Bearer {TOKEN}"},
        "loaded": [],
    }


@pytest.mark.parametrize("kind", ["plug-in", "file of a token"])
def test_what_only_the_official_client_understands(kind: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    user = plugin(tmp_path) if kind == "plug-in" else {"tokenFile": str(tmp_path / "token")}
    found = access(kubeconfig(tmp_path, user))
    assert found["headers"] == {"Authorization": f"Bearer {TOKEN}"}
    assert "kubernetes" in found["loaded"]


def test_a_file_of_several_that_does_not_exist(tmp_path: Path) -> None:
    found = access(tmp_path / "missing", kubeconfig(tmp_path, {"token": TOKEN}))
    assert found["headers"] == {"Authorization": f"Bearer {TOKEN}"}


def test_no_file_at_all(tmp_path: Path) -> None:
    file = tmp_path / "missing"
    expected = f"no access to a cluster: {file} is not there, or empty; set KUBECONFIG to a file that works"
    assert access(file)["error"] == expected


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a: [", "the kubeconfig is no YAML, see its line 1"),
        (b"- a\n- list\n", "the kubeconfig is none"),
        (b"caf\xe9: x", "the kubeconfig is no text"),
    ],
)
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_bytes(content)
    assert access(path)["error"] == f"no access to a cluster: {why}; set KUBECONFIG to a file that works"


@pytest.mark.parametrize(
    ("user", "cluster", "why"),
    [
        ({"tokenFile": "/missing/token"}, {}, "/missing/token: No such file or directory"),
        (
            {"token": "of\nseveral lines"},
            {},
            "the token of the user is of several lines, or has signs that no token has",
        ),
        ({"token": TOKEN}, {"server": ""}, "the cluster of the context names no server"),
        (
            {"token": TOKEN},
            {"certificate-authority-data": "AAAA"},
            "a certificate or key in the kubeconfig cannot be read",
        ),
    ],
)
def test_a_kubeconfig_that_lacks_something(
    tmp_path: Path, user: dict[str, Any], cluster: dict[str, str], why: str
) -> None:
    assert access(kubeconfig(tmp_path, user, **cluster))["error"] == (
        f"no access to a cluster: {why}; set KUBECONFIG to a file that works"
    )


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, {"token": TOKEN})
    path.write_text(path.read_text().replace("current-context: x", "current-context: other"))
    expected = f"no access to a cluster: {path} has no context named other; set KUBECONFIG to a file that works"
    assert access(path)["error"] == expected


def test_a_plug_in_that_fails_is_no_login_as_nobody(tmp_path: Path) -> None:
    command = {"command": "sh", "args": ["-c", "echo please log in >&2; exit 3"], "interactiveMode": "Never"}
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", **command}}
    assert access(kubeconfig(tmp_path, user))["error"] == (
        "no access to a cluster: the login's plug-in failed, exec: process returned 3. please log in;"
        " run it by hand, or log in anew"
    )


@pytest.mark.parametrize("kind", ["plug-in", "token"])
def test_a_context_by_name_logs_in_as_well(tmp_path: Path, kind: str) -> None:
    path = kubeconfig(tmp_path, plugin(tmp_path) if kind == "plug-in" else {"token": TOKEN})
    program = (
        "import sys; from jwk_operator.kube.session import access_of_context; print(access_of_context('x').login())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"KUBECONFIG": str(path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == f"{ {'Authorization': f'Bearer {TOKEN}'} }\n"
