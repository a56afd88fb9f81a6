"""Packing: whatever is packed comes back, and what looks alike takes little."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jwk_operator.kube.packing import Packer, unpack

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)
OBJECTS = st.dictionaries(st.text(), VALUES) | st.builds(lambda text: {"jwkStr": text * 100}, st.text())


@given(st.lists(OBJECTS))
def test_everything_comes_back(objects: list[dict[str, Any]]) -> None:
    packer = Packer()
    packed = [packer.pack(item) for item in objects]
    assert [unpack(*item) for item in packed] == objects


def test_no_key_outlives_its_object() -> None:
    """What is packed later builds on the sample, which is never let go."""
    packer, key = Packer(), "planted-" * 20
    packer.pack({"spec": {"jwkStr": key, "keys": [key], "description": "short"}})
    _content, sample = packer.pack({})
    assert b"planted" not in sample
    assert b"short" in sample


def _jwk(number: int, conditions: int) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True", "reason": "Deployed", "message": f"Deployed to {number} places."}
    return {
        "metadata": {"name": f"jwk-{number}"},
        "status": {"conditions": [condition | {"n": n} for n in range(conditions)]},
    }


def test_what_looks_alike_takes_little() -> None:
    """Also where the first that are seen have no status yet."""
    packer = Packer()
    packed = [packer.pack(_jwk(number, 0 if number < 100 else 9)) for number in range(300)]
    plain = len(json.dumps(_jwk(200, 9)))
    assert all(len(content) < plain / 10 for content, _sample in packed[200:])
    assert len({sample for _content, sample in packed}) < 5
