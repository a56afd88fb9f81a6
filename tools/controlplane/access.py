"""How the API server is reached: requests with the administrator's certificate, and kubeconfig files."""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Access:
    """The API server at a port of 127.0.0.1, with the keys in the folder ``pki``."""

    port: int
    pki: Path

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://127.0.0.1:{self.port}"

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Send one request as administrator and return status and body.

        Raises OSError (which covers `ssl.SSLError`) or `http.client.HTTPException` when the server is not there.
        """
        context = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        context.load_cert_chain(self.pki / "admin.crt", self.pki / "admin.key")
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=context)
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def answers_ok(self, path: str) -> bool:
        """Tell whether a GET of the path answers 200; a server that is not there does not."""
        try:
            return self.request("GET", path)[0] == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False

    def write_kubeconfig(self, path: Path, user: dict[str, str]) -> None:
        """Write a kubeconfig for this server with the user's entry, readable for the owner only."""
        cluster = {"server": self.server, "certificate-authority-data": _base64(self.pki / "ca.crt")}
        context = {"cluster": "controlplane", "user": "user", "namespace": "default"}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "controlplane", "cluster": cluster}],
            "users": [{"name": "user", "user": user}],
            "contexts": [{"name": "controlplane", "context": context}],
            "current-context": "controlplane",
        }
        temporary = path.with_name(f".{path.name}.new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            yaml.safe_dump(content, handle, sort_keys=False)
        temporary.replace(path)

    def certificate_user(self, name: str) -> dict[str, str]:
        """Return the kubeconfig user entry for the certificate of that name in the folder ``pki``."""
        return {
            "client-certificate-data": _base64(self.pki / f"{name}.crt"),
            "client-key-data": _base64(self.pki / f"{name}.key"),
        }


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
