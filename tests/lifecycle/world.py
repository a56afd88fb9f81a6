"""A story's world: resources at a real API server, a project at the simulator, an operator, and others who interfere.

Every move may be made at any time, also while a pass is held in the middle of it. What must hold is checked after each.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from harness.cluster import RefusedError
from harness.objects import Jwk
from jwk_operator.kube.store import Key
from jwk_operator.reconcile.state import Cause
from lifecycle.checks import check_claims, check_truth
from lifecycle.gate import Moment, Stop
from lifecycle.ledger import Actor, Ledger
from lifecycle.life import Life
from lifecycle.specs import SECRET, SecretContent, Source, Spec, number_of
from lifecycle.stage import ENVIRONMENTS, KEYS, Stage, text_of
from lifecycle.virtual import Clock

SLOTS = ("a", "b", "c")
"""Resources by their place in the story; the last one is in a namespace of its own."""
WISHES = ("x", "y", "z")
"""Remote names: each resource has one of its own, but some want the first one's."""

_MOST_PASSES = 400
_HOUR, _WINDOW = 3600.0, 1500.0


class World:
    """One story. Use it with `with`: the end is only played when it is asked for by `finish`."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.prefix = f"s{next(stage.numbers)}"
        self.clock = Clock()
        self.ledger = Ledger(stage.simulator, stage.project)
        self.resources: dict[Key, Jwk] = {}
        self.before: dict[Key, Jwk] = {}
        """The resources as they were when the pass that is under way began."""
        self.secrets: dict[str, SecretContent | None] = {space.name: None for space in stage.spaces}
        self.rejected = False
        """Whether a call was refused for good since every resource was last asked to be looked at."""
        self.failed = False
        """Whether a promise was broken, so that there is no end to be played."""
        self._replacing: set[str] = set()
        """The resources that were ever allowed to replace their JWK; one that has begun may end it later."""
        self._secrets: dict[str, dict[str, Any] | None] = dict.fromkeys(self.secrets)
        self._sources: list[tuple[str | None, dict[str, Any]]] = []
        self._texts = 0
        self._listed_at = -1
        stage.simulator.recorder.clear()
        self._older: Life | None = None
        self.overlapped = False
        self._life = self._new_life()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.clean_up()

    def clean_up(self) -> None:
        """Leave nothing behind for the next story, however this one ended."""
        for life in filter(None, (self._older, self._life)):
            self.stage.run(life.kill())
        for key, jwk in self._list().items():
            self.stage.cluster.delete("JWK", *key)
            if jwk.finalizers:
                self.stage.cluster.patch("JWK", *key, {"metadata": {"finalizers": None}})
        for namespace in self.secrets:
            self.stage.cluster.delete("Secret", namespace, f"{self.prefix}-{SECRET}")
        self.heal()
        for doc in self.ledger.docs().values():
            self._tamper("delete", doc["name"])

    # --- who is who -------------------------------------------------------------------------------------------

    def key(self, slot: str) -> Key:
        """Return namespace and name of a resource."""
        return self.stage.spaces[slot == SLOTS[-1]].name, f"{self.prefix}-{slot}"

    def remote(self, wish: str) -> str:
        """Return a name in Apinizer."""
        return f"{self.prefix}-{wish}"

    def living(self) -> list[str]:
        """Return the slots whose resources exist, also those that are being deleted."""
        return [slot for slot in SLOTS if self.key(slot) in self.resources]

    def get(self, slot: str) -> Jwk:
        """Return a resource as the API server has it."""
        return self.resources[self.key(slot)]

    def new_text(self) -> str:
        """Return a text that occurs nowhere else in the story."""
        self._texts += 1
        return f"text {self._texts}"

    # --- what users do -------------------------------------------------------------------------------------------

    def create(self, slot: str, wish: str, source: Source, **fields: Any) -> None:
        """Create a resource."""
        namespace, name = self.key(slot)
        space = next(space for space in self.stage.spaces if space.name == namespace)
        spec = {"name": self.remote(wish), **source.spec(self.stage, self.prefix), **fields}
        self.stage.cluster.create(space.object("JWK", name, spec))
        self._look()

    def edit(self, slot: str, **fields: Any) -> bool:
        """Merge fields into a spec; a refused edit is no edit, and False."""
        return self._patch(slot, {"spec": fields})

    def resource(self, slot: str, source: Source, **fields: Any) -> bool:
        """Have another source, and perhaps other fields with it."""
        return self.edit(slot, **source.spec(self.stage, self.prefix), **fields)

    def request(self, slot: str) -> None:
        """Ask for a look by the annotation."""
        annotation = {"apiops.apinizer.com/reconcile-requested-at": self.new_text()}
        self._patch(slot, {"metadata": {"annotations": annotation}})

    def _patch(self, slot: str, patch: Spec) -> bool:
        try:
            self.stage.cluster.patch("JWK", *self.key(slot), patch)
        except RefusedError as error:
            if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY):
                raise
            return False
        finally:
            self._look()
        return True

    def delete(self, slot: str) -> None:
        """Delete a resource, without waiting for its end."""
        self.stage.cluster.delete("JWK", *self.key(slot))
        self._look()

    def reconnect(self, namespace: int = 0) -> None:
        """Change something about a connection that makes no difference to what is wanted."""
        space = self.stage.spaces[namespace]
        patch = {"spec": {"readTimeoutSeconds": 30 + next(self.stage.numbers) % 200}}
        raw = self.stage.cluster.patch("ApinizerConnection", space.name, "default", patch)
        self.stage.run(self._life.reconnect(raw))

    def put_secret(self, content: SecretContent | None, namespace: int = 0) -> None:
        """Have the Secret behind `jwkStrFrom` hold something, or not exist."""
        space = self.stage.spaces[namespace]
        name = f"{self.prefix}-{SECRET}"
        if content is None:
            known = self.stage.cluster.find("Secret", space.name, name)
            if known is not None:
                space.delete(name, "Secret")
                self._sources.append(("DELETED", known))
                self._secrets[space.name] = None
        else:
            space.secret(name, **content.data)
            found = self.stage.cluster.find("Secret", space.name, name)
            assert found is not None
            self._sources.append(("MODIFIED", found))
            self._secrets[space.name] = found
        self.secrets[space.name] = content

    # --- what others do in Apinizer --------------------------------------------------------------------------------

    def somebody_describes(self, wish: str) -> None:
        """Somebody changes the description of a JWK."""
        if self.ledger.named(self.remote(wish)):
            self._tamper("change", self.remote(wish), description=self.new_text())

    def somebody_deletes(self, wish: str) -> None:
        """Somebody deletes a JWK, whosever it is."""
        if self.ledger.named(self.remote(wish)):
            self._tamper("delete", self.remote(wish))

    def foreign_comes(self, wish: str, number: int = 0, **fields: Any) -> None:
        """Somebody creates a JWK of this name, if it is free."""
        if self.ledger.named(self.remote(wish)) is None:
            described = {"description": self.new_text(), **fields}
            self._tamper("create", self.remote(wish), jwkStr=text_of(number), **described)

    def lookalike_comes(self, slot: str) -> None:
        """Somebody creates just what a resource wishes for, if the name is free and nobody has announced it."""
        jwk = self.get(slot)
        name = jwk.spec["name"]
        announced = any(other.claimed and other.spec["name"] == name for other in self.resources.values())
        if announced or self.held or self.ledger.named(name):
            return
        fields = {"sourceType": jwk.spec["sourceType"], "description": jwk.spec.get("description", "")}
        if "url" in jwk.spec:
            fields["sourceUrl"] = jwk.spec["url"]
        content = self.secrets[jwk.metadata["namespace"]]
        number = number_of(jwk.spec, self.stage, content)
        self._tamper("create", name, jwkStr=text_of(number), **fields)

    def can_be_told(self, wish: str, number: int) -> bool:
        """Whether the list can tell a JWK with this key from those that resources have recorded under the name."""
        name, key = self.remote(wish), KEYS[number]
        recorded = [jwk.status["remote"] for jwk in self.resources.values() if "remote" in jwk.status]
        return not any(
            remote["name"] == name
            and remote.get("type") in (None, key["kty"].upper())
            and ("kid" not in remote or "kid" not in key or remote["kid"] == key["kid"])
            for remote in recorded
        )

    def _tamper(self, action: str, name: str, **fields: Any) -> None:
        body = {"action": action, "project": self.stage.project, "name": name, **fields}
        answer = self.stage.run(self.stage.simulator.control.perform("POST", "/_simulator/jwks", "", _json(body)))
        self.ledger.note_somebody(answer["jwk"]["id"] if action == "create" else None)

    # --- what goes wrong -------------------------------------------------------------------------------------------

    def fault(self, kind: str, call: str | None = None, times: int = 1, **fault: Any) -> None:
        """Have the next calls go wrong."""
        match = {} if call is None else {"call": call}
        self.stage.simulator.faults.add({"match": match, "times": times, "fault": {"kind": kind, **fault}})
        if fault.get("status") == 400:
            self.rejected = True

    def environment(self, name: str, *, failing: bool) -> None:
        """Have every deployment to an environment fail, or work again."""
        path = f"/_simulator/environments/{self.stage.project}/{name}"
        self.stage.run(self.stage.simulator.control.perform("PUT", path, "", _json({"failing": failing})))

    def api_server_fails(self, moment: Moment) -> None:
        """Have the API server leave the operator's next write without an answer, carried out or not."""
        self._life.gate.kube_fault = moment

    def heal(self) -> None:
        """Have everything work again."""
        self.stage.simulator.faults.clear()
        self._life.gate.kube_fault = None
        for name in ENVIRONMENTS:
            self.environment(name, failing=False)

    # --- what the operator does ------------------------------------------------------------------------------------

    @property
    def held(self) -> bool:
        """Whether a pass is held in its middle."""
        return self._life.busy

    def make_pass(self, slot: str, cause: Cause, stop: Stop | None = None, *, informed: bool = True) -> None:
        """Make a pass over a resource, perhaps with a memory that its watches have not reached yet."""
        self.go_on()
        if informed:
            self._inform()
        self.before = dict(self.resources)
        self.stage.run(self._life.make_pass(self.key(slot), cause, stop))
        self._check()

    def go_on(self) -> None:
        """Let the pass that is held come to its end."""
        if self.held:
            self.stage.run(self._life.go_on())
            self._check()

    def crash(self) -> None:
        """Kill the operator where it is and start another one, which knows nothing."""
        self.stage.run(self._life.kill())
        self._check()
        self._life, self._listed_at = self._new_life(), -1

    def overlap(self) -> None:
        """Start another operator while a pass of this one is held; that one is still going to come to its end."""
        if self.held and self._older is None:
            self._older, self.overlapped = self._life, True
            self._life, self._listed_at = self._new_life(), -1

    def older_goes_on(self) -> None:
        """Let the older operator end the pass that was held, and die."""
        older, self._older = self._older, None
        if older is not None:
            self.stage.run(older.go_on())
            self.stage.run(older.kill())
            self._listed_at = -1
            self._check()

    def wait(self, seconds: float) -> None:
        """Let time pass, without the operator being given any."""
        self.clock.pass_to(self.clock.seconds + seconds)

    def work(self, seconds: float) -> None:
        """Let the operator work as it does: on what wakes it, and on its own delays."""
        self.go_on()
        end = self.clock.seconds + seconds
        for _ in range(_MOST_PASSES):
            self._inform()
            self._life.queue.ring()
            key = self._life.queue.first_ready()
            if key is not None:
                self.before = dict(self.resources)
                self.stage.run(self._life.make_pass(key))
                self._check()
                continue
            due = self._life.queue.next_due()
            if due is None or due > end:
                self.clock.pass_to(end)
                return
            self.clock.pass_to(due)
        raise AssertionError(f"the operator does not come to rest: {self.told()}")

    def _new_life(self) -> Life:
        namespaces = tuple(space.name for space in self.stage.spaces)
        life = Life(self.stage.client, namespaces, self.clock, self._request_noted)
        self.stage.run(life.begin())
        self._sources = [(None, raw) for raw in self._secrets.values() if raw is not None]
        life.learn([jwk.raw for jwk in self.resources.values()], [])
        return life

    def _request_noted(self, key: Key | None) -> None:
        versions = [found[key] for found in (self.resources, self.before) if key in found]
        if not versions:
            self.ledger.note_request(None)
            return
        jwk = versions[0]
        actor = Actor(
            jwk.metadata["uid"],
            jwk.spec["name"],
            "deletionTimestamp" in jwk.metadata,
            jwk.metadata["uid"] in self._replacing,
        )
        self.ledger.note_request(actor)

    def _inform(self) -> None:
        raws = [jwk.raw for jwk in self.resources.values()]
        sources, self._sources = self._sources, []
        self._life.learn(raws, sources)

    # --- what must hold --------------------------------------------------------------------------------------------

    def _list(self) -> dict[Key, Jwk]:
        found = map(Jwk, self.stage.cluster.list("JWK"))
        return {(jwk.metadata["namespace"], jwk.name): jwk for jwk in found if jwk.name.startswith(f"{self.prefix}-")}

    def _look(self) -> None:
        self.resources = self._list()
        replacing = (jwk for jwk in self.resources.values() if jwk.spec["updatePolicy"] == "Replace")
        self._replacing |= {jwk.metadata["uid"] for jwk in replacing}

    def _check(self) -> None:
        if self._listed_at != self._life.gate.kube_writes:
            self._look()
            self._listed_at = self._life.gate.kube_writes
        self.failed = bool(self.ledger.violations)
        assert not self.failed, f"{self.ledger.violations}; {self.told()}"
        check_claims(self)

    def told(self) -> str:
        """Return everything that a person needs to see why a story failed."""
        lines = [_shown(jwk) for jwk in self.resources.values()]
        owners = {found: own.uid for found, own in self.ledger.own.items()}
        lines += [f"{owners.get(found, 'foreign')}: {doc}" for found, doc in self.ledger.docs().items()]
        calls = self.stage.simulator.recorder.since(0)
        lines += [
            f"{call['call']} {call['name']} {call['body']} {call['status']} {call['acted']}" for call in calls[-20:]
        ]
        return "\n  ".join(["", *lines])

    # --- the end -------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Play the end: all is well again, so everything comes to rest, tells the truth, and goes when it is told."""
        self.older_goes_on()
        self.go_on()
        self.heal()
        self.work(_HOUR)
        check_truth(self)
        self._stays_quiet()
        for slot in self.living():
            self.request(slot)
        self.rejected = False
        self.work(_HOUR)
        check_truth(self)
        self.crash()
        self._stays_quiet()
        for slot in self.living():
            self.delete(slot)
        self.work(_HOUR)
        assert not self.resources, f"not gone: {self.told()}"
        assert not self.ledger.own, f"left behind: {self.told()}"

    def _stays_quiet(self) -> None:
        """Whatever the operator looks at again, it writes nothing."""
        before = self._writes()
        self.work(_WINDOW)
        for slot in self.living():
            for cause in (Cause.TIMER, Cause.CHECKUP):
                self.make_pass(slot, cause)
        after = self._writes()
        assert after == before, f"not quiet, {before} became {after}: {self.told()}"

    def _writes(self) -> tuple[int, int]:
        calls = self.stage.simulator.recorder.since(0)
        return self._life.gate.kube_writes, sum(call["method"] != "GET" for call in calls)


def _shown(jwk: Jwk) -> str:
    metadata = {name: value for name, value in jwk.metadata.items() if name not in ("managedFields", "selfLink")}
    return f"{metadata}\n    {jwk.spec}\n    {jwk.status}"


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
