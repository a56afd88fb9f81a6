"""Completion, by bash and by kubectl as they do it, and the plugin itself."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from cli.tool import Done, Tool
from harness.processes import BIN
from harness.space import Space

COMMANDS = ["completion", "crds", "log-level", "run", "status"]

BASH = """
source <(jwk-operator completion bash)
COMP_WORDS=({words} '{last}') COMP_CWORD={place}
_jwk_operator_completion jwk-operator
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def kubectl(tool: Tool, *arguments: str) -> Done:
    command = [shutil.which("kubectl") or "kubectl", *arguments]
    env = tool.environment({"KUBECTL_COMMAND_HEADERS": "false"})
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tool.folder, env=env, timeout=60)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("words", "last", "answers"),
    [
        ("jwk-operator", "", COMMANDS),
        ("jwk-operator", "st", ["status"]),
        ("jwk-operator status", "--pro", ["--problems"]),
        ("jwk-operator status -o", "", ["text", "json"]),
        ("jwk-operator completion", "z", ["zsh"]),
    ],
)
def test_bash_completes(offline: Tool, words: str, last: str, answers: list[str]) -> None:
    script = BASH.format(words=words, last=last, place=len(words.split()))
    done = subprocess.run(
        ["bash", "-euc", script], capture_output=True, text=True, check=True, env=offline.environment({}), timeout=60
    )
    assert set(answers) <= set(done.stdout.split())
    assert last == "" or done.stdout.split() == answers


@pytest.mark.parametrize(
    ("shell", "begins"), [("zsh", "#compdef jwk-operator\n"), ("fish", "function _jwk_operator_completion;\n")]
)
def test_scripts_for_other_shells(offline: Tool, shell: str, begins: str) -> None:
    done = offline("completion", shell)
    assert (done.status, done.out.startswith(begins), done.err) == (0, True, "")
    program = shutil.which(shell)
    if program:
        subprocess.run([program, "-n", "-c", done.out], check=True, timeout=60)


def test_kubectl_completes(offline: Tool) -> None:
    done = kubectl(offline, "__complete", "jwk", "status", "--pro")
    assert done.out == "--problems\tLeave out what is Ready.\n:4\n"
    commands = [line.partition("\t")[0] for line in kubectl(offline, "__complete", "jwk", "").out.splitlines()]
    assert set(COMMANDS) <= set(commands)
    assert commands[-1] == ":4"


def test_kubectl_finds_the_plugin(offline: Tool) -> None:
    done = kubectl(offline, "plugin", "list")
    assert done.status == 0
    assert f"{BIN}/kubectl-jwk" in done.out.splitlines()
    assert "warning" not in f"{done.out}{done.err}".lower()


def test_the_plugin_calls_itself_as_it_is_called(offline: Tool) -> None:
    assert kubectl(offline, "jwk", "status", "--help").out.startswith("Usage: kubectl jwk status [OPTIONS] [NAME]...\n")
    assert kubectl(offline, "jwk", "--version").out == "kubectl jwk, version 0.1.0\n"
    done = kubectl(offline, "jwk", "status", "--nonsense")
    assert (done.status, done.out) == (64, "")
    assert "Try 'kubectl jwk status --help' for help.\n" in done.err


def test_the_plugin_does_what_the_program_does(space: Space, tool: Tool) -> None:
    done = kubectl(tool, "jwk", "status", "-n", space.name)
    assert done.status == 0
    assert done.out == tool("status", "-n", space.name).out
