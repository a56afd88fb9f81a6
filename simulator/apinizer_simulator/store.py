"""What must survive a restart: JWKs, tokens, and keys made for fixtures."""

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .config import Permissions

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jwks (
  id TEXT PRIMARY KEY, project TEXT NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL, description TEXT,
  source_type TEXT NOT NULL, source_id TEXT, source_url TEXT, type TEXT NOT NULL, kid TEXT NOT NULL,
  jwk TEXT NOT NULL, detached INTEGER NOT NULL, deployed TEXT NOT NULL, UNIQUE (project, name));
CREATE INDEX IF NOT EXISTS folded_names ON jwks (project, folded);
CREATE TABLE IF NOT EXISTS tokens (
  hash TEXT PRIMARY KEY, permissions TEXT NOT NULL, expires_at REAL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS materials (id TEXT PRIMARY KEY, jwk TEXT NOT NULL);
"""
_ADD_UNLESS_KNOWN = "INSERT OR IGNORE INTO tokens (hash, permissions, expires_at) VALUES (?, ?, ?)"
_ADD_OR_RENEW = "INSERT OR REPLACE INTO tokens (hash, permissions, expires_at) VALUES (?, ?, ?)"
_UPDATE = """
UPDATE jwks SET id=?, project=?, name=?, folded=?, description=?, source_type=?, source_id=?, source_url=?, type=?,
  kid=?, jwk=?, detached=?, deployed=? WHERE id=?
"""


@dataclass(frozen=True)
class StoredJwk:
    """A JWK as the server has it; `deployed` tells for each environment whether it is there."""

    project: str
    name: str
    description: str | None
    source_type: str
    source_id: str | None
    source_url: str | None
    type: str
    kid: str
    jwk: dict[str, Any] = field(repr=False)
    detached: bool = False
    deployed: dict[str, bool] = field(default_factory=dict)
    id: str = field(default_factory=lambda: secrets.token_hex(12))


@dataclass(frozen=True)
class Grant:
    """What a token allows."""

    permissions: Permissions
    expires_at: float | None
    revoked: bool


class Store:
    """SQLite in WAL mode: an answered write is in the file, so `kill -9` loses nothing."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            # The file holds private keys.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=1)
        # EXCLUSIVE refuses a second simulator on the same file, yet dies with the process.
        self._db.executescript("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def find(self, project: str, name: str, folded: bool = False) -> StoredJwk | None:
        """The JWK of that name; an exact match goes before one that differs in case."""
        row = self._db.execute("SELECT * FROM jwks WHERE project=? AND name=?", (project, name)).fetchone()
        if row is None and folded:
            query = "SELECT * FROM jwks WHERE project=? AND folded=?"
            row = self._db.execute(query, (project, name.casefold())).fetchone()
        return _from_row(row) if row else None

    def all(self, project: str | None = None) -> list[StoredJwk]:
        """Every JWK, oldest first."""
        query = "SELECT * FROM jwks WHERE ?1 IS NULL OR project=?1 ORDER BY rowid"
        return [_from_row(row) for row in self._db.execute(query, (project,))]

    def add(self, jwk: StoredJwk) -> None:
        """Store a new JWK."""
        self._db.execute("INSERT INTO jwks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _to_row(jwk))

    def replace(self, jwk: StoredJwk, /, **changes: Any) -> StoredJwk:
        """Store a JWK anew under its id."""
        changed = replace(jwk, **changes)
        self._db.execute(_UPDATE, (*_to_row(changed), jwk.id))
        return changed

    def delete(self, jwk: StoredJwk) -> None:
        """Forget a JWK."""
        self._db.execute("DELETE FROM jwks WHERE id=?", (jwk.id,))

    def add_token(self, token: str, permissions: Permissions, expires_at: float | None, renew: bool = True) -> None:
        """Let a token in; without `renew` one that is known (and perhaps revoked) stays as it is."""
        row = (_hash(token), json.dumps(dict(permissions)), expires_at)
        self._db.execute(_ADD_OR_RENEW if renew else _ADD_UNLESS_KNOWN, row)

    def revoke(self, token: str) -> bool:
        """Shut a token out; False when it is unknown."""
        cursor = self._db.execute("UPDATE tokens SET revoked=1 WHERE hash=?", (_hash(token),))
        return cursor.rowcount > 0

    def grant(self, token: str) -> Grant | None:
        """What a token allows; None when it is unknown."""
        query = "SELECT permissions, expires_at, revoked FROM tokens WHERE hash=?"
        row = self._db.execute(query, (_hash(token),)).fetchone()
        return Grant(json.loads(row[0]), row[1], bool(row[2])) if row else None

    def material(self, key: Iterable[str]) -> dict[str, Any] | None:
        """The key made for a fixture."""
        row = self._db.execute("SELECT jwk FROM materials WHERE id=?", (json.dumps(list(key)),)).fetchone()
        return dict(json.loads(row[0])) if row else None

    def add_material(self, key: Iterable[str], jwk: dict[str, Any]) -> None:
        """Keep the key made for a fixture, so that it is the same after a restart."""
        self._db.execute("INSERT OR IGNORE INTO materials VALUES (?, ?)", (json.dumps(list(key)), json.dumps(jwk)))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _to_row(jwk: StoredJwk) -> tuple[Any, ...]:
    named = (jwk.id, jwk.project, jwk.name, jwk.name.casefold(), jwk.description)
    public = (jwk.source_type, jwk.source_id, jwk.source_url, jwk.type, jwk.kid)
    return (*named, *public, json.dumps(jwk.jwk), int(jwk.detached), json.dumps(jwk.deployed))


def _from_row(row: tuple[Any, ...]) -> StoredJwk:
    identity, project, name, _, description, source_type, source_id, source_url, key_type, kid, *encoded = row
    jwk, detached, deployed = encoded
    return StoredJwk(
        project=project,
        name=name,
        description=description,
        source_type=source_type,
        source_id=source_id,
        source_url=source_url,
        type=key_type,
        kid=kid,
        jwk=json.loads(jwk),
        detached=bool(detached),
        deployed=json.loads(deployed),
        id=identity,
    )
