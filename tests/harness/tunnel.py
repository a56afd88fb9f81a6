"""An HTTP proxy as companies have them: it opens tunnels (CONNECT) to whoever gives the right user and password."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Tunnel(ThreadingHTTPServer):
    """The proxy. `opened` has the targets of its tunnels as they were asked for."""

    daemon_threads = True

    def __init__(self, user: str = "", password: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.opened: list[str] = []
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.expected = f"Basic {login}" if user else None
        credentials = f"{user}:{password}@" if user else ""
        self.url = f"http://{credentials}127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Tunnel

    def do_CONNECT(self) -> None:
        if self.headers.get("Proxy-Authorization") != self.server.expected:
            self.send_error(407)
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as target:
            self.server.opened.append(self.path)
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_copy, args=(target, self.connection))
            back.start()
            _copy(self.connection, target)
            back.join()

    def log_message(self, *_: object) -> None:
        pass


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # either end may close at any time
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def tunnel(user: str = "", password: str = "") -> Iterator[Tunnel]:
    """Run the proxy for as long as the block takes."""
    with Tunnel(user, password) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
