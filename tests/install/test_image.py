"""The image: what is in it, how it is confined, and that it works so against a real API server."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from controlplane.ports import free_port
from harness.waiting import until
from install.conftest import Installed
from install.engine import base_image
from install.images import SBOM_LABEL, Image
from install.support import NAME, ROOT, SYSTEM_NAMESPACE, TEAM_NAMESPACE, unavailable

MEGABYTE = 1_000_000
MOST_ABOVE_BASE = 60 * MEGABYTE
READY_SECONDS = 60
STOP_SECONDS = 30

pytestmark = pytest.mark.timeout(900)  # the first build loads all wheels

# Run inside: what is there that should not be, as JSON.
INVENTORY = """
import importlib.util, json, os, pathlib, pwd
import jwk_operator
package = pathlib.Path(jwk_operator.__file__).parent
files = [path for path in pathlib.Path("/opt/jwk-operator").rglob("*") if not path.is_symlink()]
print(json.dumps({
    "user": pwd.getpwuid(os.getuid()).pw_name,
    "home": os.path.isdir(os.environ["HOME"]),
    "ids": [os.getuid(), os.getgid()],
    "foreign": [name for name in ("pip", "hatchling", "pytest", "apinizer_simulator")
                if importlib.util.find_spec(name)],
    "writable": [str(path) for path in files if path.stat().st_uid != 0 or path.stat().st_mode & 0o022],
    "uncompiled": [str(path) for path in package.rglob("*.py")
                   if not os.path.exists(importlib.util.cache_from_source(str(path)))],
    "scripts": [path.name for path in files if path.parent.name == "bin"],
    "capabilities": [line.split()[1] for line in open("/proc/self/status") if line.startswith(("CapEff", "CapBnd"))],
    "no_new_privileges": [line.split()[1] for line in open("/proc/self/status") if line.startswith("NoNewPrivs")],
    "can_write": [place for place in ("/", "/tmp", "/run", os.environ["HOME"]) if os.access(place, os.W_OK)],
}))
"""

# Run inside: what does not import, as JSON.
IMPORTS = """
import datetime, importlib, importlib.machinery, json, pathlib, ssl, sys, zoneinfo
broken, modules = {}, 0
for folder in (pathlib.Path(item) for item in sys.path if item):
    for path in folder.rglob("*.so") if folder.is_dir() else ():
        name = ".".join(path.relative_to(folder).parts).split(".cpython-")[0].split(".abi3")[0].removesuffix(".so")
        if path.parent.name.endswith(".libs"):
            continue
        modules += 1
        try:
            importlib.import_module(name)
        except Exception as error:
            broken[name] = repr(error)
