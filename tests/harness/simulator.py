"""The simulator as a process of its own, with a project for each test."""

from __future__ import annotations

import itertools
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import quote

from apinizer_simulator.control import SimulatorControl
from harness.processes import BIN, Process
from harness.waiting import until

TOKEN = "token-of-the-tests-7f3c1b"
READER = "token-that-only-reads-52e8d0"
CLIENTS = {"client-one": "secret-of-client-one-41d2", "client-two": "secret-of-client-two-90aa"}
ENVIRONMENTS = ("development", "production")

Record = dict[str, Any]

_ABOUT_CONNECTIONS = ("environments", "token")
"""Calls that a connection makes for its own sake, whenever it is probed."""
_WRITES = ("create", "update", "delete", "generate")
_PROJECTS = tuple(f"project-{number:03}" for number in range(300))


def _project(name: str) -> dict[str, Any]:
    place = {"environment": "production"}
    return {
        "name": name,
        "environments": list(ENVIRONMENTS),
        "certificates": [{"name": "certificate", "type": "EC", **place}],
        "keys": [
            {"name": "public", "type": "EC", "kind": "PUBLIC", **place},
            {"name": "private", "type": "EC", "kind": "PRIVATE", **place},
        ],
        "keystores": [{"name": "store", **place, "aliases": [{"name": "alias", "type": "RSA"}]}],
    }


class SimulatorProcess:
    """``apinizer-simulator`` with its state in a folder; a restart keeps port and state. Use it with ``with``."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        projects: tuple[str, ...] = _PROJECTS,
        tls: tuple[Path, Path] | None = None,
        ca: Path | None = None,
    ) -> None:
        """`tls` is certificate and key to serve with, `ca` what the control client trusts then."""
        self.folder = folder
        self.projects = projects
        self._arguments = list(arguments)
        self._scheme = "https" if tls else "http"
        if tls:
            self._arguments += ["--tls-cert", str(tls[0]), "--tls-key", str(tls[1])]
        self._context = ssl.create_default_context(cafile=str(ca)) if ca else None
        self._free = iter(projects)
        self._numbers = itertools.count()
        self._port = 0
        self._process: Process | None = None
        reader = {"token": READER, "permissions": "read"}
        clients = [{"id": name, "secret": secret} for name, secret in CLIENTS.items()]
        seed = {"projects": [_project(name) for name in projects], "tokens": [TOKEN, reader], "clients": clients}
        (folder / "seed.json").write_text(json.dumps(seed))

    def __enter__(self) -> SimulatorProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()

    @property
    def url(self) -> str:
        """Return the manager's address, which a restart keeps."""
        return f"{self._scheme}://127.0.0.1:{self._port}"

    @property
    def control(self) -> SimulatorControl:
        """Return the client of the control API, for faults, records and tampering."""
        return SimulatorControl(self.url, self._context)

    def start(self) -> SimulatorProcess:
        """Start, on the port of the last run if there was one, and wait until it listens."""
        port_file = self.folder / f"port-{next(self._numbers)}"
        command = [str(BIN / "apinizer-simulator"), "--port", str(self._port), "--port-file", str(port_file)]
        command += ["--state", str(self.folder / "state.db"), "--seed", str(self.folder / "seed.json")]
        self._process = process = Process([*command, *self._arguments], self.folder / "simulator.log")

        def listens() -> bool:
            assert process.returncode is None, f"the simulator ended:\n{process.tail()}"
            return port_file.exists()

        until(listens, lambda: f"the simulator listens; its log ends:\n{process.tail()}")
        self._port = int(port_file.read_text())
        return self

    def kill(self) -> None:
        """End it at once; its state stays."""
        assert self._process is not None, "the simulator is not running"
        self._process.kill()
        self._process = None

    def take_project(self) -> str:
        """Return a project that no test has had yet."""
        return next(self._free)

    def requests(self, project: str, *calls: str) -> list[Record]:
        """Return the recorded requests of a project, oldest first: those of the calls named, else all about JWKs."""
        return [
            record
            for record in self.control.requests()
            if record["project"] == project
            and (record["call"] in calls if calls else record["call"] not in _ABOUT_CONNECTIONS)
        ]

    def writes(self, project: str) -> list[tuple[str, str]]:
        """Return call and name of each writing request of a project, oldest first."""
        return [(record["call"], record["name"]) for record in self.requests(project, *_WRITES)]

    def bodies(self, project: str, *calls: str) -> list[Any]:
        """Return the bodies of the requests of these calls, with secrets masked."""
        return [record["body"] for record in self.requests(project, *calls)]

    def remote(self, project: str) -> dict[str, Record]:
        """Return the JWKs of a project by name: public facts, ``detached``, ``deployed``."""
        return {jwk["name"]: jwk for jwk in self.control.jwks(project)}

    def wait_sent(self, project: str, *calls: str) -> None:
        """Wait until a request of these calls has come in, answered or not."""
        until(lambda: bool(self.requests(project, *calls)), f"a request {calls}")

    def wait_calls(self, project: str, count: int, *calls: str) -> list[Record]:
        """Wait until so many requests of these calls were answered or dropped, and return them."""

        def look() -> list[Record] | None:
            found = [record for record in self.requests(project, *calls) if record["done"]]
            return found if len(found) >= count else None

        return until(look, lambda: f"{count} of {calls}: {self.requests(project)}")

    def path(self, project: str, name: str | None = None) -> str:
        """Return the raw path of a project's JWKs, or of one."""
        own = "" if name is None else f"{quote(name, safe='')}/"
        return f"/apiops/projects/{quote(project, safe='')}/jwks/{own}"
