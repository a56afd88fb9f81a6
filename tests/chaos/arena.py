"""Where a storm takes place: an API server, a manager and two operators of its own, and resources of many kinds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controlplane import ControlPlane
from harness.cluster import Cluster, secret
from harness.keys import ec, pasted
from harness.operator import OperatorProcess
from harness.rbac import CLUSTER_WIDE, install, shipped
from harness.simulator import CLIENTS, SimulatorProcess
from harness.space import Space

PROJECTS = ("storm-0", "storm-1", "storm-2")
FOREIGN = "made-by-somebody-else"
_LEASE = 4.0


@dataclass(slots=True)
class Arena:
    """Everything that takes part. Resource `n` lives in space `n % 3`; every second one has its key in a Secret."""

    cluster: Cluster
    manager: SimulatorProcess
    operators: tuple[OperatorProcess, OperatorProcess]
    spaces: tuple[Space, ...]
    user: str
    count: int
    keys: list[dict[str, Any]]
    tokens: list[str] = field(default_factory=list)
    """Every token that was ever valid; the last one is."""

    def space_of(self, number: int) -> Space:
        """Return where a resource lives."""
        return self.spaces[number % len(self.spaces)]

    @staticmethod
    def name_of(number: int) -> str:
        """Return the name of a resource."""
        return f"jwk-{number:03}"

    def make(self, number: int, key: int) -> None:
        """Apply a resource as it is at first."""
        space, name = self.space_of(number), self.name_of(number)
        if number % 2:
            self.put_key(number, key)
            source = {"secretKeyRef": {"name": name, "key": "key"}}
            spec = {"sourceType": "COPY_PASTE", "jwkStrFrom": source, "updatePolicy": "Replace"}
        else:
            spec = pasted(self.keys[number % len(self.keys)])
        space.jwk(name, {**spec, "description": "As it was made"})

    def put_key(self, number: int, key: int) -> None:
        """Put a key into the Secret of a resource."""
        self.space_of(number).secret(self.name_of(number), key=json.dumps(self.keys[key % len(self.keys)]))

    @property
    def secrets(self) -> list[str]:
        """All that must appear nowhere."""
        return [*self.tokens, *CLIENTS.values(), *(str(key["d"]) for key in self.keys)]


@contextmanager
def arena(folder: Path, count: int) -> Iterator[Arena]:
    """Set everything up, with every resource settled, and take it down again."""
    with ExitStack() as opened:
        plane = opened.enter_context(ControlPlane(audit=True))
        cluster = Cluster.of(plane)
        opened.callback(cluster.close)
        cluster.install_crds()
        manager = opened.enter_context(SimulatorProcess(_made(folder / "manager"), projects=PROJECTS))
        home = cluster.new_namespace("operator")
        account = install(cluster, shipped(CLUSTER_WIDE), home, (), _made(folder / "account"))
        arguments = ("--all-namespaces", "--leader-elect", "--lease-namespace", home, "--lease-duration", str(_LEASE))
        first, second = (
            OperatorProcess(account.kubeconfig, _made(folder / name), (*arguments, "--log-level", "info"))
            for name in ("operator-a", "operator-b")
        )
        for operator in (first, second):
            operator.start()
            opened.callback(_end, operator)
        spaces = tuple(Space(cluster, cluster.new_namespace("storm"), project, manager.url, "") for project in PROJECTS)
        keys = [ec(private=True) for _ in range(24)]
        made = Arena(cluster, manager, (first, second), spaces, account.user, count, keys)
        _connect(made)
        for number in range(count):
            made.make(number, number)
        for project in PROJECTS:
            manager.control.tamper("create", project, FOREIGN, type="EC", kid="theirs")
        yield made


def _connect(made: Arena) -> None:
    """Two connections with the same token, and one with client credentials."""
    made.tokens.append("token-of-the-storm-0")
    made.manager.control.add_token(made.tokens[-1])
    with_token, with_client, shared = made.spaces
    limits: dict[str, Any] = {"readTimeoutSeconds": 2, "connectTimeoutSeconds": 2, "resyncInterval": "20s"}
    with_token.connect(token=made.tokens[-1], **limits)
    client: dict[str, str | bytes] = {"client_id": "client-one", "client_secret": CLIENTS["client-one"]}
    made.cluster.apply(secret(with_client.name, "client", client))
    with_client.connection(auth={"clientCredentialsSecretRef": {"name": "client"}}, **limits)
    shared.connect(token=made.tokens[-1], **limits)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _end(operator: OperatorProcess) -> None:
    if operator.running:
        operator.kill()
