"""Build and run the image with docker, podman or buildah, whichever works here."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from install.support import ROOT

ENGINES = ("docker", "podman", "buildah")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
CONFINED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=65532")

NO_ENGINE = "no usable container engine (docker with its daemon, podman or buildah)"
NO_BASE = (
    "the base image {base} is neither here nor can it be pulled; a stand-in will do: a Debian trixie root with "
    "python3-minimal, python3-venv, python3-pip, ca-certificates and tzdata, /usr/local/bin/python as a link to "
    "/usr/bin/python3 and PATH set, imported under exactly that name (mmdebstrap, then `podman import ROOT.tar {base}`)"
)


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine that answered."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def runs_containers(self) -> bool:
        """Whether it runs containers as Kubernetes does; buildah knows no read-only root."""
        return self.name != "buildah"

    def call(self, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Run a command of the engine to its end, whatever its exit status."""
        command = [self.name, *arguments]
        return subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=False, timeout=timeout, cwd=ROOT
        )

    def output(self, *arguments: str) -> str:
        """Run a command of the engine and return its output. Raises AssertionError when it fails."""
        done = self.call(*arguments)
        assert done.returncode == 0, f"{self.name} {' '.join(arguments)}: {(done.stdout + done.stderr)[-4000:]}"
        return done.stdout

    def ensure(self, image: str) -> bool:
        """Tell whether the image is in the local storage, if need be after a pull."""
        return self._has(image) or (self.call("pull", image).returncode == 0 and self._has(image))

    def build(self, tag: str, base: str) -> None:
        """Build the repository's Dockerfile from the base, which must be here."""
        options = ["--network=host", f"--tag={tag}"]
        if self.name != "docker":
            options += ["--pull=never", "--layers", *self._certificates(base)]
        self.output("build", *options, str(ROOT))

    def inspect(self, image: str) -> dict[str, Any]:
        """Return the image's configuration, in OCI's terms (``Env``, ``User``, ``Entrypoint``, ...)."""
        if self.name == "buildah":
            answer = json.loads(self.output("inspect", "--type=image", image))["OCIv1"]["config"]
        else:
            answer = json.loads(self.output("image", "inspect", image))[0]["Config"]
        return dict(answer)

    def size(self, image: str) -> int:
        """Return the bytes of the image's unpacked layers."""
        if self.name == "buildah":
            with self._mounted(image) as root:
                return sum(path.lstat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())
        return int(json.loads(self.output("image", "inspect", image))[0]["Size"])

    def export(self, image: str, archive: Path) -> None:
        """Write all files of the image to a tar archive."""
        if self.name == "buildah":
            with self._mounted(image) as root, tarfile.open(archive, "w") as target:
                for path in sorted(root.iterdir()):
                    target.add(path, path.name)
            return
        container = self.output("create", "--pull=never", image).strip()
        try:
            self.output("export", f"--output={archive}", container)
        finally:
            self.output("rm", container)

    def run_command(self, image: str, options: Sequence[str], arguments: Sequence[str]) -> list[str]:
        """Return the command that runs the image confined as in Kubernetes, on the machine's own network."""
        confined = [*CONFINED, "--read-only-tmpfs=false"] if self.name == "podman" else list(CONFINED)
        return [self.name, "run", "--rm", "--pull=never", "--network=host", *confined, *options, image, *arguments]

    def start(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a command that `run_command` made; what it writes goes to the file."""
        with log.open("wb") as target:
            return subprocess.Popen(command, env=self._environment, stdout=target, stderr=subprocess.STDOUT)

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def _has(self, image: str) -> bool:
        arguments = ("inspect", "--type=image") if self.name == "buildah" else ("image", "inspect")
        return self.call(*arguments, image).returncode == 0

    def _certificates(self, base: str) -> list[str]:
        """Mount the machine's certificates for the build of a stand-in: the official image brings what it needs."""
        official = any(item.startswith("PYTHON_VERSION=") for item in self.inspect(base).get("Env") or [])
        source = Path(os.environ.get("SSL_CERT_FILE") or CERTIFICATES)
        return [] if official or not source.is_file() else [f"--volume={source}:{CERTIFICATES}:ro"]

    @contextmanager
    def _mounted(self, image: str) -> Iterator[Path]:
        """For buildah: a container's root, as a folder."""
        container = self.output("from", "--pull-never", image).strip()
        try:
            yield Path(self.output("mount", container).strip())
        finally:
            self.output("rm", container)


def base_image() -> str:
    """Return the base image that the Dockerfile names."""
    found = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def engines(folder: Path) -> dict[str, Engine]:
    """Return the engines that work here, by name."""
    environment = _tolerant_settings(folder)
    candidates = [Engine(name, environment) for name in ENGINES if shutil.which(name)]
    return {item.name: item for item in candidates if item.call("info", timeout=60).returncode == 0}


def _tolerant_settings(folder: Path) -> dict[str, str]:
    """Settings of podman and buildah for a root without systemd or the right to raise limits, as in containers.

    A user's own CONTAINERS_CONF, and rootless set-ups, which have their own ways, are left alone.
    """
    if "CONTAINERS_CONF" in os.environ or os.geteuid() != 0 or shutil.which("runc") is None:
        return {}
    limits = {"nofile": (resource.RLIMIT_NOFILE, 1048576), "nproc": (resource.RLIMIT_NPROC, 32768)}
    ulimits = []
    for name, (kind, wanted) in limits.items():
        hard = resource.getrlimit(kind)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        ulimits.append(f"{name}={value}:{value}")
    path = folder / "containers.conf"
    path.write_text(
        f"[containers]\ndefault_ulimits = {json.dumps(ulimits)}\n"
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
    )
    return {"CONTAINERS_CONF": str(path)}
