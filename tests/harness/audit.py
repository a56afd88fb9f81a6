"""The API server's audit log: who asked for what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cluster import Cluster
from harness.waiting import until

READS = frozenset({"get", "list", "watch"})


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `resource` has the subresource with a slash: ``jwks/status``. A watch is noted when it starts.

    `time` is when it was received, `answered` when it was answered.
    """

    user: str
    verb: str
    group: str
    resource: str
    namespace: str
    name: str
    status: int
    uri: str
    time: str
    answered: str
    decision: str

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.verb not in READS


class AuditLog:
    """Reads the requests of one user, from a mark on."""

    def __init__(self, cluster: Cluster, user: str) -> None:
        assert cluster.plane.audit_log is not None, "the control plane keeps no audit log"
        self._path = cluster.plane.audit_log
        self._cluster = cluster
        self._marks = 0
        self.user = user
        self.start = 0

    def mark(self) -> None:
        """Let `requests` begin here. Everything that was answered before is behind the mark."""
        self._flush()
        self.start = self._path.stat().st_size

    def requests(
        self,
        *,
        verb: str | None = None,
        resource: str | None = None,
        namespace: str | None = None,
        name: str | None = None,
    ) -> list[Request]:
        """Return the user's requests since the mark that fit, oldest first, with all that were answered by now."""
        self._flush()
        return [
            found
            for found in read(self._path, self.start, self.user)[0]
            if verb in (None, found.verb)
            and resource in (None, found.resource)
            and namespace in (None, found.namespace)
            and name in (None, found.name)
        ]

    def writes(self, namespace: str | None = None, name: str | None = None) -> list[Request]:
        """Return the user's requests since the mark that change something, Events included."""
        return [found for found in self.requests(namespace=namespace, name=name) if found.writes]

    def used(self) -> set[tuple[str, str, str]]:
        """Return group, resource and verb of everything that was asked for since the mark."""
        return {(found.group, found.resource, found.verb) for found in self.requests() if found.resource}

    def forbidden(self) -> list[Request]:
        """Return the requests that the API server refused for want of a right.

        A 403 that was allowed by that is of admission: nothing can be created in a namespace that is going.
        """
        return [found for found in self.requests() if found.decision == "forbid"]

    def _flush(self) -> None:
        """Wait for the line of a request of our own: those of requests that were answered before stand there, too."""
        self._marks += 1
        marker = f"/version?mark-{id(self)}-{self._marks}"
        size = self._path.stat().st_size
        self._cluster.http.get(marker)
        until(lambda: marker in self._text(size), "the audit log is up to date")

    def _text(self, start: int) -> str:
        with self._path.open("rb") as handle:
            handle.seek(start)
            return handle.read().decode(errors="replace")


def read(log: Path, start: int = 0, user: str = "") -> tuple[list[Request], int]:
    """Return the requests in an audit log from a byte on: one user's, or everybody's for an empty name.

    With them comes the byte to go on from; a line that is being written is left for then.
    """
    with log.open("rb") as handle:
        handle.seek(start)
        text = handle.read()
    whole = text[: text.rfind(b"\n") + 1]
    return list(_requests(whole, user)), start + len(whole)


def _requests(text: bytes, user: str) -> Iterator[Request]:
    wanted = f'"{user}"'.encode()
    for line in text.splitlines():
        # most lines of a long log are of others, and are not worth a look into their JSON
        if not user or wanted in line:
            found = _request(json.loads(line))
            if not user or found.user == user:
                yield found


def _request(line: dict[str, Any]) -> Request:
    what = line.get("objectRef") or {}
    resource = "/".join(part for part in (what.get("resource"), what.get("subresource")) if part)
    return Request(
        user=line["user"]["username"],
        verb=line["verb"],
        group=what.get("apiGroup", ""),
        resource=resource,
        namespace=what.get("namespace", ""),
        name=what.get("name", ""),
        status=int((line.get("responseStatus") or {}).get("code", 0)),
        uri=line["requestURI"],
        time=line["requestReceivedTimestamp"],
        answered=line["stageTimestamp"],
        decision=(line.get("annotations") or {}).get("authorization.k8s.io/decision", ""),
    )
