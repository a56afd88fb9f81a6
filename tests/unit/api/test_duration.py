"""Durations as Kubernetes writes them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from jwk_operator.api.base import DURATION_MAX_LENGTH, DURATION_PATTERN, Duration, parse_duration

UNITS = {"h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1), "ms": timedelta(milliseconds=1)}
PARTS = st.lists(st.tuples(st.integers(0, 9999), st.sampled_from(sorted(UNITS))), min_size=1, max_size=4)


@given(PARTS)
def test_parts_add_up(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    expected = sum((number * UNITS[unit] for number, unit in parts), timedelta())
    parsed = parse_duration(text)
    assert isinstance(parsed, timedelta)
    assert abs(parsed - expected) <= timedelta(microseconds=1)


@given(st.from_regex(DURATION_PATTERN, fullmatch=True).filter(lambda text: len(text) <= DURATION_MAX_LENGTH))
@example("999999999h" * 3)
def test_whatever_the_schema_accepts_is_parsed(text: str) -> None:
    assert isinstance(parse_duration(text), timedelta)


@given(st.text().filter(lambda text: not re.fullmatch(DURATION_PATTERN, text)))
@example("")
@example("10")
@example("1d")
@example("-1s")
@example("1s\n")
@example("10 m")
@example("0s" * 17)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="must be a duration such as 30s, 10m or 1h30m"):
        TypeAdapter(Duration).validate_python(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), ("250ms", 0.25), ("1m30s", 90)]
)
def test_examples(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


def test_what_is_no_string_is_passed_on() -> None:
    assert parse_duration(timedelta(1)) == timedelta(1)
