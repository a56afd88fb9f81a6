"""A story of a plan: what is there, what users and others change, what the plan announces, and what then happens."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from apinizer_simulator.config import Config, Environment, Material, Project, Token
from apinizer_simulator.server import Simulator
from jwk_operator.apinizer.environment_proxy import no_proxy
from jwk_operator.apinizer.lists import BURST
from jwk_operator.planning.planner import Planner
from jwk_operator.planning.remote import Rehearsal, RemoteCall
from jwk_operator.planning.rows import Row, rows_of
from jwk_operator.planning.stage import StageBuilder
from jwk_operator.planning.wishes import wishes_of
from lifecycle.life import Life
from lifecycle.stage import CERTIFICATE, ENVIRONMENTS, text_of
from lifecycle.virtual import Clock
from planning.copycat import Copycat, Raw

API_VERSION = "apiops.apinizer.com/v1alpha1"
NAMESPACE = "team"
PROJECT = "stories"
TOKEN = "token-of-the-stories"
SECRET = "key"
_NAMESPACE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "any", "namespace": NAMESPACE}}
"""What is always in Git, so that a plan knows which namespace is pruned."""
_TOO_OLD = BURST + 1
_MOST_PASSES = 300

Sent = tuple[str, str, str, str]
"""Method, path, name, and the body of an update call."""


class Story:
    """One world, from the beginning to the end of a story."""

    def __init__(self, simulator: Simulator) -> None:
        self.clock = Clock()
        self.simulator = simulator
        self.cluster = Copycat(self.clock.now)
        self.key = 0
        """Which of the keys the Secret holds."""
        self.manifests: dict[str, Raw] = {}
        """The JWKs as they are in Git."""
        self.cluster.apply(self._secret("token", TOKEN))
        self.timeout = 30
        """Seconds that the connection in Git has; nothing else of it is ever changed."""
        self.others: dict[str, Raw] = {}
        """Other objects in Git that were changed, by kind."""
        self.cluster.apply(self._connection())
        self._life: Life | None = None
        self._told: dict[str, str] = {}

    async def begin(self, *, failing: bool) -> None:
        """Begin with nothing in Apinizer, where deployments to an environment may fail."""
        for jwk in self.simulator.control.store.all():
            self.simulator.control.store.delete(jwk)
        await self.environment(failing=failing)
        self.put_key(0)

    # --- what is written -------------------------------------------------------------------------------------------

    def _secret(self, name: str, value: str) -> Raw:
        data = {"value": base64.b64encode(value.encode()).decode()}
        metadata = {"namespace": NAMESPACE, "name": name}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}

    def _connection(self) -> Raw:
        auth = {"tokenSecretRef": {"name": "token", "key": "value"}}
        spec = {"baseUrl": self.simulator.url, "projectName": PROJECT, "auth": auth, "readTimeoutSeconds": self.timeout}
        metadata = {"namespace": NAMESPACE, "name": "default"}
        return {"apiVersion": API_VERSION, "kind": "ApinizerConnection", "metadata": metadata, "spec": spec}

    def write(self, name: str, /, **spec: Any) -> None:
        """Write a JWK into Git, or fields of it; None takes one away."""
        known = self.manifests.get(name, {"spec": {}})["spec"]
        fields = {field: value for field, value in {**known, **spec}.items() if value is not None}
        metadata = {"namespace": NAMESPACE, "name": name}
        self.manifests[name] = {"apiVersion": API_VERSION, "kind": "JWK", "metadata": metadata, "spec": fields}

    def request(self, name: str) -> None:
        """Ask for a look by the annotation."""
        annotation = {"apiops.apinizer.com/reconcile-requested-at": f"{self.clock.seconds}"}
        self.manifests[name]["metadata"]["annotations"] = annotation

    def put_key(self, number: int, *, in_git: bool = False) -> None:
        """Have the Secret behind `jwkStrFrom` hold a key: in the cluster at once, or in Git."""
        self.key = number
        secret = self._secret(SECRET, text_of(number))
        if in_git:
            self.others["Secret"] = secret
        else:
            self.others.pop("Secret", None)
            self.cluster.apply(secret)

    def reconnect(self) -> None:
        """Change something about the connection in Git that makes no difference to what is wanted."""
        self.timeout += 1
        self.others["ApinizerConnection"] = self._connection()

    # --- what others do --------------------------------------------------------------------------------------------

    async def tamper(self, action: str, name: str, **fields: Any) -> None:
        """Create, change or delete a JWK behind the operator's back, where that can be done."""
        exists = any(jwk.name == name for jwk in self.simulator.control.store.all(PROJECT))
        if exists is (action != "create"):
            body = {"action": action, "project": PROJECT, "name": name, **fields}
            await self.simulator.control.perform("POST", "/_simulator/jwks", "", json.dumps(body).encode())

    async def environment(self, *, failing: bool) -> None:
        """Have every deployment to an environment fail, or work again."""
        path = f"/_simulator/environments/{PROJECT}/{ENVIRONMENTS[0]}"
        await self.simulator.control.perform("PUT", path, "", json.dumps({"failing": failing}).encode())

    # --- the plan --------------------------------------------------------------------------------------------------

    async def plan(self) -> tuple[list[Row], list[RemoteCall]]:
        """Plan what would follow if Git were applied, and see to it that nothing is changed by that."""
        self.simulator.recorder.clear()
        before = json.dumps([self.cluster.writes, list(self.cluster.objects.values())])
        builder = StageBuilder(self.cluster.client, self.clock.now())
        contents = [*self.manifests.items(), *self.others.items(), ("namespace", _NAMESPACE)]
        stage = await builder.of_wishes(wishes_of(contents, NAMESPACE), prune=True)
        rehearsal = Rehearsal()
        outcomes = await Planner(stage, rehearsal, self.clock.now(), no_proxy).play()
        assert json.dumps([self.cluster.writes, list(self.cluster.objects.values())]) == before
        asked = [record["call"] for record in self.simulator.recorder.since(0)]
        assert set(asked) <= {"list", "environments"}, asked
        assert asked.count("list") <= 1, "a plan rests on one list"
        return rows_of(outcomes, stage.refusals), rehearsal.calls

    # --- what happens ----------------------------------------------------------------------------------------------

    async def apply(self) -> None:
        """Apply Git as GitOps tools do: what is in it, and the end of what is in it no more."""
        for manifest in [*self.others.values(), *self.manifests.values()]:
            self.cluster.apply(manifest)
        if self._life is not None and "ApinizerConnection" in self.others:
            (connection,) = self.cluster.of("ApinizerConnection")
            await self._life.reconnect(connection)
        for raw in self.cluster.of("JWK"):
            if raw["metadata"]["name"] not in self.manifests:
                self.cluster.delete("JWK", NAMESPACE, raw["metadata"]["name"])

    def wait(self) -> None:
        """Let time pass in which the operator gets none: what it remembers of Apinizer's lists is too old then."""
        self.clock.pass_to(self.clock.seconds + _TOO_OLD)

    async def work(self, seconds: float) -> None:
        """Let the operator work as it does: on what it is told, and on its own delays."""
        if self._life is None:
            self._life = Life(self.cluster.client, (NAMESPACE,), self.clock, lambda _key: None)
            await self._life.begin()
        end = self.clock.seconds + seconds
        for _ in range(_MOST_PASSES):
            self._life.learn(self.cluster.of("JWK"), self._news())
            self._life.queue.ring()
            key = self._life.queue.first_ready()
            if key is not None:
                await self._life.make_pass(key)
                continue
            due = self._life.queue.next_due()
            if due is None or due > end:
                self.clock.pass_to(end)
                return
            self.clock.pass_to(due)
        raise AssertionError("the operator does not come to rest")

    def _news(self) -> list[tuple[str | None, Raw]]:
        """What became of Secrets since this was last asked; at first they are listed."""
        secrets = {raw["metadata"]["name"]: raw for raw in self.cluster.of("Secret")}
        known, self._told = self._told, {name: raw["metadata"]["resourceVersion"] for name, raw in secrets.items()}
        return [
            ("MODIFIED" if name in known else None, raw)
            for name, raw in secrets.items()
            if known.get(name) != raw["metadata"]["resourceVersion"]
        ]

    def sent(self) -> list[Sent]:
        """Return the calls that Apinizer got which could change something, since the plan."""
        records = self.simulator.recorder.since(0)
        return [
            _sent(record["method"], record["raw_path"], record["name"], record["body"] or {})
            for record in records
            if record["call"] in ("create", "generate", "update", "delete")
        ]

    async def end(self) -> None:
        """Leave nothing behind."""
        if self._life is not None:
            await self._life.kill()


def _sent(method: str, path: str, name: str, body: dict[str, Any]) -> Sent:
    return method, path, name, json.dumps(body, sort_keys=True) if method == "PUT" else ""


def announced(calls: Iterable[RemoteCall]) -> list[Sent]:
    """Return the calls of a plan in the same form."""
    return [_sent(call.method, call.path, call.name, dict(call.body)) for call in calls]


def by_name(calls: Iterable[Sent]) -> dict[str, list[Sent]]:
    """Sort calls by the JWK that they are about, each in its order; a name aside belongs to the name."""
    found: dict[str, list[Sent]] = {}
    for call in calls:
        found.setdefault(re.sub(r"-replaced-[0-9a-f]{8}$", "", call[2]), []).append(call)
    return found


@asynccontextmanager
async def simulated() -> AsyncIterator[Simulator]:
    """Run the simulator in this loop."""
    environments = tuple(Environment(name) for name in ENVIRONMENTS)
    certificate = Material(CERTIFICATE, "EC", ENVIRONMENTS[-1])
    project = Project(PROJECT, environments, certificates=(certificate,))
    async with Simulator(Config(projects=(project,), tokens=(Token(TOKEN),))).running() as simulator:
        yield simulator
