"""Logs: one line for each decision, as text or JSON, with nothing in them that a Secret or a key holds."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

_ENCODER = json.JSONEncoder(default=str, ensure_ascii=False)


def fields(**values: Any) -> dict[str, Any]:
    """Return the `extra` argument of a log call for structured fields."""
    return {"fields": values}


class _Formatter(logging.Formatter):
    """Exceptions are told by type and place: their own texts may hold what somebody else put there."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the standard library's name
        kind, _value, where = ei
        return "".join(traceback.format_tb(where)) + getattr(kind, "__name__", "Exception")

    def parts(self, record: logging.LogRecord) -> dict[str, Any]:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        parts = {"time": when, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        parts.update({name: value for name, value in getattr(record, "fields", {}).items() if value not in ("", None)})
        if record.exc_info:
            parts["exception"] = self.formatException(record.exc_info)
        return parts


class JsonFormatter(_Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return _ENCODER.encode(self.parts(record))


class TextFormatter(_Formatter):
    """Time, level and message, then the fields as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        parts = self.parts(record)
        head = f"{parts.pop('time')} {parts.pop('level'):7} {parts.pop('message')}"
        exception = parts.pop("exception", None)
        parts.pop("logger")
        told = " ".join(f"{name}={value}" for name, value in parts.items())
        return "\n".join(part for part in (f"{head}  {told}".rstrip(), exception) if part)


_OWN = logging.getLogger("jwk_operator")


def change_level(level: int) -> None:
    """Log at another level from now on, and say so."""
    _OWN.setLevel(level)
    _OWN.warning("log level is %s from now on", logging.getLevelName(level).lower())


def set_up_logs(level: str, form: str) -> None:
    """Log to standard error at `level` (debug to error) in `form` (text or json)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _OWN.setLevel(level.upper())
    # Their debug and info logs print whole objects and requests, with keys in them.
    for name in ("kopf", "aiohttp", "httpx", "httpcore", "kubernetes", "urllib3", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
