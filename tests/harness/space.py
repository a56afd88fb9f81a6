"""One namespace of a test, with the connection that its JWKs use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from harness.cluster import Cluster, RefusedError, path_of, secret
from harness.objects import API_VERSION, IN_USE, REQUESTED, Condition, Event, Jwk, Object
from harness.waiting import SECONDS, until

CONNECTION = "ApinizerConnection"


@dataclass(frozen=True, slots=True)
class Space:
    """A namespace. `project` is the one in the simulator that belongs to this test alone."""

    cluster: Cluster
    name: str
    project: str
    url: str
    token: str

    # --- making -------------------------------------------------------------------------------------------------------

    def secret(self, name: str, /, **data: str | bytes) -> None:
        """Apply a Secret; `_` in a key's name stands for a dot."""
        values = {key.replace("_", "."): value for key, value in data.items()}
        self.cluster.apply(secret(self.name, name, values))

    def config_map(self, name: str, /, **data: str) -> None:
        """Apply a ConfigMap; `_` in a key's name stands for a dot."""
        values = {key.replace("_", "."): value for key, value in data.items()}
        metadata = {"name": name, "namespace": self.name}
        self.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": values})

    def connect(self, name: str = "default", *, token: str | None = None, **spec: Any) -> None:
        """Apply a connection for the test's project with its token's Secret of the same name.

        `spec` goes over the defaults; a value of None leaves a field out.
        """
        self.secret(name, token=self.token if token is None else token)
        self.connection(name, **spec)

    def connection(self, name: str = "default", **spec: Any) -> None:
        """Apply a connection alone."""
        fields = {"baseUrl": self.url, "projectName": self.project, "auth": {"tokenSecretRef": {"name": name}}, **spec}
        self.cluster.apply(self.object(CONNECTION, name, fields))

    def object(self, kind: str, name: str, spec: Object) -> Object:
        """Return an object of this namespace; fields of the spec that are None are left out."""
        fields = {field: value for field, value in spec.items() if value is not None}
        metadata = {"name": name, "namespace": self.name}
        return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": fields}

    def jwk(self, name: str, spec: Object, /, **more: Any) -> Jwk:
        """Apply a JWK; `more` goes over the spec."""
        return Jwk(self.cluster.apply(self.object("JWK", name, {**spec, **more})))

    def refusal(self, name: str, spec: Object, /, **more: Any) -> str:
        """Return the API server's message about a JWK that it has to refuse."""
        try:
            self.jwk(name, spec, **more)
        except RefusedError as error:
            return error.message
        raise AssertionError(f"the API server accepted {name}")

    def patch(self, name: str, /, **spec: Any) -> Jwk:
        """Merge fields into a JWK's spec."""
        return Jwk(self.cluster.patch("JWK", self.name, name, {"spec": spec}))

    def annotate(self, name: str, /, **annotations: str | None) -> Jwk:
        """Merge annotations into a JWK; `requested` is the one that asks for a look."""
        given = {REQUESTED if key == "requested" else key: value for key, value in annotations.items()}
        return Jwk(self.cluster.patch("JWK", self.name, name, {"metadata": {"annotations": given}}))

    def delete(self, name: str, kind: str = "JWK") -> None:
        """Delete an object of this namespace, without waiting for its end."""
        self.cluster.delete(kind, self.name, name)

    # --- looking ------------------------------------------------------------------------------------------------------

    def find(self, name: str) -> Jwk | None:
        """Return a JWK, or None when there is none."""
        found = self.cluster.find("JWK", self.name, name)
        return Jwk(found) if found else None

    def get(self, name: str) -> Jwk:
        """Return a JWK that is there."""
        found = self.find(name)
        assert found is not None, f"JWK {self.name}/{name} is gone"
        return found

    def connection_status(self, name: str = "default") -> Object:
        """Return the status of a connection; empty before there is one."""
        found = self.cluster.find(CONNECTION, self.name, name)
        return (found or {}).get("status") or {}

    def wait_connection(self, reason: str, name: str = "default", seconds: float = SECONDS) -> Condition:
        """Wait until a connection's Ready condition has a reason, and return the condition."""

        def look() -> Condition | None:
            for item in self.connection_status(name).get("conditions", ()):
                if item["type"] == "Ready" and item["reason"] == reason:
                    return Condition(item["status"], item["reason"], item["message"])
            return None

        return until(look, lambda: f"{name} to be {reason}: {self.connection_status(name)}", seconds)

    def wait_seen(self, name: str = "default") -> None:
        """Wait until the operator has taken in the newest spec of a connection, so that no JWK meets an older one."""

        def look() -> bool:
            found = self.cluster.find(CONNECTION, self.name, name) or {"metadata": {}}
            return bool((found.get("status") or {}).get("observedGeneration") == found["metadata"].get("generation"))

        until(look, lambda: f"connection {name} was seen: {self.connection_status(name)}")

    def held(self, name: str = "default") -> bool:
        """Whether a connection, which is there, has the finalizer of one that is needed."""
        found = self.cluster.find(CONNECTION, self.name, name)
        assert found is not None, f"connection {self.name}/{name} is gone"
        return IN_USE in found["metadata"].get("finalizers", ())

    def wait_held(self, held: bool, name: str = "default") -> None:
        """Wait until a connection has that finalizer, or has lost it."""
        until(lambda: self.held(name) is held, f"connection {name} held: {held}")

    def jwks(self) -> dict[str, Jwk]:
        """Return every JWK by its name."""
        return {raw["metadata"]["name"]: Jwk(raw) for raw in self.cluster.list("JWK", self.name)}

    def version(self) -> str:
        """Return the version of the JWKs now, for `told`."""
        return self.cluster.version("JWK", self.name)

    def told(self, since: str) -> dict[str, list[Condition]]:
        """Return by name the Ready conditions that each JWK has had since a version, in their order."""
        found: dict[str, list[Condition]] = {}
        for jwk in map(Jwk, self.cluster.history("JWK", self.name, since)):
            if jwk.reason and jwk.ready not in found.setdefault(jwk.name, [])[-1:]:
                found[jwk.name].append(jwk.ready)
        return found

    def wait_for(self, name: str, holds: Callable[[Jwk], bool], what: str, seconds: float = SECONDS) -> Jwk:
        """Wait until something holds of a JWK and return it."""
        seen: list[Jwk | None] = [None]

        def look() -> Jwk | None:
            seen[0] = self.find(name)
            return seen[0] if seen[0] is not None and holds(seen[0]) else None

        def told() -> str:
            last = seen[0]
            return f"{what}; JWK {self.name}/{name} {_shown(last) if last else 'is gone'}"

        return until(look, told, seconds)

    def wait(self, name: str, reason: str = "Deployed", seconds: float = SECONDS) -> Jwk:
        """Wait until a JWK's status speaks of its newest generation, with this reason for Ready."""
        return self.wait_for(name, lambda jwk: jwk.observed and jwk.reason == reason, f"reason {reason}", seconds)

    def wait_message(self, name: str, ready: Condition, seconds: float = SECONDS) -> Jwk:
        """Wait until a JWK says exactly this in its condition Ready."""
        return self.wait_for(name, lambda jwk: jwk.observed and jwk.ready == ready, str(ready), seconds)

    def wait_all(self, names: Iterable[str], reason: str = "Deployed", seconds: float = 60) -> dict[str, Jwk]:
        """Wait until every one of many JWKs has the reason; one LIST for each look."""
        wanted = set(names)

        def look() -> dict[str, Jwk] | None:
            found = {name: jwk for name, jwk in self.jwks().items() if name in wanted}
            done = len(found) == len(wanted) and all(jwk.observed and jwk.reason == reason for jwk in found.values())
            return found if done else None

        def told() -> str:
            late = [jwk for name, jwk in self.jwks().items() if name in wanted and jwk.reason != reason]
            return f"{len(late)} of {len(wanted)} JWKs without {reason}; first: {_shown(late[0]) if late else 'none'}"

        return until(look, told, seconds)

    def wait_gone(self, name: str, kind: str = "JWK", seconds: float = SECONDS) -> None:
        """Wait until an object is gone."""
        until(
            lambda: self.cluster.find(kind, self.name, name) is None,
            lambda: f"{kind} {name} gone; {self.cluster.find(kind, self.name, name)}",
            seconds,
        )

    def handled(self, name: str, request: str) -> Jwk:
        """Ask for a look by the annotation and wait until it is echoed."""
        self.annotate(name, requested=request)
        return self.wait_for(
            name, lambda jwk: jwk.status.get("lastHandledReconcileAt") == request, f"echo of {request}"
        )

    def events(self, name: str | None = None) -> list[Event]:
        """Return the Events about a JWK, or about all, oldest first."""
        items = self.cluster.request("GET", f"/api/v1/namespaces/{self.name}/events")["items"]
        about = [item for item in items if name is None or item["involvedObject"]["name"] == name]
        about.sort(key=lambda item: int(item["metadata"]["resourceVersion"]))
        return [Event(item["type"], item["reason"], item["message"], item["count"]) for item in about]

    def wait_events(self, name: str, *events: Event) -> None:
        """Wait until as much news was told of a JWK as these Events count; there must be exactly these."""
        news = sum(event.count for event in events)
        until(
            lambda: sum(event.count for event in self.events(name)) >= news,
            lambda: f"{news} times news of {name}: {self.events(name)}",
        )
        found = self.events(name)
        assert found == list(events), f"Events about {name}: {found}"

    def path(self, kind: str, name: str | None = None) -> str:
        """Return the path of a kind, or of an object, in this namespace."""
        return path_of(kind, self.name, name)


def _shown(jwk: Jwk) -> str:
    return f"{jwk.name} has {jwk.ready}, status {jwk.status}, metadata {jwk.metadata}"
