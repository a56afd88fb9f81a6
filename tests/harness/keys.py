"""Keys to make JWKs of."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc.jwk import ECKey, OctKey, RSAKey

from harness.objects import Object

Members = dict[str, Any]


CERTIFICATE = {
    "sourceType": "CERTIFICATE",
    "certificateName": "certificate",
    "environmentName": "production",
    "useType": "SIGNATURE",
    "algorithm": "ES256",
}
"""A spec that names a certificate of Apinizer's."""


def ec(kid: str | None = None, *, private: bool = False) -> Members:
    """Return a new EC key."""
    return _named(dict(ECKey.generate_key("P-256").as_dict(private=private)), kid)


def rsa(kid: str | None = None, *, private: bool = False) -> Members:
    """Return a new RSA key."""
    return _named(dict(RSAKey.generate_key(2048).as_dict(private=private)), kid)


def octets(kid: str | None = None) -> Members:
    """Return a new symmetric key."""
    return _named(dict(OctKey.generate_key(256).as_dict(private=True)), kid)


def _named(members: Members, kid: str | None) -> Members:
    members.pop("kid", None)
    return members if kid is None else {**members, "kid": kid}


def pasted(key: Members | None = None, **more: Any) -> Object:
    """Return the spec of a JWK that holds a key inline; by default a new EC key without a kid."""
    return {"sourceType": "COPY_PASTE", "jwkStr": json.dumps(ec() if key is None else key), **more}


@contextmanager
def served(document: Any) -> Iterator[str]:
    """Serve a JSON document on loopback and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/jwks"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
