"""What every resource model shares: names of the API group and the mapping between Python and JSON field names."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel

GROUP = "apiops.apinizer.com"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

FINALIZER = f"{GROUP}/jwk"
IN_USE_FINALIZER = f"{GROUP}/in-use"


def in_use_finalizer(shard: str = "") -> str:
    """Return the finalizer of connections in use; each shard has its own, as it knows of its own JWKs alone."""
    return f"{IN_USE_FINALIZER}-{shard}" if shard else IN_USE_FINALIZER


REMOTE_ANNOTATION = f"{GROUP}/remote"
CLAIM_ANNOTATION = f"{GROUP}/claim"
ASIDE_ANNOTATION = f"{GROUP}/aside"
RECONCILE_ANNOTATION = f"{GROUP}/reconcile-requested-at"


def list_map(key: str) -> dict[str, JsonValue]:
    """Return the schema extension of a list whose entries are told apart by one field."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


LIST_SET: dict[str, JsonValue] = {"x-kubernetes-list-type": "set"}


class ApiModel(BaseModel):
    """A part of a resource. Python names are snake_case, JSON names camelCase; instances are immutable."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )


# nine digits a number: what passes is never more than a timedelta holds
DURATION_PATTERN = r"^([0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h))+$"
DURATION_MAX_LENGTH = 32
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: object) -> object:
    """Turn a duration as Kubernetes writes it (`10m`, `1h30m`, `0s`) into a timedelta.

    Anything but a string is passed on as it is. Raises ValueError for a string of another form.
    """
    if not isinstance(value, str):
        return value
    if len(value) > DURATION_MAX_LENGTH or not re.fullmatch(DURATION_PATTERN, value):
        raise ValueError("must be a duration such as 30s, 10m or 1h30m")
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(value)))


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "maxLength": DURATION_MAX_LENGTH}),
]


def spec_problems(error: ValidationError) -> str:
    """Say which fields of a spec are wrong and how; the values themselves stay out of it."""
    return "; ".join(
        f"spec.{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)
    )
