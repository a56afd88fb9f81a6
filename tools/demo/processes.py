"""What runs beside the API server: the simulator, the operator, and a web server with a JWK Set.

The kernel ends the first two with the demo, kill -9 included: PR_SET_PDEATHSIG, which follows the thread that starts
them, so that has to be the main one. The web server is a thread.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sysconfig
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from controlplane.ports import free_port
from controlplane.supervisor import die_with_parent
from demo.errors import DemoError

_POLL = 0.05
_START = 30.0
_GRACE = 5.0
_LOG_LINES = 15


class Child:
    """A process of the demo, with its log in the folder."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        program = Path(sysconfig.get_path("scripts")) / command[0]
        if not program.exists():
            raise DemoError(f"{command[0]} is not installed here; pip install -e . -e ./simulator")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(program), *command[1:]],
                cwd=folder,
                env={**_environment(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is for the demo, which then ends it in order
                preexec_fn=die_with_parent(signal.SIGKILL, os.getpid()),
            )

    def check(self) -> None:
        """Raise `DemoError` when it does not run any more."""
        code = self._process.poll()
        if code is not None:
            raise DemoError(f"the {self.name} ended with {code}; the end of its log:\n{self.tail()}")

    def await_start(self, path: Path | None = None, port: int = 0) -> None:
        """Wait until it has written a file, or answers /readyz on a port."""
        deadline = time.monotonic() + _START
        while not (path.exists() if path else _is_ready(port)):
            self.check()
            if time.monotonic() > deadline:
                raise DemoError(f"the {self.name} is not up after {_START:.0f} s; the end of its log:\n{self.tail()}")
            time.sleep(_POLL)

    def tail(self) -> str:
        """Return the end of its log, indented."""
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "\n".join(f"  {line[:300]}" for line in lines)

    def end(self) -> None:
        """End it, with force after a while."""
        self._process.terminate()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def simulator(folder: Path, seed: dict[str, Any]) -> Iterator[tuple[Child, str]]:
    """Run the simulator of Apinizer; gives its address, too."""
    port_file, seed_file = folder / "simulator.port", folder / "seed.json"
    seed_file.write_text(json.dumps(seed))  # the folder is the owner's alone
    command = ["apinizer-simulator", "--seed", str(seed_file), "--port-file", str(port_file)]
    child = Child("simulator", command, folder, {})
    try:
        child.await_start(path=port_file)
        yield child, f"http://127.0.0.1:{port_file.read_text().strip()}"
    finally:
        child.end()


@contextmanager
def operator(folder: Path, kubeconfig: Path) -> Iterator[Child]:
    """Run the operator for all namespaces, with the given access and no other."""
    port = free_port()
    command = ["jwk-operator", "run", "--all-namespaces", "--probe-port", str(port)]
    child = Child("operator", command, folder, {"KUBECONFIG": str(kubeconfig)})
    try:
        child.await_start(port=port)
        yield child
    finally:
        child.end()


@contextmanager
def web_server(content: bytes) -> Iterator[str]:
    """Serve one JSON document on every path; gives an address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/jwk-set+json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/.well-known/jwks.json"
        finally:
            server.shutdown()


def _environment() -> dict[str, str]:
    """What a child inherits: no access to another cluster, no settings of an operator, and no proxy."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    modules = [str(Path(entry).absolute()) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return {**kept, "PYTHONPATH": os.pathsep.join(modules), "PYTHONUNBUFFERED": "1"}


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
