"""Where a run takes place: an API server and a simulated manager, all new for each run, and those who apply."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from apinizer_simulator.control import SimulatorControl
from controlplane import ControlPlane
from harness.cluster import MERGE, Cluster, path_of
from harness.keys import ec, pasted
from harness.processes import BIN, Process
from harness.rbac import CLUSTER_WIDE, Account, install, shipped
from harness.space import Space
from harness.waiting import until

PROJECT = "bench"
TOKEN = "token-of-the-benchmark"  # noqa: S105 - of a simulator that lives for seconds
LATENCY_MS = 20
_HANDS = 16
"""Requests at once of those who apply and delete."""


class Simulator:
    """The manager, a process of its own. It forgets everything when it ends, but keeps its address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Return the address, once it has been started."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def running(self) -> bool:
        """Whether it was started and not killed."""
        return self._process is not None

    def start(self) -> float:
        """Start, wait until it listens, and return when it was started, in seconds since the epoch."""
        file = self._folder / "port"
        file.unlink(missing_ok=True)
        options = ["--project", f"{PROJECT}=development,production", "--token", TOKEN, "--latency-ms", str(LATENCY_MS)]
        command = [str(BIN / "apinizer-simulator"), "--port", str(self._port), "--port-file", str(file), *options]
        began = time.time()
        self._process = process = Process(command, self._folder / "simulator.log")
        until(file.exists, lambda: f"the simulator listens:\n{process.tail()}")
        self._port = int(file.read_text())
        return began

    def kill(self) -> None:
        """End it at once, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()


@dataclass(frozen=True, slots=True)
class World:
    """A fresh cluster with the operator's rights as they ship, and a namespace with a connection named default."""

    cluster: Cluster
    space: Space
    account: Account
    folder: Path
    simulator: Simulator

    @property
    def log(self) -> Path:
        """The audit log."""
        assert self.cluster.plane.audit_log is not None
        return self.cluster.plane.audit_log

    def calls(self) -> dict[str, int]:
        """Return how many calls the manager has had since its start, by their kind; none while it is away."""
        if not self.simulator.running:
            return {}
        summary = SimulatorControl(self.space.url, timeout=60).summary()
        return {call: number for call, number in summary["calls"].items() if number}

    def create(self, numbers: range) -> None:
        """Create JWKs as fast as it goes.

        Their key has a kid: without one, the first list of the project would bring news to each of them.
        """
        spec = pasted(ec("bench"), description="first")
        bodies = [self.space.object("JWK", name_of(number), spec) for number in numbers]
        self._send("POST", [path_of("JWK", self.space.name)] * len(bodies), bodies)

    def describe(self, numbers: range, text: str) -> None:
        """Change descriptions as fast as it goes."""
        self._send("PATCH", self._paths(numbers), [{"spec": {"description": text}}] * len(numbers))

    def delete(self, numbers: range) -> None:
        """Delete JWKs as fast as it goes."""
        self._send("DELETE", self._paths(numbers), [None] * len(numbers))

    def add_secrets(self, count: int, size: int) -> None:
        """Create Secrets of so many bytes each that concern nobody."""
        elsewhere = self.cluster.new_namespace("elsewhere")
        data = {"data": os.urandom(size // 2).hex()}
        bodies = [{"metadata": {"name": f"secret-{number}"}, "stringData": data} for number in range(count)]
        self._send("POST", [path_of("Secret", elsewhere)] * count, bodies)

    def orders(self) -> dict[str, str]:
        """Return what the floor has to know of this world."""
        user = yaml.safe_load(self.account.kubeconfig.read_text())["users"][0]["user"]
        plane = self.cluster.plane
        return {
            "server": plane.server,
            "ca": str(plane.ca),
            "token": user["token"],
            "namespace": self.space.name,
            "manager": self.space.url,
            "manager_token": TOKEN,
            "project": PROJECT,
        }

    def _paths(self, numbers: range) -> list[str]:
        return [path_of("JWK", self.space.name, name_of(number)) for number in numbers]

    def _send(self, method: str, paths: list[str], bodies: list[Any]) -> None:
        headers = {"Content-Type": MERGE if method == "PATCH" else "application/json"}

        def send(path: str, body: Any) -> None:
            content = None if body is None else json.dumps(body)
            self.cluster.http.request(method, path, content=content, headers=headers).raise_for_status()

        with ThreadPoolExecutor(_HANDS) as hands:
            list(hands.map(send, paths, bodies))


def name_of(number: int) -> str:
    """Return the name of the JWK of a number."""
    return f"jwk-{number:05}"


@contextmanager
def new_world(folder: Path, **connection: Any) -> Iterator[World]:
    """Make a world in an empty folder, and end it. `connection` goes over the connection's spec."""
    with ExitStack() as stack:
        plane = stack.enter_context(ControlPlane(audit=True))
        cluster = Cluster.of(plane)
        stack.callback(cluster.close)
        cluster.install_crds()
        account = install(cluster, shipped(CLUSTER_WIDE), cluster.new_namespace("home"), (), folder)
        simulator = Simulator(folder)
        stack.callback(simulator.kill)
        simulator.start()
        space = Space(cluster, cluster.new_namespace("bench"), PROJECT, simulator.url, TOKEN)
        space.connect(**connection)
        yield World(cluster, space, account, folder, simulator)
