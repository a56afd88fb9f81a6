"""The stand-in for the API server: it reads on, and what is patched in it stays in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwk_operator.kube.client import CONFIG_MAPS, EVENTS, JWKS, SECRETS, ApiError, Raw
from jwk_operator.planning.objects import Objects, merged
from unit.cluster import FakeCluster
from unit.merge import merged as as_the_rfc_says

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def jwk(**metadata: object) -> dict[str, Any]:
    known = {"namespace": "team", "name": "one", "uid": "u", "resourceVersion": "7"}
    return {"metadata": {**known, **metadata}, "spec": {"kid": "k"}, "status": {"failures": 1}}


async def refusal(objects: Objects, patch: dict[str, Any]) -> int:
    with pytest.raises(ApiError) as caught:
        await objects.merge_patch(JWKS, "team", "one", patch)
    return caught.value.status


@given(JSON, JSON)
def test_patches_are_merged_as_the_rfc_says(target: object, patch: object) -> None:
    assert merged(target, patch) == as_the_rfc_says(target, patch)


async def test_what_is_not_in_memory_is_asked_for_once() -> None:
    cluster = FakeCluster()
    cluster.put(SECRETS, {"metadata": {"namespace": "team", "name": "key"}, "data": {"a": "b"}})
    objects = Objects(cluster.client)
    for _ in range(2):
        assert (await objects.get(SECRETS, "team", "key"))["data"] == {"a": "b"}
        assert await objects.find(CONFIG_MAPS, "team", "none") is None
    assert cluster.calls == [("get", "secrets", "key"), ("get", "configmaps", "none")]


async def test_without_a_cluster_there_is_what_was_put() -> None:
    objects = Objects()
    assert await objects.find(JWKS, "team", "one") is None
    objects.put(JWKS, jwk())
    found = await objects.get(JWKS, "team", "one")
    found["spec"]["kid"] = "changed"
    assert (await objects.get(JWKS, "team", "one"))["spec"] == {"kid": "k"}


async def test_patches_change_the_memory_alone() -> None:
    cluster = FakeCluster()
    cluster.put(JWKS, jwk())
    objects = Objects(cluster.client)
    before = await objects.get(JWKS, "team", "one")
    version = before["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version, "finalizers": ["ours"]}}
    after = await objects.merge_patch(JWKS, "team", "one", patch)
    assert after["metadata"]["finalizers"] == ["ours"]
    assert int(after["metadata"]["resourceVersion"]) > int(version)
    assert after == await objects.get(JWKS, "team", "one")
    assert cluster.calls == [("get", "jwks", "one")]
    assert await refusal(objects, patch) == 409
    assert await refusal(objects, {"metadata": {"uid": "another"}}) == 409


async def test_a_patch_of_the_status_changes_nothing_else() -> None:
    objects = Objects()
    objects.put(JWKS, jwk())
    patch = {"metadata": {"uid": "u"}, "spec": {"kid": "other"}, "status": {"failures": None, "environments": "1/1"}}
    after = await objects.merge_patch(JWKS, "team", "one", patch, "status")
    assert (after["spec"], after["status"]) == ({"kid": "k"}, {"environments": "1/1"})


async def test_what_is_deleted_goes_with_its_last_finalizer() -> None:
    objects = Objects()
    objects.put(JWKS, jwk(deletionTimestamp="2027-01-01T00:00:00Z", finalizers=["ours"]))
    await objects.merge_patch(JWKS, "team", "one", {"metadata": {"finalizers": None}})
    assert await objects.find(JWKS, "team", "one") is None
    assert await refusal(objects, {}) == 404


async def test_events_are_kept_to_be_told() -> None:
    objects = Objects()
    body = {"metadata": {"generateName": "one."}, "involvedObject": {"uid": "u"}, "reason": "Adopted", "message": "m"}
    await objects.create(EVENTS, "team", body)
    assert (list(objects.news("u")), list(objects.news("v"))) == ([("Adopted", "m")], [])
    with pytest.raises(AssertionError):
        await objects.create(SECRETS, "team", body)


def relabelled(before: Raw | None) -> Raw:
    version = int(before["metadata"]["resourceVersion"]) + 1 if before else 1
    return {"metadata": {"namespace": "team", "name": "key", "resourceVersion": str(version)}, "data": {"a": "new"}}


async def test_what_is_expected_happens_when_it_is_asked_for() -> None:
    cluster = FakeCluster()
    cluster.put(SECRETS, {"metadata": {"namespace": "team", "name": "key"}, "data": {"a": "old"}})
    cluster.put(SECRETS, {"metadata": {"namespace": "team", "name": "same"}})
    objects = Objects(cluster.client)
    objects.expect(SECRETS, "team", "key", relabelled)
    objects.expect(SECRETS, "team", "same", lambda before: before or {})
    objects.expect(SECRETS, "team", "nobody's", relabelled)
    assert await objects.is_changed(SECRETS, "team", "key")
    assert not await objects.is_changed(SECRETS, "team", "same")
    assert not await objects.is_changed(SECRETS, "team", "another")
    assert (await objects.get(SECRETS, "team", "key"))["data"] == {"a": "new"}
    assert cluster.calls == [("get", "secrets", "key"), ("get", "secrets", "same")]


async def test_what_may_not_be_read_counts_as_new() -> None:
    class Forbidding(FakeCluster):
        async def get(self, *_: object) -> Raw:
            raise ApiError(403, "Forbidden", "no")

    objects = Objects(Forbidding().client)
    objects.expect(SECRETS, "team", "key", relabelled)
    assert await objects.is_changed(SECRETS, "team", "key")
    with pytest.raises(ApiError):
        await objects.find(SECRETS, "team", "another")
