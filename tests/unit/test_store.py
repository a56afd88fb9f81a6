"""What is remembered of watched objects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwk_operator.kube.store import OPEN, Change, Key, Raw, Store, key_of, once

NAMES = ["a", "b", "c"]


def an_object(name: str, version: int, label: str = "x", uid: str = "1", namespace: str = "team") -> Raw:
    metadata = {"namespace": namespace, "name": name, "uid": f"{name}{uid}", "resourceVersion": str(version)}
    return {"metadata": metadata, "label": label}


def a_store() -> Store:
    return Store(lambda raw: dict(raw), label=lambda raw: [raw["label"]], name=lambda raw: [raw["metadata"]["name"]])


OBJECTS = st.builds(an_object, st.sampled_from(NAMES), st.integers(1, 20), st.sampled_from("xyz"))


def assert_consistent(store: Store) -> None:
    by_label: dict[str, list[Key]] = {}
    for key in store:
        found = store.get(key)
        assert found is not None
        by_label.setdefault(found["label"], []).append(key)
        assert store.find("name", key[1]) == [key]
    assert {label: store.find("label", label) for label in "xyz" if store.find("label", label)} == {
        label: sorted(keys) for label, keys in by_label.items()
    }


@given(st.lists(OBJECTS))
def test_the_newest_version_stays_in_any_order(events: list[Raw]) -> None:
    store = a_store()
    newest: dict[Key, Raw] = {}
    for raw in events:
        known = newest.get(key_of(raw))
        newer = known is None or int(raw["metadata"]["resourceVersion"]) > int(known["metadata"]["resourceVersion"])
        assert store.observe("MODIFIED", raw) is (Change.PRESENT if newer else Change.NOTHING)
        if newer:
            newest[key_of(raw)] = raw
    assert {key: store.get(key) for key in store} == newest
    assert len(store) == len(newest)
    assert_consistent(store)


MOVES = st.tuples(st.sampled_from(["ADDED", "MODIFIED", "DELETED", None]), OBJECTS)


@given(st.lists(MOVES), st.sets(st.sampled_from(NAMES)), st.integers(0, 20))
def test_indices_fit_whatever_happens(events: list[tuple[str | None, Raw]], listed: set[str], version: int) -> None:
    store = a_store()
    for event, raw in events:
        store.observe(event, raw)
        assert_consistent(store)
    before = {key: store.get(key) for key in store}
    gone = store.sweep({("team", name) for name in listed}, version, lambda _: True)
    assert_consistent(store)
    for key, known in before.items():
        assert known is not None
        goes = key[1] not in listed and int(known["metadata"]["resourceVersion"]) <= version
        assert (known in gone) == goes == (store.get(key) is None)


@pytest.mark.parametrize(
    ("known", "removed", "change"),
    [
        (None, an_object("a", 1), Change.NOTHING),
        (an_object("a", 1), an_object("a", 2), Change.GONE),
        (an_object("a", 3), an_object("a", 2), Change.GONE),
        (an_object("a", 3, uid="2"), an_object("a", 9, uid="1"), Change.NOTHING),
    ],
    ids=["unknown", "newer", "older, for uids come once", "of an earlier object of that name"],
)
def test_removal(known: Raw | None, removed: Raw, change: Change) -> None:
    store = a_store()
    if known is not None:
        store.put(known)
    assert store.observe("DELETED", removed) is change
    assert (store.get(("team", "a")) is None) is (known is None or change is Change.GONE)


def test_a_sweep_is_only_about_what_was_listed() -> None:
    store = a_store()
    for namespace in ("team", "other"):
        store.put(an_object("a", 1, namespace=namespace))
    gone = store.sweep(set(), 5, lambda key: key[0] == "team")
    assert [key_of(raw) for raw in gone] == [("team", "a")]
    assert list(store) == [("other", "a")]


def test_only_what_is_trimmed_is_kept() -> None:
    store = Store(lambda raw: {"metadata": raw["metadata"]})
    store.put(an_object("a", 1))
    kept: Any = store.get(("team", "a"))
    assert set(kept) == {"metadata"}


def test_more_objects_than_are_kept_at_hand() -> None:
    store = a_store()
    count = 2 * OPEN
    for number in range(count):
        store.put(an_object(f"n{number}", number + 1))
    assert [store.get(key) for key in store] == [an_object(f"n{number}", number + 1) for number in range(count)]
    assert list(store.objects()) == [store.get(key) for key in store]
    changes = store.changes
    assert store.put(an_object("n1", 1)) is Change.NOTHING
    assert store.changes == changes
    assert len(store.find("label", "x")) == count
    for number in range(count):
        assert store.put(an_object(f"n{number}", count + number + 1, label="y")) is Change.PRESENT
    assert (store.find("label", "x"), store.count("label", "y")) == ([], count)
    assert len(store.sweep(set(), 3 * count, lambda _: True)) == count
    assert store.changes == changes + 2 * count
    assert (len(store), list(store), store.values("label"), store.values("name")) == (0, [], set(), set())


def test_what_is_made_of_an_object_is_made_once_for_each_version() -> None:
    store, made = a_store(), []

    def read(raw: Raw) -> str:
        made.append(raw["metadata"]["resourceVersion"])
        return str(raw["label"])

    def look() -> str:
        found = store.get(("team", "a"))
        assert found is not None
        return once(found, read)

    store.put(an_object("a", 1, "x"))
    assert (look(), look(), made) == ("x", "x", ["1"])
    store.put(an_object("a", 2, "y"))
    assert (look(), look(), made) == ("y", "y", ["1", "2"])
    assert once(an_object("a", 3, "z"), read) == "z", "also of one that is in no store"


def test_what_is_made_of_a_spec_goes_on_with_it() -> None:
    store = Store(dict)
    made: list[Raw] = []

    def read(spec: Raw) -> int:
        made.append(spec)
        return len(made)

    def look(version: int, spec: Raw) -> int:
        store.put({**an_object("a", version), "spec": spec})
        found = store.get(("team", "a"))
        assert found is not None
        assert found["spec"] == spec
        return once(found["spec"], read)

    assert [look(1, {"url": "x"}), look(2, {"url": "x"}), look(3, {"url": "y"}), look(4, {"url": "x"})] == [1, 1, 2, 3]


def test_cluster_scoped_objects_have_no_namespace() -> None:
    assert key_of({"metadata": {"name": "a"}}) == ("", "a")
