"""A synchronous client for the control API, for tests and scripts."""

import json
import ssl
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

Json = dict[str, Any]


class ControlError(RuntimeError):
    """The control API refused a call."""


class SimulatorControl:
    """Orders faults from a simulator and looks at what it was asked."""

    def __init__(self, url: str, context: ssl.SSLContext | None = None, timeout: float = 10) -> None:
        self._url = urlsplit(url)
        self._path = self._url.path.rstrip("/")  # where something stands before the simulator, such as an API server
        self._host = self._url.hostname or ""
        self._timeout = timeout
        self._context = context

    def healthy(self) -> bool:
        """Whether the simulator answers."""
        try:
            return bool(self._call("GET", "healthz")["ok"])
        except OSError:
            return False

    def fault(
        self,
        kind: str,
        *,
        times: int | None = 1,
        method: str | None = None,
        path: str | None = None,
        project: str | None = None,
        name: str | None = None,
        call: str | None = None,
        **spec: Any,
    ) -> int:
        """Order a fault of `kind` (`spec` holds its fields) for the next `times` matching requests."""
        given = {"method": method, "path": path, "project": project, "name": name, "call": call}
        match = {key: value for key, value in given.items() if value is not None}
        answer = self._call("POST", "faults", {"match": match, "times": times, "fault": {"kind": kind, **spec}})
        return int(answer["id"])

    def clear_faults(self) -> None:
        """Drop every fault."""
        self._call("DELETE", "faults")

    def requests(self, since: int = 0) -> list[Json]:
        """The requests recorded after the sequence number `since`."""
        return list(self._call("GET", f"requests?{urlencode({'since': since})}")["requests"])

    def clear_requests(self) -> None:
        """Forget the recorded requests."""
        self._call("DELETE", "requests")

    def summary(self) -> Json:
        """Counts by call, of those that took effect, and of creates by name."""
        return self._call("GET", "requests/summary")

    def jwks(self, project: str | None = None) -> list[Json]:
        """The JWKs that exist, without key material."""
        query = "" if project is None else f"?{urlencode({'project': project})}"
        return list(self._call("GET", f"jwks{query}")["jwks"])

    def tamper(self, action: str, project: str, name: str, **fields: Any) -> Json | None:
        """Create, change or delete a JWK behind the operator's back."""
        body = {"action": action, "project": project, "name": name, **fields}
        return self._call("POST", "jwks", body).get("jwk")

    def add_token(
        self, token: str, permissions: str | dict[str, str] = "manage", expires_at: float | None = None
    ) -> None:
        """Let a token in."""
        self._call("POST", "tokens", {"token": token, "permissions": permissions, "expires_at": expires_at})

    def revoke_token(self, token: str) -> bool:
        """Shut a token out; False when it was unknown."""
        return bool(self._call("DELETE", f"tokens/{quote(token, safe='')}")["revoked"])

    def fail_environment(self, project: str, environment: str, failing: bool = True, **fields: str) -> Json:
        """Let every deployment to an environment fail (or work again); `fields` are message and status."""
        path = f"environments/{quote(project, safe='')}/{quote(environment, safe='')}"
        return self._call("PUT", path, {"failing": failing, **fields})

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        data = None if body is None else json.dumps(body)
        connection = self._connect()
        try:
            connection.request(method, f"{self._path}/_simulator/{path}", data, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = dict(json.load(response))
        finally:
            connection.close()
        if response.status != 200:
            raise ControlError(str(answer.get("error_description")))
        return answer

    def _connect(self) -> HTTPConnection:
        if self._url.scheme == "https":
            return HTTPSConnection(self._host, self._url.port, timeout=self._timeout, context=self._context)
        return HTTPConnection(self._host, self._url.port, timeout=self._timeout)
