"""The control API under ``/_simulator/``, for tests (README.md of the simulator)."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from . import keys
from .config import STATUSES, Config, ConfigError, permissions_of
from .environments import Environments
from .errors import ApiError, bad_request
from .exchange import decode
from .faults import Faults
from .recorder import Recorder
from .store import Store, StoredJwk

Document = dict[str, Any]
_TEXTS = ("description", "sourceType", "sourceUrl", "kid", "type", "jwkStr", "newName")


@dataclass(frozen=True)
class ControlApi:
    """Looks at the simulator and changes it behind the operator's back."""

    config: Config
    store: Store
    environments: Environments
    faults: Faults
    recorder: Recorder

    async def perform(self, method: str, path: str, query: str, body: bytes) -> Document:
        """Answer a control call, or raise ApiError."""
        segments = [decode(part) for part in path.removeprefix("/_simulator/").split("/")]
        options = {name: values[-1] for name, values in parse_qs(query).items()}
        if method == "GET":
            return self._look(segments, options)
        match (method, *segments):
            case ("POST", "faults"):
                return {"id": self.faults.add(_json(body))}
            case ("DELETE", "faults"):
                self.faults.clear()
                return {}
            case ("DELETE", "requests"):
                self.recorder.clear()
                return {}
            case ("POST", "jwks"):
                return await self._tamper(_object(body))
            case ("POST", "tokens"):
                return self._add_token(_object(body))
            case ("DELETE", "tokens", token):
                return {"revoked": self.store.revoke(token)}
            case ("PUT", "environments", project, environment):
                return self._set_environment(project, environment, _object(body))
        raise ApiError(404, "not_found", "No such control call")

    def _look(self, segments: list[str], options: Mapping[str, str]) -> Document:
        match segments:
            case ["healthz"]:
                return {"ok": True}
            case ["requests"]:
                return {"requests": self.recorder.since(_number(options.get("since", "0")))}
            case ["requests", "summary"]:
                return self.recorder.summary()
            case ["jwks"]:
                return {"jwks": [shown(jwk) for jwk in self.store.all(options.get("project"))]}
        raise ApiError(404, "not_found", "No such control call")

    def _set_environment(self, project: str, environment: str, body: Document) -> Document:
        state = self.environments.state(project, environment)
        if state is None:
            raise ApiError(404, "not_found", f"No environment {environment} in {project}")
        _only(body, {"failing": bool, "message": str, "status": str})
        if body.get("status", STATUSES[0]) not in STATUSES:
            raise bad_request(f"status is one of {', '.join(STATUSES)}")
        for field, value in body.items():
            setattr(state, field, value)
        return {"failing": state.failing, "message": state.message, "status": state.status}

    def _add_token(self, body: Document) -> Document:
        _only(body, {"token": str, "permissions": (str, dict), "expires_at": (int, float, type(None))})
        if not body.get("token"):
            raise bad_request("token is needed")
        try:
            permissions = permissions_of(body.get("permissions", "manage"), "body")
        except ConfigError as error:
            raise bad_request(str(error)) from error
        self.store.add_token(body["token"], permissions, body.get("expires_at"))
        return {}

    async def _tamper(self, body: Document) -> Document:
        texts: dict[str, Any] = dict.fromkeys((*_TEXTS, "action", "project", "name"), str)
        _only(body, {**texts, "description": (str, type(None)), "sourceUrl": (str, type(None)), "deployed": dict})
        project = self.config.project(body.get("project", ""))
        if project is None or not body.get("name"):
            raise bad_request("project and name are needed, and the project must exist")
        if body.get("action") not in ("create", "change", "delete"):
            raise bad_request("action is one of create, change, delete")
        found = self.store.find(project.name, body["name"])
        if (found is None) != (body["action"] == "create"):
            raise bad_request("create needs a free name, change and delete one that is taken")
        if body["action"] == "delete" and found:
            self.store.delete(found)
            return {}
        if found is None:
            key = await asyncio.to_thread(_key, body)
            everywhere = {known.name: True for known in project.environments}
            found = StoredJwk(
                project.name,
                body["name"],
                None,
                "COPY_PASTE",
                None,
                None,
                key.type,
                key.kid,
                key.jwk,
                False,
                everywhere,
            )
            self.store.add(found)
        return {"jwk": shown(self.store.replace(found, **await asyncio.to_thread(_changes, found, body)))}


def _key(body: Mapping[str, Any]) -> keys.ParsedKey:
    if "jwkStr" in body:
        return keys.parse(body["jwkStr"], body.get("kid"))
    key_type = body.get("type", "OCT")
    if key_type not in ("RSA", "EC", "OCT", "OKP"):
        raise bad_request("type is one of RSA, EC, OCT, OKP")
    jwk = keys.material(key_type)
    return keys.understand({**jwk, "kid": body["kid"]} if "kid" in body else jwk)


def _changes(found: StoredJwk, body: Mapping[str, Any]) -> Document:
    columns = {"newName": "name", "description": "description", "sourceType": "source_type", "sourceUrl": "source_url"}
    changes = {column: body[field] for field, column in columns.items() if field in body}
    if body["action"] == "change" and ("jwkStr" in body or "type" in body):
        key = _key(body)
        changes |= {"type": key.type, "kid": key.kid, "jwk": key.jwk}
    elif body["action"] == "change" and "kid" in body:
        changes |= {"kid": body["kid"], "jwk": {**found.jwk, "kid": body["kid"]}}
    return {**changes, "deployed": {**found.deployed, **body.get("deployed", {})}}


def shown(jwk: StoredJwk) -> Document:
    """A JWK for tests: public facts, the hash of its key, and where it is deployed."""
    stored = json.dumps(jwk.jwk, sort_keys=True, separators=(",", ":")).encode()
    return {
        "id": jwk.id,
        "project": jwk.project,
        "name": jwk.name,
        "description": jwk.description,
        "sourceType": jwk.source_type,
        "sourceId": jwk.source_id,
        "sourceUrl": jwk.source_url,
        "type": jwk.type,
        "kid": jwk.kid,
        "detached": jwk.detached,
        "sha256": hashlib.sha256(stored).hexdigest(),
        "deployed": jwk.deployed,
    }


def _json(body: bytes) -> Any:
    try:
        return keys.strict_json(body)
    except ValueError as error:
        raise bad_request("the body is not JSON") from error


def _object(body: bytes) -> Document:
    document = _json(body)
    if not isinstance(document, dict):
        raise bad_request("the body is not a JSON object")
    return document


def _number(text: str) -> int:
    if not text.isdecimal():
        raise bad_request("since is a number")
    return int(text)


def _only(body: Document, known: Mapping[str, Any]) -> None:
    for field, value in body.items():
        if field not in known or not isinstance(value, known[field]):
            raise bad_request(f"{field} is unknown or of a wrong type")
