"""The error answers of the API: ``{"error": CODE, "error_description": TEXT}``."""

from collections.abc import Sequence
from typing import Any


class ApiError(Exception):
    """A refusal, with the status, code and text that the API answers with."""

    def __init__(self, status: int, code: str, text: str, **extra: Any) -> None:
        super().__init__(text)
        self.status = status
        self.body: dict[str, Any] = {"error": code, "error_description": text, **extra}


def bad_request(text: str) -> ApiError:
    """400 ``bad_request``."""
    return ApiError(400, "bad_request", text)


def not_found(method: str, path: str) -> ApiError:
    """404 for a path, slash or method that the contract does not have; never a redirect."""
    return ApiError(404, "not_found", f"No call {method} {path}")


class FieldErrors:
    """Collects what is wrong with a body, so that one answer names every field."""

    def __init__(self) -> None:
        self._errors: list[dict[str, str]] = []

    def add(self, field: str, message: str) -> None:
        """Note that `field` is wrong."""
        self._errors.append({"field": field, "message": message})

    def check(self) -> None:
        """Raise 400 ``validation_failed`` when anything was noted; the first message is the description."""
        if self._errors:
            first: str = self._errors[0]["message"]
            found: Sequence[dict[str, str]] = tuple(self._errors)
            raise ApiError(400, "validation_failed", first, validation_errors=found)
