"""The sources that stories choose from, as specs, and what each has to become in Apinizer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lifecycle.stage import CERTIFICATE, ENVIRONMENTS, KEYS, Stage, digest_of, text_of

Spec = dict[str, Any]

SECRET = "secret"
_KEY_IN_SECRET = "jwk"

_FIELDS = (
    "url",
    "jwkStr",
    "jwkStrFrom",
    "certificateName",
    "environmentName",
    "useType",
    "algorithm",
    "generate",
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a key comes from: a kind, and which of the keys."""

    kind: str
    number: int = 0

    def spec(self, stage: Stage, prefix: str) -> Spec:
        """Return the source's fields; those of other sources are None, so that a merge patch removes them."""
        own: Spec
        match self.kind:
            case "url":
                own = {"sourceType": "URL", "url": stage.url(self.number)}
            case "pasted":
                own = {"sourceType": "COPY_PASTE", "jwkStr": text_of(self.number)}
            case "secret":
                reference = {"name": f"{prefix}-{SECRET}", "key": _KEY_IN_SECRET}
                own = {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": reference}}
            case "certificate":
                place = {"environmentName": ENVIRONMENTS[-1], "useType": "SIGNATURE", "algorithm": "ES256"}
                own = {"sourceType": "CERTIFICATE", "certificateName": CERTIFICATE, **place}
            case "generated":
                generate = {"type": "EC", "ec": {"curveType": "P256"}, "kid": f"generated-{self.number}"}
                own = {"sourceType": "GENERATE", "generate": generate}
            case _:
                raise AssertionError(f"no source {self.kind}")
        return {**dict.fromkeys(_FIELDS), **own}


@dataclass(frozen=True, slots=True)
class SecretContent:
    """What stands in the Secret that keys are read from: a key, or None for something that is none."""

    number: int | None

    @property
    def data(self) -> dict[str, str]:
        """Return the Secret's data."""
        return {_KEY_IN_SECRET: "{}" if self.number is None else text_of(self.number)}


def wished_digest(spec: Spec, stage: Stage, secret: SecretContent | None) -> str | None:
    """Return the hash of the key that a spec wishes for; None where only Apinizer knows the key."""
    if "jwkStrFrom" in spec and (secret is None or secret.number is None):
        return ""
    if not {"jwkStr", "jwkStrFrom", "url"} & spec.keys():
        return None
    return digest_of(KEYS[number_of(spec, stage, secret)])


def number_of(spec: Spec, stage: Stage, secret: SecretContent | None) -> int:
    """Return which of the keys a spec wishes for; the first one where it names none of them."""
    if "jwkStr" in spec:
        return KEYS.index(json.loads(spec["jwkStr"]))
    if "url" in spec:
        return next(number for number in range(len(KEYS)) if stage.url(number) == spec["url"])
    return (secret.number if "jwkStrFrom" in spec and secret else None) or 0


def wished_source(doc: dict[str, Any], spec: Spec) -> bool:
    """Whether a remote JWK has the origin that the spec names; an update may have cut the link to it."""
    return bool(doc["detached"]) or doc["sourceType"] == spec["sourceType"]
