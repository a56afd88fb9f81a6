"""What a connection logs in with. The values are compared to tell whether a Secret holds something else by now."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from jwk_operator.apinizer.scrub import Secret


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A personal or service token, sent as it is."""

    token: Secret

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must not be shown."""
        return (self.token.reveal(),)


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Client credentials, exchanged for a token (Apinizer Management API, page on tokens)."""

    client_id: Secret
    client_secret: Secret

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must not be shown."""
        return self.client_id.reveal(), self.client_secret.reveal()


Credential = StaticToken | ClientCredentials


def expiry_of(token: Secret) -> datetime | None:
    """Return when a token ends, if it is a JWT that says so (RFC 7519 section 4.1.4); nothing is verified."""
    parts = token.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        end = claims["exp"]
        if isinstance(end, bool) or not isinstance(end, int | float):
            return None
        return datetime.fromtimestamp(end, UTC)
    except (binascii.Error, ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None
