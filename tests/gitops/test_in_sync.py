"""Nothing that the operator writes is a difference to Git: neither to a client-side nor to a server-side apply."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from gitops.machine import GitOps
from harness.cluster import ROOT
from harness.fixtures import account, make_space, operator, simulator
from harness.fixtures import space as connected
from harness.keys import pasted
from harness.objects import Object
from harness.simulator import SimulatorProcess
from harness.space import Space

__all__ = ["account", "connected", "make_space", "operator", "simulator"]

EXAMPLES = ROOT / "examples"
MANAGER = ("--server-side", "--field-manager=argocd-controller")


def kubectl(space: Space, *arguments: str, stdin: str) -> subprocess.CompletedProcess[str]:
    executable = shutil.which("kubectl")
    assert executable, "kubectl is not installed"
    command = [executable, f"--kubeconfig={space.cluster.plane.kubeconfig}", "-n", space.name, *arguments, "-f", "-"]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)


def in_git(space: Space) -> str:
    """A connection and keys of each kind of life, as somebody would commit them."""
    documents: list[Object] = [
        space.object("JWK", "pasted", pasted(description="By hand")),
        space.object("JWK", "replaced", pasted(updatePolicy="Replace", replacement={"keepOldFor": "1h"})),
        space.object("JWK", "suspended", pasted(suspend=True)),
        space.object("JWK", "refused", pasted({"kty": "RSA"})),
    ]
    auth = {"tokenSecretRef": {"name": "default"}}
    connection = {"baseUrl": space.url, "projectName": space.project, "auth": auth}
    documents.append(space.object("ApinizerConnection", "default", connection))
    return yaml.safe_dump_all(documents)


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("how", [(), MANAGER], ids=["client-side", "server-side"])
def test_no_difference(connected: Space, simulator: SimulatorProcess, gitops: GitOps, how: tuple[str, ...]) -> None:
    space = connected
    space.delete("default", "ApinizerConnection")
    space.wait_gone("default", "ApinizerConnection")
    git = in_git(space)
    done = kubectl(space, "apply", *how, stdin=git)
    assert done.returncode == 0, done.stderr
    space.wait("pasted")
    space.wait("replaced")
    space.wait("suspended", "Suspended")
    space.wait("refused", "InvalidKey")
    space.wait_connection("Connected")
    found = kubectl(space, "diff", *how, stdin=git)
    assert (found.returncode, found.stdout) == (0, ""), found.stderr
    assert {name: gitops.kstatus(jwk.raw) for name, jwk in space.jwks().items()} == {
        "pasted": "Current",
        "replaced": "Current",
        "suspended": "InProgress",
        "refused": "Failed",
    }
    again = kubectl(space, "apply", *how, stdin=git)
    assert again.returncode == 0, again.stderr
    assert sorted(simulator.writes(space.project)) == [("create", "pasted"), ("create", "replaced")]


def load(path: Path) -> Object:
    document: Object = yaml.safe_load(path.read_text())
    return document


def test_waves_put_the_connection_before_the_keys(connected: Space) -> None:
    waves = {}
    for path in (EXAMPLES / "argocd" / "app").iterdir():
        document = load(path)
        done = kubectl(connected, "apply", "--dry-run=server", "--validate=strict", stdin=path.read_text())
        assert done.returncode == 0, done.stderr
        waves[document["kind"]] = int(document["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"])
    assert waves["ApinizerConnection"] < waves["JWK"]


def test_applications_ignore_no_differences() -> None:
    single, many = (load(EXAMPLES / "argocd" / name) for name in ("application.yaml", "applicationset.yaml"))
    for spec in (single["spec"], many["spec"]["template"]["spec"]):
        assert "ignoreDifferences" not in spec
        assert "ServerSideApply=true" in spec["syncPolicy"]["syncOptions"]


def test_flux_waits_for_everything() -> None:
    spec = load(EXAMPLES / "flux" / "kustomization.yaml")["spec"]
    assert spec["wait"] is True
    assert "healthCheckExprs" not in spec, "kstatus says it all"
