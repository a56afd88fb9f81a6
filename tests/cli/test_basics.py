"""What holds for every command."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from cli.running import Running
from cli.tool import Done, Tool
from harness.cluster import Cluster
from harness.objects import Object
from jwk_operator.cli.main import main
from reference.cli import commands

ALL = dict(commands())
GROUPS = ["", "keys"]

WRONG = [("nonsense",), ("run", "--nonsense"), ("run",), ("plan", "--prune"), ("keys", "nonsense"), ("keys", "new")]


@pytest.mark.parametrize("arguments", WRONG)
def test_a_command_written_wrongly_has_an_exit_status_of_its_own(offline: Tool, arguments: tuple[str, ...]) -> None:
    done = offline(*arguments)
    assert (done.status, done.out) == (64, "")
    assert "Error: " in done.err


@pytest.mark.parametrize("name", [*GROUPS, *ALL])
def test_help_is_complete(name: str) -> None:
    asked = CliRunner().invoke(main, [*name.split(), "-h"])
    assert asked.exit_code == 0
    assert asked.output == CliRunner().invoke(main, [*name.split(), "--help"]).output
    assert "..." not in asked.output.partition("Commands:")[2], "a summary is too long for 80 columns"
    if name in ALL:
        assert "\n  Exit status: " in asked.output
        assert "\n  Example" in asked.output
    assert all(len(line) <= 80 for line in asked.output.splitlines() if "jwk-operator" not in line)


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_without_a_command_shows_its_help(name: str) -> None:
    asked = CliRunner().invoke(main, name.split())
    assert asked.exit_code == 64
    assert asked.output == CliRunner().invoke(main, [*name.split(), "--help"]).output


def test_version(offline: Tool) -> None:
    assert offline("--version") == Done(0, "jwk-operator, version 0.1.0\n", "")


# --- no access to a cluster ---------------------------------------------------------------------------------------

ON_A_CLUSTER = {
    "doctor": (),
    "import": ("--into", "new"),
    "keys inspect": ("secret/any",),
    "plan": (),
    "reconcile": ("any",),
    "resume": ("--all",),
    "status": (),
    "suspend": ("any",),
}


def test_every_command_that_takes_a_kubeconfig_is_tried_here() -> None:
    def takes(command: click.Command) -> bool:
        return any("--kubeconfig" in param.opts for param in command.params)

    assert {name for name, command in ALL.items() if takes(command)} == set(ON_A_CLUSTER)


@pytest.mark.parametrize("name", ON_A_CLUSTER)
def test_without_a_kubeconfig(offline: Tool, name: str) -> None:
    done = offline(*name.split(), *ON_A_CLUSTER[name], KUBECONFIG="missing")
    assert done.status == 1
    if name == "doctor":
        assert "no access to a cluster: missing is not there, or empty" in done.out
    else:
        expected = (
            "Error: no access to a cluster: missing is not there, or empty; set KUBECONFIG to a file that works\n"
        )
        assert (done.out, done.err) == ("", expected)


def changed(cluster: Cluster, path: Path, change: Callable[[Object], None]) -> str:
    """Write the administrator's kubeconfig with a change in it."""
    content = yaml.safe_load(cluster.plane.kubeconfig.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.mark.parametrize("name", [name for name in ON_A_CLUSTER if name != "doctor"])
def test_a_cluster_that_is_not_there_or_refuses_the_login(
    tool: Tool, cluster: Cluster, tmp_path: Path, name: str
) -> None:
    def elsewhere(config: Object) -> None:
        config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"

    def expired(config: Object) -> None:
        config["users"][0]["user"] = {"token": "expired"}

    arguments = (*name.split(), *ON_A_CLUSTER[name], "--kubeconfig")
    assert tool(*arguments, changed(cluster, tmp_path / "elsewhere", elsewhere)) == Done(
        1,
        "",
        "Error: no answer from the API server https://127.0.0.1:1: it refuses connections; "
        "check that it runs, and the port in the kubeconfig\n",
    )
    assert tool(*arguments, changed(cluster, tmp_path / "expired", expired)) == Done(
        1, "", "Error: the API server does not accept your credentials: log in to the cluster again\n"
    )


@pytest.mark.parametrize("name", ["plan", "reconcile", "status"])
def test_a_server_that_is_none_of_kubernetes(tool: Tool, tmp_path: Path, name: str) -> None:
    with web_server(b"{}") as port:
        (tmp_path / "web").write_text(yaml.safe_dump(kubeconfig(port)))
        done = tool(*name.split(), *ON_A_CLUSTER[name], KUBECONFIG="web")
    assert done.status == 1
    assert "what answers at the API server's address is none" in done.out + done.err


def test_a_server_that_gives_no_reason(tool: Tool, tmp_path: Path) -> None:
    with web_server(b"away", 503) as port:
        (tmp_path / "web").write_text(yaml.safe_dump(kubeconfig(port)))
        done = tool("status", KUBECONFIG="web")
    assert done == Done(1, "", "Error: the API server answers 503; try again in a while\n")


@contextmanager
def web_server(answer: bytes, status: int = 200) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


# --- streams ------------------------------------------------------------------------------------------------------


def shell(tool: Tool, script: str) -> Done:
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tool.folder,
        env=tool.environment({}),
        timeout=60,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_a_pipe_that_is_closed_is_no_error_to_tell(offline: Tool) -> None:
    done = shell(offline, "set -o pipefail; jwk-operator crds | head -1 | wc -l")
    assert (done.out, done.err) == ("1\n", "")


def test_a_disk_that_is_full(offline: Tool) -> None:
    expected = Done(1, "", "Error: output cannot be written: No space left on device\n")
    assert shell(offline, "jwk-operator crds > /dev/full") == expected


@pytest.mark.parametrize(
    "arguments",
    [
        "validate -",
        "keys inspect -",
        "keys new --type EC --name any --add-to -",
        "plan --no-cluster -",
        "import --into new --url http://127.0.0.1:1 --project any --token-file -",
    ],
)
def test_streams_that_are_closed(offline: Tool, arguments: str) -> None:
    done = shell(offline, f"jwk-operator {arguments} <&-")
    assert done.status in (0, 1)
    assert "Traceback" not in done.err
    assert shell(offline, f"jwk-operator {arguments} </dev/null").status == done.status
    assert shell(offline, f"jwk-operator {arguments} </dev/null >&- 2>&-") == Done(done.status, "", "")


# --- a server that keeps one waiting ------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [0, 80])
@pytest.mark.parametrize("name", ON_A_CLUSTER)
def test_whoever_waits_sees_it_and_may_leave(tool: Tool, tmp_path: Path, name: str, columns: int) -> None:
    """On a terminal there is a sign of life, in a pipe nothing; Ctrl-C ends it without a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (tmp_path / "silent").write_text(yaml.safe_dump(kubeconfig(silent.getsockname()[1])))
        arguments = (*name.split(), *ON_A_CLUSTER[name], "--kubeconfig", "silent")
        with Running(tool, *arguments, columns=columns) as running:
            connection, _ = silent.accept()
            if columns:
                running.wait_for("⠋")  # the spinner
            assert running.interrupt() == 130
            connection.close()
            shown = running.text
    assert "Traceback" not in shown
    assert "Aborted" not in shown
    assert columns or shown == ""


def kubeconfig(port: int) -> Object:
    return {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "any"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
