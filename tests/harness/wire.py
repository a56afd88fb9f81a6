"""A TCP line to the API server that can be cut without a word, or break: what network faults look like to both ends."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path


class Wire:
    """Forwards connections to a port of 127.0.0.1 until it is cut. Use it with ``with``."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._whole = threading.Event()
        self._whole.set()
        self._sockets: list[socket.socket] = []
        self._silent: set[socket.socket] = set()
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> Wire:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._whole.set()
        for item in (self._listening, *self._sockets):
            # a thread may wait in it
            with contextlib.suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)
            item.close()

    def cut(self) -> None:
        """Let nothing through any more, in either direction."""
        self._whole.clear()

    def silence(self) -> None:
        """Let nothing more through on the connections that stand, which stay open; new ones are not concerned."""
        self._silent.update(self._sockets)

    def break_off(self) -> None:
        """Close the connections that stand, whatever is on its way; new ones are not concerned."""
        standing, self._sockets = self._sockets, []
        for item in standing:
            # it may be closed already
            with contextlib.suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let everything through again, what was held back first."""
        self._whole.set()

    def kubeconfig(self, original: Path, port: int) -> Path:
        """Return a copy of a kubeconfig that goes through this line instead of to a port."""
        copy = original.with_name(f"{original.stem}-{self.port}.kubeconfig")
        copy.write_text(original.read_text().replace(f":{port}", f":{self.port}"))
        return copy

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._sockets += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=(source, target), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._whole.wait()
                if source in self._silent:
                    return
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
