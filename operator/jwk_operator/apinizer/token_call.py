"""The token call: what is sent, and what its answer means (Apinizer Management API, page on tokens)."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isfinite

import httpx

from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.auth import IssuedToken
from jwk_operator.apinizer.credentials import ClientCredentials
from jwk_operator.apinizer.scrub import Secret


def token_request(http: httpx.AsyncClient, root: str, credential: ClientCredentials) -> httpx.Request:
    """Return the request, form-encoded. `root` is the manager's address with `/apiops`."""
    form = {
        "grant_type": "client_credentials",
        "client_id": credential.client_id.reveal(),
        "client_secret": credential.client_secret.reveal(),
    }
    return http.build_request("POST", f"{root}/auth/token", data=form)


def read_token(status: int, content: bytes) -> IssuedToken | None:
    """Return the token that an answer holds; None when it holds none that a header could carry."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    token = body.get("access_token") if status == 200 and isinstance(body, dict) else None
    if not isinstance(token, str) or not token or not all(0x21 <= ord(character) <= 0x7E for character in token):
        return None
    return IssuedToken(Secret(token), _lifetime(body.get("expires_in")))


def _lifetime(value: object) -> float | None:
    """Seconds; None for what is no time to live, so that the token is used until it is refused."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if isfinite(seconds) and seconds > 0 else None


def of_token_call(answer: Answer) -> Answer:
    """Turn the answer to a token call into that of the call which needed the token.

    The contract's 400 and 401 both say that these credentials are no good, and so does a 403: it is of no project.
    """
    text = f"the token call failed: {answer.text}"
    if answer.verdict is Verdict.RATE_LIMITED:
        return answer
    refused = answer.verdict in (Verdict.UNAUTHORIZED, Verdict.FORBIDDEN)
    if refused or (answer.http_status == 400 and answer.code is not None):
        return replace(answer, verdict=Verdict.UNAUTHORIZED, text=text)
    return replace(answer, verdict=Verdict.SERVER_ERROR, text=text)
