"""The calls of the contract."""

import asyncio
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from . import keys, schema
from .algorithms import GENERATE_ALGORITHMS, jose_name
from .config import Config, Permissions, Project
from .environments import Environments, report
from .errors import ApiError, bad_request
from .exchange import Exchange
from .sources import Source, Sources
from .store import Store, StoredJwk

Answer = dict[str, Any]
_READING = ("list", "environments")
_LINKED = ("URL", "CERTIFICATE", "PUBLIC_KEY", "PRIVATE_KEY", "KEYSTORE")


class Api:
    """Answers a routed request, or raises ApiError."""

    def __init__(self, config: Config, store: Store, environments: Environments, sources: Sources) -> None:
        self._config = config
        self._store = store
        self._environments = environments
        self._sources = sources

    async def perform(self, exchange: Exchange, broken: Mapping[str, str]) -> Answer:
        """Carry a call out; `broken` names environments that fail during this one."""
        if exchange.refusal:
            raise exchange.refusal
        if exchange.call == "token":
            return self._token(exchange)
        project = self._admit(exchange)
        if exchange.method in ("GET", "DELETE") and exchange.body:
            raise bad_request("The call has no request body")
        if exchange.call == "environments":
            return self._environments.describe(project)
        if exchange.call == "list":
            return {"success": True, "resultList": [entry(jwk) for jwk in self._store.all(project.name)]}
        if exchange.call == "create":
            return await self._create(project, exchange.json_body(), broken)
        if exchange.call == "generate":
            return await self._generate(project, exchange.json_body(), broken)
        return self._on_one(project, exchange, broken)

    def _on_one(self, project: Project, exchange: Exchange, broken: Mapping[str, str]) -> Answer:
        name = exchange.path_name or ""
        if exchange.call == "update":
            return self._update(project, name, exchange.json_body(), broken)
        if exchange.call == "delete":
            return self._delete(project, name, broken)
        found = self._existing(project, name)
        shown = {**entry(found), "jwkStr": json.dumps(found.jwk)}
        return {"success": True, "resultList": [shown], "resultCount": 1}

    def _admit(self, exchange: Exchange) -> Project:
        level = self._permissions(exchange.headers.get("Authorization", ""))
        name = exchange.project or ""
        project, allowed = self._config.project(name), level.get(name, level.get("*", "none"))
        if project is None or allowed == "none":
            if exchange.call == "environments":
                raise bad_request(f"Project not found for name: ({name}) or user has not privilege to access it!")
            text = f"Project({name}) was not found or user does not have privilege to access it!"
            raise ApiError(404, "not_found", text)
        if allowed == "read" and exchange.call not in _READING:
            raise ApiError(403, "forbidden", "You do not have permission to perform this action")
        return project

    def _permissions(self, authorization: str) -> Permissions:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ApiError(401, "unauthorized_client", "Invalid token")
        grant = self._store.grant(token.strip())
        if grant is None or grant.revoked:
            raise ApiError(401, "invalid_token", "Invalid token")
        if grant.expires_at is not None and grant.expires_at <= self._config.clock():
            raise ApiError(401, "token_expired", "Token is invalid or expired")
        return grant.permissions

    def _token(self, exchange: Exchange) -> Answer:
        form = _form(exchange)
        if form.get("grant_type") != "client_credentials":
            raise ApiError(400, "unsupported_grant_type", "GrantType value must be client_credentials!")
        client = next((known for known in self._config.clients if known.id == form.get("client_id")), None)
        given = form.get("client_secret", "").encode()
        if client is None or not hmac.compare_digest(client.secret.encode(), given):
            raise ApiError(401, "unauthorized_client", "Bad credentials")
        token, lifetime = secrets.token_urlsafe(32), self._config.token_lifetime
        self._store.add_token(token, client.permissions, self._config.clock() + lifetime)
        return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}

    def _existing(self, project: Project, name: str, hint: str = "") -> StoredJwk:
        found = self._store.find(project.name, name, self._config.case_insensitive)
        if found is None:
            code = "resource_not_found" if self._config.missing_status == 404 else "bad_request"
            raise ApiError(self._config.missing_status, code, f"JWK (name: {name}) is not found!{hint}")
        return found

    def _refuse_taken(self, project: Project, name: str, hint: str, but: str | None = None) -> None:
        found = self._store.find(project.name, name, self._config.case_insensitive)
        if found is not None and found.id != but:
            code = "conflict" if self._config.duplicate_status == 409 else "bad_request"
            raise ApiError(self._config.duplicate_status, code, f"JWK (name: {name}) is already exist!{hint}")

    async def _create(self, project: Project, body: Answer, broken: Mapping[str, str]) -> Answer:
        schema.check_create(body)
        self._refuse_taken(project, body["name"], _TRY_UPDATE)
        return self._add(project, body, body["sourceType"], await self._sources.resolve(project, body), broken)

    async def _generate(self, project: Project, body: Answer, broken: Mapping[str, str]) -> Answer:
        schema.check_generate(body)
        self._refuse_taken(project, body["name"], _TRY_UPDATE)
        made = await asyncio.to_thread(generated, body, self._config.clock())
        return self._add(project, body, "GENERATE", Source(made), broken)

    def _add(
        self, project: Project, body: Answer, source_type: str, source: Source, broken: Mapping[str, str]
    ) -> Answer:
        # Fetching and generating take time, in which another request may have taken the name.
        self._refuse_taken(project, body["name"], _TRY_UPDATE)
        results = self._environments.deploy(project, broken)
        jwk = StoredJwk(
            project=project.name,
            name=body["name"],
            description=body.get("description"),
            source_type=source_type,
            source_id=source.source_id,
            source_url=source.source_url,
            type=source.key.type,
            kid=source.key.kid,
            jwk=source.key.jwk,
            deployed={result["environmentName"]: result["success"] for result in results},
        )
        self._store.add(jwk)
        return report(results)

    def _update(self, project: Project, name: str, body: Answer, broken: Mapping[str, str]) -> Answer:
        schema.check_update(body)
        found = self._existing(project, name, " Try create operation.")
        if not body and not self._config.empty_update_deploys:
            return report([])
        self._refuse_taken(project, body.get("name", found.name), "", but=found.id)
        results = self._environments.deploy(project, broken)
        deployed = {**found.deployed, **{r["environmentName"]: True for r in results if r["success"]}}
        changes = {"name": body.get("name", found.name), "description": body.get("description", found.description)}
        self._store.replace(found, **changes, **self._detached(found), deployed=deployed)
        return report(results)

    def _detached(self, jwk: StoredJwk) -> dict[str, Any]:
        if jwk.source_type not in _LINKED:
            return {}
        if self._config.detached_source == "KEEP":
            return {"detached": True}
        return {"detached": True, "source_type": "COPY_PASTE", "source_id": None, "source_url": None}

    def _delete(self, project: Project, name: str, broken: Mapping[str, str]) -> Answer:
        found = self._existing(project, name)
        results = self._environments.deploy(project, broken, "Undeploy")
        failed = [result["environmentName"] for result in results if not result["success"]]
        if failed and self._config.delete_keeps_failed:
            left = {name: there and name in failed for name, there in found.deployed.items()}
            self._store.replace(found, deployed=left)
        else:
            self._store.delete(found)
        return report(results, "Undeploy")


