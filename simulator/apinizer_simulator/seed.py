"""Reading a seed file: projects and what is in them, tokens and clients."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from .algorithms import KEY_TYPES
from .config import (
    STATUSES,
    Client,
    Config,
    ConfigError,
    Environment,
    Keystore,
    Material,
    Project,
    Token,
    permissions_of,
)

T = TypeVar("T")
_EVERYTHING = {"*": "manage"}


def load_seed(path: Path, config: Config) -> Config:
    """`config` with the contents of a seed file added to it."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"seed file {path}: {error}") from error
    return apply_seed(data, config)


def apply_seed(data: Any, config: Config) -> Config:
    """`config` with a parsed seed document added to it."""
    root = _members(data, "seed", (), ("projects", "tokens", "clients"))
    return replace(
        config,
        projects=config.projects + _each(root.get("projects", []), "projects", _project),
        tokens=config.tokens + _each(root.get("tokens", []), "tokens", _token),
        clients=config.clients + _each(root.get("clients", []), "clients", _client),
    )


def _members(data: Any, where: str, needed: tuple[str, ...], optional: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise ConfigError(f"{where}: must be an object")
    for name in needed:
        if not isinstance(data.get(name), str) or not data[name]:
            raise ConfigError(f"{where}.{name}: must be a non-empty string")
    unknown = sorted(set(data) - set(needed) - set(optional))
    if unknown:
        raise ConfigError(f"{where}: unknown member {unknown[0]}")
    return data


def _each(data: Any, where: str, build: Callable[[Any, str], T]) -> tuple[T, ...]:
    if not isinstance(data, list):
        raise ConfigError(f"{where}: must be an array")
    return tuple(build(item, f"{where}[{index}]") for index, item in enumerate(data))


def _one_of(value: Any, where: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ConfigError(f"{where}: must be one of {', '.join(allowed)}")
    return str(value)


def _project(data: Any, where: str) -> Project:
    found = _members(data, where, ("name",), ("environments", "certificates", "keys", "keystores"))
    environments = _each(found.get("environments", []), f"{where}.environments", _environment)
    project = Project(
        found["name"],
        environments or Project("").environments,
        _each(found.get("certificates", []), f"{where}.certificates", _material),
        _each(found.get("keys", []), f"{where}.keys", _material),
        _each(found.get("keystores", []), f"{where}.keystores", _keystore),
    )
    names = {environment.name for environment in project.environments}
    things: tuple[Material | Keystore, ...] = (*project.certificates, *project.keys, *project.keystores)
    for thing in things:
        if thing.environment not in names:
            raise ConfigError(f"{where}: {thing.name} names the unknown environment {thing.environment}")
    return project


def _environment(data: Any, where: str) -> Environment:
    if isinstance(data, str):
        return Environment(data)
    found = _members(data, where, ("name",), ("status", "type", "description", "accessUrl"))
    return Environment(
        found["name"],
        _one_of(found.get("status", "PUBLISHED"), f"{where}.status", STATUSES),
        found.get("type", "PRODUCTION"),
        found.get("description", ""),
        found.get("accessUrl", ""),
    )


def _material(data: Any, where: str) -> Material:
    found = _members(data, where, ("name", "environment", "type"), ("kind", "jwk"))
    if "kind" in found:
        _one_of(found["kind"], f"{where}.kind", ("PUBLIC", "PRIVATE"))
    key_type = _one_of(found["type"], f"{where}.type", KEY_TYPES)
    return Material(found["name"], key_type, found["environment"], found.get("kind"), found.get("jwk"))


def _alias(data: Any, where: str) -> Material:
    found = _members(data, where, ("name", "type"), ("jwk",))
    return Material(found["name"], _one_of(found["type"], f"{where}.type", KEY_TYPES), jwk=found.get("jwk"))


def _keystore(data: Any, where: str) -> Keystore:
    found = _members(data, where, ("name", "environment"), ("aliases",))
    aliases = _each(found.get("aliases", []), f"{where}.aliases", _alias)
    return Keystore(found["name"], found["environment"], aliases)


def _token(data: Any, where: str) -> Token:
    if isinstance(data, str):
        return Token(data)
    found = _members(data, where, ("token",), ("permissions", "expires_at"))
    return Token(found["token"], permissions_of(found.get("permissions", _EVERYTHING), where), found.get("expires_at"))


def _client(data: Any, where: str) -> Client:
    found = _members(data, where, ("id", "secret"), ("permissions",))
    return Client(found["id"], found["secret"], permissions_of(found.get("permissions", _EVERYTHING), where))
