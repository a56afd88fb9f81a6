"""Every command of the pages is run as it is printed, in a kept demo, or says in its first line why it is not.

What a reader has to fill in is filled in: names in capitals, and the addresses of Apinizer and of an identity provider.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from controlplane.binaries import find_binaries
from controlplane.ports import free_port
from controlplane.testing import processes_of, wait_until
from harness.cluster import ROOT
from harness.pages import COMMANDS, PAGES, Block, blocks, title
from harness.processes import BIN
from install.support import kubectl

DEMO = "make demo KEEP=1\n"
ELSEWHERE = {"make demo": "tests/demo runs it", "make test": "it runs this very test"}
SIMULATOR = "simulator/README.md"
_NOT_OURS = ("KEEP", "KUBECONFIG", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
_MARK = "\x1e"

# as Argo CD is installed, by a client-side apply: a server-side one takes over what such a one owns, and removes it
ARGOCD = """\
kubectl create namespace argocd
kubectl create configmap argocd-cm -n argocd --from-literal=url=theirs --dry-run=client -o yaml | kubectl apply -f -
"""
LEFT_BEHIND = """\
kubectl get jwk -A --no-headers | while read -r namespace name _; do
  kubectl patch jwk -n "$namespace" "$name" --type merge -p '{"spec": {"deletionPolicy": "Retain"}}'
  kubectl delete jwk -n "$namespace" "$name"
done
"""
"""JWKs of the demo's Apinizer that no resource has, as before a migration."""
MADE_ANEW = """\
kubectl patch jwk -n team-a generated --type merge -p '{"spec": {"deletionPolicy": "Delete"}}'
kubectl delete jwk -n team-a generated
kubectl apply -n team-a -f examples/jwk-generate.yaml
kubectl wait -n team-a --for=condition=Ready jwk/generated
"""
"""As the demo has it, whichever page came before."""
BEFORE = {
    "docs/guide/argocd.md": ARGOCD,
    "docs/guide/migrating.md": LEFT_BEHIND,
    "docs/operations/backup.md": MADE_ANEW,
}
AFTER = {
    "docs/guide/argocd.md": """\
test "$(kubectl get configmap argocd-cm -n argocd -o jsonpath='{.data.url}')" = theirs
kubectl get configmap argocd-cm -n argocd -o yaml | grep resource.customizations.health.apiops.apinizer.com_JWK
""",
    "docs/guide/migrating.md": """\
test "$(kubectl get jwk -n team-a from-url -o jsonpath='{.status.conditions[0].reason}')" = Adopted
""",
}


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that was started as the README says, in a folder that has what the project's folder has."""

    project: Path
    fill_in: Mapping[str, str]
    """What stands in the place of what a reader has to fill in, by regular expression."""

    @property
    def kubeconfig(self) -> Path:
        return self.project / "build" / "demo" / "kubeconfig"

    def filled_in(self, text: str) -> str:
        for pattern, value in self.fill_in.items():
            text = re.sub(pattern, lambda _, value=value: value, text)  # type: ignore[misc]
        return text


def environment(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _NOT_OURS} | more


@contextmanager
def terminal(command: str, folder: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command until the context ends, and press Ctrl-C then."""
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(**more),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            yield process
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def read_until(process: subprocess.Popen[str], marker: str) -> str:
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or marker not in lines[-1]:
        line = process.stdout.readline()
        assert line, "".join(lines)
        lines.append(line)
    return "".join(lines)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    find_binaries()
    project = tmp_path_factory.mktemp("project")
    for path in ROOT.iterdir():
        if path.name not in (".git", "build"):
            (project / path.name).symlink_to(path)
    with terminal(DEMO, project) as process:
        output = read_until(process, "Ctrl-C ends the demo")
        folder = project / "build" / "demo"
        (keyset,) = kubectl(
            f"--cache-dir={folder / 'kubectl-cache'}",
            *("get", "jwk", "-n", "team-a", "from-url", "-o", "jsonpath={.spec.url}"),
            kubeconfig=folder / "kubeconfig",
        ).stdout.split()
        yield Demo(
            project,
            {
                r"(?<=apinizerconnection -n )NAMESPACE NAME\b": "team-a default",
                r"\bNAMESPACE\b": "team-a",
                r"\bNAME\b": "from-url",
                r"\bYOUR_TOKEN\b": json.loads((folder / "seed.json").read_text())["tokens"][0],
                r"https://apinizer\.example\.com": re.findall(r"curl (http\S+)/_simulator/jwks", output)[0],
                r"https://login\.example\.com/\S+": keyset,
            },
        )
    wait_until(lambda: not processes_of(folder), "end of the demo's processes")


def to_run(page: Path) -> list[Block]:
    """Return the blocks that a test has to run here."""
    found = [block for block in blocks(page) if block.language == COMMANDS and block.why_not_run is None]
    return [block for block in found if block.text != DEMO and not runs_elsewhere(block)]


def runs_elsewhere(block: Block) -> bool:
    commands = [line.partition("#")[0].strip() for line in block.text.splitlines()]
    return all(command in ELSEWHERE for command in commands)


@pytest.mark.parametrize("page", [page for page in PAGES if to_run(page) and title(page) != SIMULATOR], ids=title)
def test_commands(demo: Demo, page: Path, tmp_path: Path) -> None:
    wanted = to_run(page)
    more = {"HOME": str(tmp_path), "PATH": f"{BIN}:{os.environ['PATH']}"}
    if not any("export KUBECONFIG=" in block.text for block in wanted):
        more["KUBECONFIG"] = str(demo.kubeconfig)  # a page that begins with a cluster that one has
    name = title(page)
    printed = run([BEFORE.get(name, ""), *(block.text for block in wanted), AFTER.get(name, "")], demo, **more)
    for block, found in zip(wanted, printed[1:-1], strict=True):
        if block.output is not None:
            assert rows(found) == rows(block.output), f"{name}:{block.line}"


def run(texts: list[str], demo: Demo, **more: str) -> list[str]:
    """Run blocks one after the other in one shell, and return what each prints."""
    script = demo.project / "script"
    script.write_text("".join(f"printf '{_MARK}'\n{demo.filled_in(text)}" for text in texts))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", str(script)],
        cwd=demo.project,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=270,
    )
    printed = done.stdout.split(_MARK)[1:]
    assert done.returncode == 0, f"{texts[len(printed) - 1]}\n{printed[-1]}\n{done.stderr}"
    return printed


def rows(text: str) -> list[list[str]]:
    """Return what was printed, line by line and column by column, with ages that are all alike."""
    lines = [re.split(r"\s{2,}", line.strip()) for line in text.strip().splitlines()]
    return [[re.sub(r"^(\d+[smhd])+$", "AGE", cell) for cell in line] for line in lines]


def test_simulator(tmp_path: Path) -> None:
    port = str(free_port())
    server, *rest = (block.text.replace("8080", port) for block in to_run(ROOT / SIMULATOR))
    with terminal(server, tmp_path, PATH=f"{BIN}:{os.environ['PATH']}"):
        wait_until(lambda: listens(int(port)), "the simulator listens")
        for text in rest:
            done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True, timeout=30)
            assert json.loads(done.stdout)["success"] is True


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_the_demo_is_started_as_the_pages_say() -> None:
    told = [title(page) for page in PAGES for block in blocks(page) if block.text == DEMO]
    assert told[:2] == ["README.md", "docs/guide/first-key.md"]
