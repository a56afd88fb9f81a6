"""What a body may hold (contract: "Create: request body", "Generate: request body")."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .algorithms import ALGORITHMS, GENERATE_ALGORITHMS, KEY_TYPES, KNOWN, USE_TYPES, curve_fits
from .errors import FieldErrors

Body = Mapping[str, Any]

_LOOKED_UP = ("environmentName", "useType", "algorithm")
_URL_OPTIONS = ("urlOptionConnectTimeout", "urlOptionReadTimeout", "urlOptionSizeLimit")

#: Needed and optional fields by source type.
SOURCES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "URL": (("url",), (*_URL_OPTIONS, "kid")),
    "COPY_PASTE": (("jwkStr",), ("kid",)),
    "CERTIFICATE": (("certificateName", *_LOOKED_UP), ()),
    "PUBLIC_KEY": (("keyName", *_LOOKED_UP), ()),
    "PRIVATE_KEY": (("keyName", *_LOOKED_UP), ()),
    "KEYSTORE": (("keyStoreName", "aliasName", *_LOOKED_UP), ()),
}

_LABELS = {
    "url": "URL",
    "jwkStr": "JWK string",
    "certificateName": "Certificate name",
    "keyName": "Key name",
    "keyStoreName": "Keystore name",
    "aliasName": "Alias name",
    "environmentName": "Environment name",
    "useType": "Use type",
    "algorithm": "Algorithm",
}
_SOURCE_FIELDS = frozenset(field for needed, optional in SOURCES.values() for field in (*needed, *optional))
_MAX_INT = 2**31 - 1

_OPTIONS_OF: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "rsa": {"keySize": (2048, 3072, 4096)},
    "ec": {"curveType": ("P256", "P384", "P521", "SECP256K1")},
    "oct": {"keySize": (128, 192, 256)},
    "okp": {"curveType": ("ED25519", "X25519")},
}
_OCT_NUMBERS = ("passwordSaltLength", "passwordIterationCount")
_KEY_ID_TYPES = ("TIMESTAMP", "SHA256", "SHA1", "ISO_DATE", "NONE")
_TIMES = ("notBeforeTime", "expirationTime")


def check_create(body: Body) -> None:
    """Raise 400 ``validation_failed`` unless `body` is a create request."""
    errors = FieldErrors()
    _check_types(body, errors)
    _check_name(body, errors)
    source = body.get("sourceType")
    if source in (None, ""):
        errors.add("sourceType", "Source type is required!")
    elif not isinstance(source, str) or source not in SOURCES:
        errors.add("sourceType", f"sourceType must be one of {', '.join(SOURCES)}!")
    else:
        _check_source(body, source, errors)
    for field in body:
        if field not in _SOURCE_FIELDS and field not in ("name", "description", "sourceType"):
            errors.add(field, f"{field} is an unknown field!")
    errors.check()


def check_update(body: Body) -> None:
    """Raise unless `body` has a name, a description or both, and nothing else."""
    errors = FieldErrors()
    _check_types(body, errors)
    if "name" in body:
        _check_name(body, errors)
    for field in body:
        if field not in ("name", "description"):
            known = field in _SOURCE_FIELDS or field == "sourceType"
            errors.add(field, f"{field} can not be updated!" if known else f"{field} is an unknown field!")
    errors.check()


def _check_types(body: Body, errors: FieldErrors) -> None:
    for field, value in body.items():
        if field in _URL_OPTIONS:
            _check_number(field, value, errors)
        elif field in _SOURCE_FIELDS | {"name", "description", "sourceType"} and not isinstance(value, str):
            errors.add(field, f"{field} must be a string!")


def _check_number(field: str, value: Any, errors: FieldErrors) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MAX_INT:
        errors.add(field, f"{field} must be a positive integer!")


def _check_name(body: Body, errors: FieldErrors) -> None:
    name = body.get("name", "")
    if isinstance(name, str) and not name.strip():
        errors.add("name", "JWK name can not be empty!")


def _check_source(body: Body, source: str, errors: FieldErrors) -> None:
    needed, optional = SOURCES[source]
    for field in needed:
        if body.get(field, "") == "":
            errors.add(field, f"{_LABELS[field]} is required for {source} source type!")
    for field in body:
        if field in _SOURCE_FIELDS and field not in (*needed, *optional):
            errors.add(field, f"{field} is not allowed for {source} source type!")
    _check_use(body, "useType", errors)
    algorithm = body.get("algorithm")
    if algorithm in KEY_TYPES:
        errors.add("algorithm", f"{algorithm} is a key type, not an algorithm!")
    elif isinstance(algorithm, str) and algorithm and algorithm not in KNOWN:
        errors.add("algorithm", f"algorithm ({algorithm}) is unknown!")


def _check_use(body: Body, field: str, errors: FieldErrors) -> None:
    use = body.get(field)
    if isinstance(use, str) and use and use not in USE_TYPES:
        errors.add(field, f"{field} must be one of {', '.join(USE_TYPES)}!")


def check_algorithm(key_type: str, use: str, algorithm: str) -> None:
    """Raise unless the algorithm stands in the table for this key type and use."""
    if algorithm not in ALGORITHMS[key_type, use]:
        errors = FieldErrors()
        errors.add("algorithm", f"{algorithm} does not fit a key of type {key_type} with use type {use}!")
        errors.check()


def check_generate(body: Body) -> None:
    """Raise 400 ``validation_failed`` unless `body` is a generate request."""
    errors = FieldErrors()
    _check_name(body, errors)
    for field in ("name", "description", "kid"):
        if field in body and not isinstance(body[field], str):
            errors.add(field, f"{field} must be a string!")
    key_type = body.get("type")
    if key_type in (None, ""):
        errors.add("type", "JWK type can not be empty!")
    elif key_type not in KEY_TYPES:
        errors.add("type", f"type must be one of {', '.join(KEY_TYPES)}!")
    else:
        _check_options(body, str(key_type), errors)
    for field in body:
        if field not in ("name", "description", "kid", "type", *_OPTIONS_OF):
            errors.add(field, f"{field} is an unknown field!")
    errors.check()


def _check_options(body: Body, key_type: str, errors: FieldErrors) -> None:
    own = key_type.lower()
    for field in _OPTIONS_OF:
        if field in body and field != own:
            errors.add(field, f"{field} is not allowed for {key_type} type!")
    options = body.get(own)
    if options is None:
        errors.add(own, f"{own} is required for {key_type} type!")
    elif not isinstance(options, dict):
        errors.add(own, f"{own} must be an object!")
    else:
        _check_members(own, options, errors)
        _check_generate_algorithm(own, options, errors)
        _check_times(own, options, errors)


def _check_members(own: str, options: Body, errors: FieldErrors) -> None:
    for field, allowed in _OPTIONS_OF[own].items():
        value = options.get(field)
        if isinstance(value, bool) or not isinstance(value, int | str) or value not in allowed:
            errors.add(f"{own}.{field}", f"{field} must be one of {', '.join(map(str, allowed))}!")
    choices = {"keyUseType": USE_TYPES, "keyIdType": _KEY_ID_TYPES}
    for field, names in choices.items():
        if field in options and options[field] not in names:
            errors.add(f"{own}.{field}", f"{field} must be one of {', '.join(names)}!")
    numbers = _OCT_NUMBERS if own == "oct" else ()
    for field in options:
        if field in numbers:
            _check_number(field, options[field], errors)
        elif field not in (*_OPTIONS_OF[own], *choices, *_TIMES, "algorithm"):
            errors.add(f"{own}.{field}", f"{field} is not allowed in {own}!")


def _check_generate_algorithm(own: str, options: Body, errors: FieldErrors) -> None:
    use, algorithm = options.get("keyUseType", "SIGNATURE"), options.get("algorithm")
    if "algorithm" not in options or use not in USE_TYPES:
        return
    if algorithm in KEY_TYPES:
        errors.add(f"{own}.algorithm", f"{algorithm} is a key type, not an algorithm!")
        return
    names = GENERATE_ALGORITHMS[own.upper(), use]
    if not isinstance(algorithm, str) or algorithm not in names:
        errors.add(f"{own}.algorithm", f"algorithm must be one of {', '.join(names)}!")
    elif isinstance(options.get("curveType"), str) and not curve_fits(algorithm, options["curveType"]):
        errors.add(f"{own}.algorithm", f"{algorithm} does not fit the curve {options['curveType']}!")


def _check_times(own: str, options: Body, errors: FieldErrors) -> None:
    for field in _TIMES:
        if field in options and moment(options[field]) is None:
            errors.add(f"{own}.{field}", f"{field} must be an ISO 8601 date and time!")
    start, end = (moment(options.get(field)) for field in _TIMES)
    if start and end and end <= start:
        errors.add(f"{own}.expirationTime", "expirationTime must be after notBeforeTime!")


def moment(value: Any) -> datetime | None:
    """An ISO 8601 moment, UTC unless it says otherwise; None when it is not one."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
