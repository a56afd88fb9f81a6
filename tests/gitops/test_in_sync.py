"""Nothing that the operator writes is a difference to Git: neither to a client-side nor to a server-side apply."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from cli.tool import Tool
from gitops.machine import GitOps
from harness.cluster import ROOT
from harness.fixtures import account, make_space, operator, simulator
from harness.fixtures import space as connected
from harness.keys import pasted
from harness.objects import REQUESTED, Object
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


@pytest.mark.usefixtures("operator")
def test_flux_leaves_alone_what_the_tool_writes(connected: Space, tmp_path: Path) -> None:
    """Flux makes its own what managers called kubectl... have written, and takes back of it what is not in Git."""
    space = connected
    git = yaml.safe_dump(space.object("JWK", "one", pasted()))
    apply = ("apply", "--server-side", "--field-manager=kustomize-controller", "--force-conflicts")
    assert kubectl(space, *apply, stdin=git).returncode == 0
    space.wait("one")
    tool = Tool(tmp_path, space.cluster.plane.kubeconfig)
    for command in ("reconcile", "suspend"):
        assert tool(command, "one", "-n", space.name, "--wait").status == 0
    before = space.get("one")
    writers = {item["manager"] for item in before.metadata["managedFields"]}
    assert not {name for name in writers if name.startswith("kubectl")}
    assert kubectl(space, *apply, stdin=git).returncode == 0
    assert space.get("one").raw == before.raw
    assert before.spec["suspend"] is True
    assert before.annotations[REQUESTED]


@pytest.mark.usefixtures("operator")
def test_what_is_pruned_in_one_batch_goes_in_peace(connected: Space, simulator: SimulatorProcess) -> None:
    """JWKs, connection and Secret, in the order and at the pace of Flux: nobody hears of a deletion that is blocked."""
    space = connected
    names = ("one", "two")
    for name in names:
        space.jwk(name, pasted())
    space.wait_all(names)
    simulator.control.fault("delay", times=len(names), project=space.project, call="delete", seconds=1)
    for name in names:
        space.delete(name)
    space.delete("default", "ApinizerConnection")
    space.delete("default", "Secret")
    for name in names:
        space.wait_gone(name)
    space.wait_gone("default", "ApinizerConnection")
    assert simulator.remote(space.project) == {}
    assert [event for event in space.events() if event.reason == "DeletionBlocked"] == []


def load(path: Path) -> Object:
    document: Object = yaml.safe_load(path.read_text())
    return document


def test_waves_put_the_secret_before_the_connection_before_the_keys() -> None:
    found = {document["kind"]: document for document in map(load, (EXAMPLES / "argocd" / "app").iterdir())}
    waves = {kind: int(item["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]) for kind, item in found.items()}
    assert sorted(waves, key=waves.__getitem__) == ["ExternalSecret", "ApinizerConnection", "JWK"]
    assert len(set(waves.values())) == 3
    made, used = found["ExternalSecret"]["spec"], found["ApinizerConnection"]["spec"]["auth"]["tokenSecretRef"]
    assert made["target"]["name"] == used["name"]
    assert [item["secretKey"] for item in made["data"]] == [used.get("key", "token")]


@pytest.fixture(params=["application", "applicationset"])
def application(request: pytest.FixtureRequest) -> Object:
    """The spec of an Application."""
    spec: Object = load(EXAMPLES / "argocd" / f"{request.param}.yaml")["spec"]
    return dict(spec.get("template", {"spec": spec})["spec"])


def test_applications_ignore_no_differences(application: Object) -> None:
    assert "ignoreDifferences" not in application
    assert "ServerSideApply=true" in application["syncPolicy"]["syncOptions"]


def test_applications_outlast_a_secret_that_comes_late(application: Object) -> None:
    """Without it Argo CD gives up after five retries; it tries an old commit again and again unless it refreshes."""
    assert application["syncPolicy"]["retry"] == {
        "limit": -1,
        "refresh": True,
        "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"},
    }


def test_applications_prune_in_reverse_order(application: Object) -> None:
    """PruneLast puts everything that goes into one wave, so that the Secret could go before the keys."""
    assert not any(option.startswith("PruneLast") for option in application["syncPolicy"]["syncOptions"])


def test_flux_waits_for_everything() -> None:
    for name in ("kustomization.yaml", "secrets.yaml"):
        spec = load(EXAMPLES / "flux" / name)["spec"]
        assert spec["wait"] is True
        assert "healthCheckExprs" not in spec, "kstatus says it all"


def test_flux_finds_what_its_objects_name() -> None:
    found = [load(path) for path in (EXAMPLES / "flux").iterdir()]
    there = {(item["kind"], item["metadata"]["namespace"], item["metadata"]["name"]) for item in found}
    for item in found:
        home, spec = item["metadata"]["namespace"], item["spec"]
        named = [("Kustomization", home, other["name"]) for other in spec.get("dependsOn", ())]
        if "sourceRef" in spec:
            named.append((spec["sourceRef"]["kind"], home, spec["sourceRef"]["name"]))
        assert set(named) <= there
