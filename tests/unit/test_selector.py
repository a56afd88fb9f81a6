"""Label selectors in one line, and the shards that they make."""

from __future__ import annotations

from typing import Any

import pytest

from jwk_operator.api.selector import parse_selector, selects
from jwk_operator.kube.jwks import open_store
from jwk_operator.kube.store import Change
from jwk_operator.runtime.settings import Settings, Shard

BLUE, RED = {"team": "blue"}, {"team": "red"}


@pytest.mark.parametrize(
    ("text", "selected", "others"),
    [
        ("team=blue", [BLUE, {**BLUE, "x": "y"}], [RED, {}]),
        ("team==blue", [BLUE], [RED, {}]),
        ("team!=blue", [RED, {}], [BLUE]),
        ("team", [RED, BLUE], [{}]),
        ("!team", [{}], [RED]),
        (" team in ( blue , red ) , ! x", [RED, BLUE], [{}, {**BLUE, "x": ""}]),
        ("team notin (blue)", [RED, {}], [BLUE]),
        ("example.com/team=blue,a.b/c", [{"example.com/team": "blue", "a.b/c": "1"}], [BLUE]),
        ("team=", [{"team": ""}], [BLUE, {}]),
    ],
)
def test_selectors(text: str, selected: list[dict[str, str]], others: list[dict[str, str]]) -> None:
    selector = parse_selector(text)
    assert [labels for labels in (*selected, *others) if selects(selector, labels)] == selected


@pytest.mark.parametrize(
    "text", ["", " ", ",", "a=b,", "a b", "a in b", "a in (b", "=b", "a=b c", "!", "a>1", "-a=b", "a=b,,c"]
)
def test_what_is_no_selector(text: str) -> None:
    with pytest.raises(ValueError, match=r"requirement|empty"):
        parse_selector(text)


def test_shards_are_named_by_what_they_select() -> None:
    assert Shard("a=b, c").name == Shard("c,a in (b)").name
    assert Shard("a=b").name != Shard("a!=b").name
    assert len(Shard("a=b").name) == 8


def a_jwk(version: int, **labels: str) -> dict[str, Any]:
    metadata = {"name": "one", "namespace": "team", "uid": "u", "resourceVersion": str(version), "labels": labels}
    return {"metadata": metadata, "spec": {"sourceType": "URL", "url": "https://h"}}


def test_a_jwk_leaves_a_shard_and_comes_back() -> None:
    store = open_store(Settings(shard=Shard("team=blue")).serves)
    assert store.observe("ADDED", a_jwk(1, team="red")) is Change.NOTHING
    assert store.observe("MODIFIED", a_jwk(2, team="blue")) is Change.PRESENT
    assert store.observe("MODIFIED", a_jwk(3, team="red")) is Change.GONE
    assert len(store) == 0
    assert store.observe("MODIFIED", a_jwk(4, team="blue")) is Change.PRESENT
    assert store.sweep(set(), 9, lambda _: True, for_good=False)
    assert store.observe("MODIFIED", a_jwk(10, team="blue")) is Change.PRESENT
    assert store.observe("DELETED", a_jwk(11, team="blue")) is Change.GONE
    assert store.observe("MODIFIED", a_jwk(10, team="blue")) is Change.NOTHING
