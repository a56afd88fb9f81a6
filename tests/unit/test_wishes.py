"""What manifests make of objects, worked out as the API server does it."""

from __future__ import annotations

import base64
import copy
from typing import Any

import pytest

from jwk_operator.api.base import API_VERSION
from jwk_operator.planning.wishes import (
    WishError,
    applied,
    applied_data,
    applied_labels,
    deleted,
    wishes_of,
)
from unit.builders import NOW

Raw = dict[str, Any]


def manifest(kind: str = "JWK", name: str = "one", **more: Any) -> Raw:
    version = "v1" if kind in ("Secret", "ConfigMap", "Namespace") else API_VERSION
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more}


def stored(**metadata: Any) -> Raw:
    known = {"namespace": "team", "name": "one", "uid": "u", "resourceVersion": "7", "generation": 3}
    return {"metadata": {**known, **metadata}, "spec": {"kid": "k"}, "status": {"failures": 1}}


def test_manifests_are_sorted_by_kind_and_get_a_namespace() -> None:
    foreign = [{"apiVersion": "apps/v1", "kind": "Deployment"}, {"apiVersion": "other/v1", "kind": "JWK"}, {}]
    given = [manifest(), manifest("Secret"), manifest("ClusterApinizerConnection"), manifest("Namespace"), *foreign]
    wishes = wishes_of([("file:1", item) for item in given], "team")
    found = {kind: list(objects) for kind, objects in wishes.objects.items() if objects}
    assert found == {
        "JWK": [("team", "one")],
        "ClusterApinizerConnection": [("", "one")],
        "Secret": [("team", "one")],
        "Namespace": [("", "one")],
    }
    assert wishes.namespaces == {"team"}
    assert wishes.of("JWK")["team", "one"]["metadata"] == {"name": "one", "namespace": "team"}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (manifest(), "b:2: JWK team/one is in a:1 already; keep one of the two"),
        ({**manifest(), "metadata": "one"}, "b:2: metadata must be an object"),
    ],
)
def test_manifests_that_contradict_one_another(second: Raw, message: str) -> None:
    with pytest.raises(WishError, match=message):
        wishes_of([("a:1", manifest()), ("b:2", second)], "team")


def test_a_new_object() -> None:
    wish = {**manifest(spec={"kid": "k"}), "status": {"failures": 9}}
    after = applied(wish, None, NOW)
    assert (after["spec"], after["status"]) == ({"kid": "k"}, {})
    assert after["metadata"]["generation"] == 1
    assert after["metadata"]["creationTimestamp"] == "2027-01-01T12:00:00Z"
    assert after["metadata"]["uid"] != applied(wish, None, NOW)["metadata"]["uid"]


def test_a_new_spec_is_a_new_generation() -> None:
    known = stored(annotations={"theirs": "a"}, finalizers=["ours"])
    before = copy.deepcopy(known)
    after = applied(manifest(spec={"kid": "other"}), known, NOW)
    assert known == before
    assert after == {
        **known,
        "metadata": {**known["metadata"], "generation": 4, "resourceVersion": "8"},
        "spec": {"kid": "other"},
    }


def test_annotations_are_added_and_no_new_generation() -> None:
    wish = manifest(spec={"kid": "k"})
    wish["metadata"]["annotations"] = {"mine": "b"}
    after = applied(wish, stored(annotations={"theirs": "a"}), NOW)
    assert after["metadata"]["annotations"] == {"theirs": "a", "mine": "b"}
    assert (after["metadata"]["generation"], after["metadata"]["resourceVersion"]) == (3, "8")
    same = applied(manifest(spec={"kid": "k"}), stored(annotations={}), NOW)
    assert same["metadata"]["resourceVersion"] == "7"


def test_what_is_deleted_stays_for_its_finalizers() -> None:
    assert deleted(stored(), NOW) is None
    after = deleted(stored(finalizers=["ours"]), NOW)
    assert after is not None
    assert after["metadata"] | {"finalizers": []} == {
        **stored(finalizers=[])["metadata"],
        "generation": 4,
        "resourceVersion": "8",
        "deletionTimestamp": "2027-01-01T12:00:00Z",
    }
    assert deleted(after, NOW) == after


def test_data_of_a_secret() -> None:
    def encoded(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    wish = manifest("Secret", data={"a": encoded("new")}, stringData={"b": "plain", "number": 1})
    new = applied_data(wish, None)
    assert new["data"] == {"a": encoded("new"), "b": encoded("plain")}
    known = {**stored(), "data": {"a": encoded("old"), "theirs": "x"}}
    after = applied_data(wish, known)
    assert after["data"] == {"a": encoded("new"), "theirs": "x", "b": encoded("plain")}
    assert after["metadata"]["resourceVersion"] == "8"
    assert applied_data(wish, after)["metadata"]["resourceVersion"] == "8", "it says the same"
    assert applied_data(manifest("Secret", data=["no", "object"]), known) == known


def test_labels_of_a_namespace() -> None:
    wish = manifest("Namespace")
    wish["metadata"]["labels"] = {"mine": "b"}
    after = applied_labels(wish, stored(labels={"theirs": "a"}))
    assert (after["metadata"]["labels"], after["metadata"]["resourceVersion"]) == ({"theirs": "a", "mine": "b"}, "8")
    assert applied_labels(wish, after)["metadata"]["resourceVersion"] == "8"
    assert applied_labels(wish, None)["metadata"]["labels"] == {"mine": "b"}