_TRY_UPDATE = " Try update operation if want to change its value."


def entry(jwk: StoredJwk) -> dict[str, Any]:
    """One entry of the list call: no key material."""
    return {
        "name": jwk.name,
        "description": jwk.description,
        "projectId": keys.fingerprint(["project", jwk.project]),
        "sourceType": jwk.source_type,
        "sourceId": jwk.source_id,
        "sourceUrl": jwk.source_url,
        "type": jwk.type,
        "kid": jwk.kid,
    }


def generated(body: Mapping[str, Any], now: float) -> keys.ParsedKey:
    """A new key, by a checked generate request."""
    key_type = body["type"]
    options = body[key_type.lower()]
    use = options.get("keyUseType", "SIGNATURE")
    key = keys.make(key_type, options)
    jwk: dict[str, Any] = dict(key.as_dict(private=True))
    kid = body.get("kid") or keys.derived_kid(key, options.get("keyIdType", "TIMESTAMP"), now)
    start = schema.moment(options.get("notBeforeTime")) or datetime.fromtimestamp(now, UTC)
    end = schema.moment(options.get("expirationTime")) or _year_after(start)
    jwk.update(use="sig" if use == "SIGNATURE" else "enc", nbf=int(start.timestamp()), exp=int(end.timestamp()))
    if "algorithm" in options:
        jwk["alg"] = jose_name(GENERATE_ALGORITHMS[key_type, use][options["algorithm"]])
    return keys.understand(jwk if kid is None else {**jwk, "kid": kid})


def _year_after(start: datetime) -> datetime:
    try:
        return start.replace(year=start.year + 1)
    except ValueError:  # 29 February
        return start.replace(year=start.year + 1, day=28)


def _form(exchange: Exchange) -> dict[str, str]:
    if exchange.content_type != "application/x-www-form-urlencoded":
        raise bad_request("Content-Type must be application/x-www-form-urlencoded!")
    try:
        pairs = parse_qsl(exchange.body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise bad_request("Request body is not a form!") from error
    form = dict(pairs)
    if len(form) != len(pairs) or set(form) - {"grant_type", "client_id", "client_secret"}:
        raise bad_request("Request body has unknown or repeated fields!")
    return form