print(json.dumps({
    "broken": broken,
    "modules": modules,
    "certificates": len(ssl.create_default_context().get_ca_certs()),
    "zone": str(datetime.datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")).utcoffset()),
}))
"""


@pytest.fixture
def runnable(image: Image) -> Image:
    if not image.engine.runs_containers:
        unavailable("buildah builds the image but cannot run it confined; docker or podman can")
    return image


def test_size(built: Image, capsys: pytest.CaptureFixture[str]) -> None:
    size = built.engine.size(built.tag)
    above = size - built.engine.size(base_image())
    with capsys.disabled():
        print(f" {size / MEGABYTE:.0f} MB, {above / MEGABYTE:.0f} MB more than the base image")
    assert above <= MOST_ABOVE_BASE


def test_configuration(built: Image) -> None:
    configuration = built.engine.inspect(built.tag)
    assert configuration["User"] == "65532:65532"  # by number, or runAsNonRoot cannot be checked
    assert configuration["Entrypoint"] == [NAME]
    assert configuration["Cmd"] == ["run"]
    assert set(configuration["ExposedPorts"]) == {"8080/tcp", "8081/tcp"}
    assert "JWK_OPERATOR_BIND_ADDRESS=0.0.0.0" in configuration["Env"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    labels = configuration["Labels"]
    assert labels["org.opencontainers.image.title"] == NAME
    assert labels["org.opencontainers.image.description"] == project["description"]
    assert labels["org.opencontainers.image.version"] == project["version"]
    assert labels["org.opencontainers.image.licenses"] == project["license"]
    assert labels["org.opencontainers.image.base.name"] == base_image()
    assert labels[SBOM_LABEL] in built.contents.entries


def test_contents_and_confinement(runnable: Image) -> None:
    found = json.loads(runnable.run("-c", INVENTORY, options=("--entrypoint=python",)))
    assert found == {
        "user": NAME,
        "home": True,
        "ids": [65532, 65532],
        "foreign": [],
        "writable": [],
        "uncompiled": [],
        "scripts": [NAME],
        "capabilities": ["0" * 16] * 2,
        "no_new_privileges": ["1"],
        "can_write": [],
    }


def test_every_extension_module_finds_its_libraries(runnable: Image) -> None:
    """Imports them all, the standard library's and the packages'; certificates and time zones are found, too."""
    loaded = json.loads(runnable.run("-c", IMPORTS, options=("--entrypoint=python",)))
    assert loaded["broken"] == {}
    assert loaded["modules"] > 60  # else the search has found the wrong folder
    assert loaded["certificates"] > 100
    assert loaded["zone"] == "1:00:00"


def test_help(runnable: Image) -> None:
    assert "run" in runnable.run("--help")


def test_validates_files_of_its_user(runnable: Image) -> None:
    said = runnable.run("validate", "/manifests/jwk-url.yaml", options=(f"--volume={ROOT / 'examples'}:/manifests:ro",))
    assert said == "1 valid, 0 invalid, 0 warnings, 0 objects of other kinds passed over\n"


@pytest.mark.parametrize(
    ("namespace", "scope"),
    [
        (SYSTEM_NAMESPACE, ["--all-namespaces"]),
        (TEAM_NAMESPACE, ["--namespace", TEAM_NAMESPACE]),
    ],
    ids=["cluster-wide", "single-namespace"],
)
def test_runs_as_in_a_pod(
    runnable: Image, installed: Installed, tmp_path: Path, namespace: str, scope: list[str]
) -> None:
    """With the token of the overlay's ServiceAccount where kubelet puts it, and nothing at all to write to."""
    own = yaml.safe_load(account_kubeconfig(installed, namespace, tmp_path).read_text())
    account = tmp_path / "serviceaccount"
    account.mkdir()
    account.chmod(0o755)
    (account / "token").write_text(own["users"][0]["user"]["token"])
    (account / "namespace").write_text(namespace)
    shutil.copyfile(installed.control_plane.ca, account / "ca.crt")
    for path in account.iterdir():
        path.chmod(0o644)
    server = urlsplit(installed.control_plane.server)
    options = [
        f"--volume={account}:/var/run/secrets/kubernetes.io/serviceaccount:ro,z",
        f"--env=KUBERNETES_SERVICE_HOST={server.hostname}",
        f"--env=KUBERNETES_SERVICE_PORT={server.port}",
    ]
    check_run(runnable, installed, namespace, options, scope, tmp_path / "log")


def test_runs_with_a_kubeconfig(runnable: Image, installed: Installed, tmp_path: Path) -> None:
    """Outside of a cluster. The Kubernetes client copies the file's certificates to /tmp, so that has to exist."""
    kubeconfig = account_kubeconfig(installed, SYSTEM_NAMESPACE, tmp_path)
    options = [f"--volume={kubeconfig}:/home/jwk-operator/.kube/config:ro,z", "--tmpfs=/tmp"]
    check_run(runnable, installed, SYSTEM_NAMESPACE, options, ["--all-namespaces"], tmp_path / "log")


def account_kubeconfig(installed: Installed, namespace: str, folder: Path) -> Path:
    """Write a kubeconfig for the overlay's ServiceAccount that the container's user can read."""
    path = installed.control_plane.kubeconfig_for_serviceaccount(namespace, NAME, folder / "kubeconfig")
    path.chmod(0o644)
    return path


def check_run(
    image: Image, installed: Installed, namespace: str, options: Sequence[str], scope: Sequence[str], log: Path
) -> None:
    """The operator becomes ready, asks for nothing that it may not have, and ends well on SIGTERM."""
    name = f"jwk-operator-test-{os.getpid()}-{namespace}"
    probes, metrics = free_port(), free_port()
    local = [
        f"--name={name}",
        "--env=JWK_OPERATOR_BIND_ADDRESS=127.0.0.1",
        f"--env=JWK_OPERATOR_PROBE_PORT={probes}",
        f"--env=JWK_OPERATOR_METRICS_PORT={metrics}",
    ]
    process = image.engine.start(image.engine.run_command(image.tag, [*local, *options], ["run", *scope]), log)
    try:
        await_ready(process, probes, log)
        assert get(probes, "/healthz") == http.HTTPStatus.OK
        assert get(metrics, "/metrics") == http.HTTPStatus.OK
        image.engine.output(
            "exec", name, NAME, "log-level", "debug"
        )  # in its container it is process 1, as for kubectl
        until(lambda: "log level is debug" in log.read_text(errors="replace"), "the new level")
        image.engine.output("kill", "--signal=TERM", name)
        code = process.wait(STOP_SECONDS)
    finally:
        image.engine.call("rm", "--force", name)
        process.wait(STOP_SECONDS)
    assert code == 0, f"ended with {code}:\n{tail(log)}"
    assert refused(installed, f"system:serviceaccount:{namespace}:{NAME}") == []


def get(port: int, path: str) -> int:
    """Return the status of a GET, and 0 when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def await_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while get(port, "/readyz") != http.HTTPStatus.OK:
        assert process.poll() is None, f"ended with {process.returncode}:\n{tail(log)}"
        assert time.monotonic() < deadline, f"not ready after {READY_SECONDS} s:\n{tail(log)}"
        time.sleep(0.2)


def tail(log: Path) -> str:
    return log.read_text(errors="replace")[-4000:]


def refused(installed: Installed, user: str) -> list[str]:
    """Return the user's requests that the API server refused for want of permission."""
    assert installed.control_plane.audit_log is not None
    entries = [json.loads(line) for line in installed.control_plane.audit_log.read_text().splitlines()]
    own = [entry for entry in entries if entry["user"].get("username") == user]
    assert own, f"no request of {user} at all"
    return [
        f"{entry['verb']} {entry['requestURI']}"
        for entry in own
        if entry.get("responseStatus", {}).get("code") == http.HTTPStatus.FORBIDDEN
    ]
