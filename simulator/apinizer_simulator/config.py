"""What a simulator is started with."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Permissions = Mapping[str, str]

#: What a token may do in a project; ``*`` stands for every project that is not named.
LEVELS = ("manage", "read", "none")
STATUSES = ("PUBLISHED", "UNPUBLISHED", "REPUBLISH_REQUIRED")
DEFAULT_ENVIRONMENTS = ("development", "production")


class ConfigError(ValueError):
    """The configuration or the seed file is wrong; the message says where."""


@dataclass(frozen=True)
class Environment:
    """An environment, as the environments call shows it."""

    name: str
    status: str = "PUBLISHED"
    type: str = "PRODUCTION"
    description: str = ""
    access_url: str = ""


@dataclass(frozen=True)
class Material:
    """A certificate, a key, or an alias of a keystore: something that a JWK can be made from."""

    name: str
    type: str
    environment: str = ""
    kind: str | None = None
    jwk: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Keystore:
    """A keystore with its aliases."""

    name: str
    environment: str
    aliases: tuple[Material, ...] = ()


@dataclass(frozen=True)
class Project:
    """A project with everything that the API looks up in it."""

    name: str
    environments: tuple[Environment, ...] = tuple(Environment(name) for name in DEFAULT_ENVIRONMENTS)
    certificates: tuple[Material, ...] = ()
    keys: tuple[Material, ...] = ()
    keystores: tuple[Keystore, ...] = ()


@dataclass(frozen=True)
class Token:
    """A Bearer token; `expires_at` is in seconds since the epoch, None is never."""

    token: str = field(repr=False)
    permissions: Permissions = field(default_factory=lambda: {"*": "manage"})
    expires_at: float | None = None


@dataclass(frozen=True)
class Client:
    """Client credentials for the token call."""

    id: str
    secret: str = field(repr=False)
    permissions: Permissions = field(default_factory=lambda: {"*": "manage"})


@dataclass(frozen=True)
class Config:
    """A simulator's settings; the switches choose one reading where the reference leaves two open."""

    projects: tuple[Project, ...] = ()
    tokens: tuple[Token, ...] = ()
    clients: tuple[Client, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    state: Path | None = None
    port_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    latency_ms: int = 0
    token_lifetime: int = 3600
    case_insensitive: bool = False
    duplicate_status: Literal[400, 409] = 400
    missing_status: Literal[400, 404] = 400
    detached_source: Literal["COPY_PASTE", "KEEP"] = "COPY_PASTE"
    delete_keeps_failed: bool = False
    empty_update_deploys: bool = True
    control_anywhere: bool = False
    verbose: bool = False
    clock: Callable[[], float] = time.time

    def project(self, name: str) -> Project | None:
        """The project of that name."""
        return next((project for project in self.projects if project.name == name), None)


def permissions_of(value: Any, where: str) -> Permissions:
    """Permissions from JSON: a level, or an object from project (or ``*``) to level."""
    found = {"*": value} if isinstance(value, str) else value
    if not isinstance(found, dict) or not all(level in LEVELS for level in found.values()):
        raise ConfigError(f"{where}: permissions must be one of {', '.join(LEVELS)}, or map projects to these")
    return found
