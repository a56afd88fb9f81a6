"""A JWK as the project's list shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemoteEntry:
    """One entry of the project's list (Apinizer Management API, JWK list page). It holds no key material."""

    description: str
    source_type: str
    source_url: str | None
    type: str | None
    kid: str | None
