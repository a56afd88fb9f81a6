"""The finalizer of connections in use: when it comes and goes, and that no race or lost answer leaves it out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jwk_operator.api.base import CLAIM_ANNOTATION, FINALIZER, IN_USE_FINALIZER, REMOTE_ANNOTATION
from jwk_operator.api.names import Claim, RemoteName
from jwk_operator.kube.client import CLUSTER_CONNECTIONS, CONNECTIONS, ApiError, ApiUnavailableError
from jwk_operator.kube.connections import ConnectionWriter, trim_connection
from jwk_operator.kube.jwks import open_store
from jwk_operator.kube.store import Raw, Store
from jwk_operator.reconcile.protection import Protection
from unit.cluster import FakeCluster

MAIN = ("ApinizerConnection", "team", "default")
SHARED = ("ClusterApinizerConnection", "", "main")
GOING: dict[str, Any] = {"deletionTimestamp": "2027-01-01T00:00:00Z"}
THEIRS = "example.com/theirs"


def a_jwk(name: str = "one", *, version: int = 1, claims: bool = False, going: bool = False, **spec: Any) -> Raw:
    """A JWK as the API server has it."""
    metadata: Raw = {"name": name, "namespace": "team", "uid": f"uid-{name}", "resourceVersion": str(version)}
    if claims:
        claim = Claim(RemoteName("shop", name), f"uid-{name}", "v", "s")
        marks = {REMOTE_ANNOTATION: claim.remote.encode(), CLAIM_ANNOTATION: claim.encode()}
        metadata |= {"annotations": marks, "finalizers": [FINALIZER]}
    return {"metadata": {**metadata, **(GOING if going else {})}, "spec": {"sourceType": "URL", "url": "u", **spec}}


class World:
    """One namespace with a connection, and a protection that knows what is put into it."""

    def __init__(self, *jwks: Raw, **connection: Any) -> None:
        self.cluster = FakeCluster()
        self.jwks, self.connections = open_store(), Store(trim_connection)
        writer = ConnectionWriter(self.cluster.client, self.connections, self.notify)
        self.protection = Protection(self.jwks, self.connections, writer)
        self.told: list[str] = []
        for raw in jwks:
            self.jwks.put(raw)
        self.have(**connection)

    def notify(self, event: str, raw: Raw) -> None:
        self.told.append(event)
        self.connections.observe(event, raw)

    def have(self, *finalizers: str, uid: str = "c", seen: bool = True, **metadata: Any) -> None:
        """Have the connection with these finalizers; `seen` says whether the operator knows already."""
        own = {"name": "default", "namespace": "team", "uid": uid, "finalizers": list(finalizers), **metadata}
        raw = self.cluster.put(CONNECTIONS, {"metadata": own, "spec": {"baseUrl": "https://m"}})
        if seen:
            self.connections.put(raw)

    @property
    def finalizers(self) -> list[str] | None:
        """The connection's finalizers; None when it is gone."""
        found = self.cluster.objects.get((CONNECTIONS.plural, "team", "default"))
        return None if found is None else list(found["metadata"].get("finalizers") or ())

    def seen(self, name: str = "one") -> Raw:
        """A JWK as it is remembered."""
        found = self.jwks.get(("team", name))
        assert found is not None
        return found

    async def claim(self, name: str = "one", error: Exception | None = None) -> bool:
        """Claim for a JWK, as the reconciler does; `error` is what the claim's own patch ends in."""
        async with self.protection.claiming(self.seen(name)) as may:
            if may and error is not None:
                raise error
            if may:
                assert IN_USE_FINALIZER in (self.finalizers or ()), "claimed through a connection that is not held"
                self.jwks.put(a_jwk(name, version=9, claims=True))
            return may


async def test_many_claims_take_one_patch_that_comes_first() -> None:
    world = World(*(a_jwk(f"jwk-{number}") for number in range(20)))
    world.cluster.gate.clear()
    claims = asyncio.gather(*(world.claim(f"jwk-{number}") for number in range(20)))
    await _until_patched(world, 1)
    world.cluster.gate.set()
    assert all(await claims)
    assert world.finalizers == [IN_USE_FINALIZER]
    assert world.cluster.calls == [("patch", CONNECTIONS.plural, "default")]


@pytest.mark.parametrize("spec", [{"deletionPolicy": "Retain"}, {"suspend": True}])
async def test_who_deletes_nothing_claims_without_a_finalizer(spec: dict[str, Any]) -> None:
    world = World(a_jwk(**spec))
    async with world.protection.claiming(world.seen()) as may:
        assert may
    assert world.cluster.calls == []


async def test_a_claim_that_stands_is_renewed_even_if_the_connection_goes() -> None:
    world = World(a_jwk(claims=True))
    world.have(IN_USE_FINALIZER, **GOING)
    async with world.protection.claiming(world.seen()) as may:
        assert may
    assert world.cluster.calls == []


@pytest.mark.parametrize("finalizers", [(THEIRS,), (IN_USE_FINALIZER,)])
async def test_no_claim_through_a_connection_that_goes(finalizers: tuple[str, ...]) -> None:
    world = World(a_jwk(), a_jwk("two", claims=True))
    world.have(*finalizers, **GOING)
    assert not await world.claim()
    assert world.cluster.calls == []


@pytest.mark.parametrize("how", ["goes", "gone", "another"])
async def test_a_connection_that_went_meanwhile_is_found_out(how: str) -> None:
    world = World(a_jwk())
    if how == "goes":
        world.have(THEIRS, seen=False, **GOING)
    elif how == "gone":
        world.cluster.objects.clear()
    else:
        world.have(uid="other", seen=False)
    assert await world.claim() is (how == "another")
    assert world.told == {"goes": ["ADDED"], "gone": ["DELETED"], "another": ["DELETED", "ADDED", "MODIFIED"]}[how]
    assert (world.connections.get(MAIN[1:]) is None) is (how == "gone")


async def test_a_conflict_is_read_again_and_nobody_elses_finalizer_is_lost() -> None:
    world = World(a_jwk())
    world.have(THEIRS, seen=False)
    assert await world.claim()
    assert world.finalizers == [THEIRS, IN_USE_FINALIZER]
    assert world.cluster.calls == [
        *(("patch", CONNECTIONS.plural, "default"), ("get", CONNECTIONS.plural, "default")),
        ("patch", CONNECTIONS.plural, "default"),
    ]


async def test_the_last_one_that_needs_it_frees_it() -> None:
    world = World(a_jwk(claims=True), a_jwk("two", claims=True, going=True))
    world.have(THEIRS, IN_USE_FINALIZER)
    world.jwks.remove(world.seen("two"))
    await world.protection.settle(MAIN)
    assert world.finalizers == [THEIRS, IN_USE_FINALIZER]
    world.jwks.put(a_jwk(version=2, claims=True, deletionPolicy="Retain"))
    await world.protection.settle(MAIN)
    assert world.finalizers == [THEIRS]
    world.jwks.put(a_jwk(version=3, claims=True))
    await world.protection.settle(MAIN)
    assert world.finalizers == [THEIRS, IN_USE_FINALIZER]


async def test_a_connection_that_ends_with_its_finalizer_is_gone_at_once() -> None:
    world = World()
    world.have(IN_USE_FINALIZER, **GOING)
    await world.protection.settle(MAIN)
    assert (world.finalizers, world.told, world.cluster.patches()) == (None, ["DELETED"], ["default"])
    assert world.connections.get(MAIN[1:]) is None


async def test_a_shared_connection_is_held_without_a_namespace() -> None:
    world = World(a_jwk(claims=True, connectionRef={"kind": SHARED[0], "name": "main"}))
    world.connections.put(world.cluster.put(CLUSTER_CONNECTIONS, {"metadata": {"name": "main", "uid": "s"}}))
    await world.protection.settle(SHARED)
    found = world.cluster.objects[CLUSTER_CONNECTIONS.plural, "", "main"]
    assert found["metadata"]["finalizers"] == [IN_USE_FINALIZER]


# --- races and lost answers -----------------------------------------------------------------------------------------


async def _until_patched(world: World, count: int) -> None:
    while len(world.cluster.patches()) < count:
        await asyncio.sleep(0)


async def test_a_claim_waits_for_a_removal_under_way_and_has_it_undone() -> None:
    world = World(a_jwk())
    world.have(IN_USE_FINALIZER)
    world.cluster.gate.clear()
    removal = asyncio.create_task(world.protection.settle(MAIN))
    await _until_patched(world, 1)
    claim = asyncio.create_task(world.claim())
    await asyncio.sleep(0)
    assert not claim.done()
    world.cluster.gate.set()
    await removal
    assert await claim
    assert world.finalizers == [IN_USE_FINALIZER]


async def test_nobody_frees_it_while_a_claim_is_on_its_way() -> None:
    world = World(a_jwk())
    async with world.protection.claiming(world.seen()) as may:
        assert may
        await world.protection.settle(MAIN)
        assert world.finalizers == [IN_USE_FINALIZER]
    await world.protection.settle(MAIN)  # nothing was claimed after all
    assert world.finalizers == []


async def test_a_claim_without_an_answer_counts_until_a_newer_version_is_known() -> None:
    world = World(a_jwk())
    with pytest.raises(ApiUnavailableError):
        await world.claim(error=ApiUnavailableError("no answer"))
    await world.protection.settle(MAIN)
    assert world.finalizers == [IN_USE_FINALIZER]
    world.jwks.put(a_jwk(version=2))  # the claim was not made
    await world.protection.settle(MAIN)
    assert world.finalizers == []


@pytest.mark.parametrize("status", [404, 409, 403])
async def test_a_claim_that_is_refused_counts_no_longer(status: int) -> None:
    world = World(a_jwk())
    with pytest.raises(ApiError):
        await world.claim(error=ApiError(status, "", ""))
    await world.protection.settle(MAIN)
    assert world.finalizers == []


async def test_a_removal_without_an_answer_is_looked_at_before_anybody_claims() -> None:
    world = World(a_jwk())
    world.have(IN_USE_FINALIZER)
    world.cluster.faults = ["lost"]
    with pytest.raises(ApiUnavailableError):
        await world.protection.settle(MAIN)
    assert world.finalizers == []
    assert await world.claim()
    assert world.finalizers == [IN_USE_FINALIZER]


async def test_without_the_right_to_patch_nothing_is_claimed() -> None:
    world = World(a_jwk())
    world.cluster.faults = [ApiError(403, "Forbidden", "cannot patch")]
    with pytest.raises(ApiError):
        await world.claim()
    assert not world.protection.is_needed(MAIN)
    assert await world.claim()


# --- what a deletion waits for --------------------------------------------------------------------------------------


async def test_what_a_deletion_waits_for() -> None:
    world = World(*(a_jwk(name, claims=True) for name in ("a", "b", "c", "d", "e")))
    world.have(IN_USE_FINALIZER)
    assert world.protection.waits_for(MAIN) is None
    world.have(IN_USE_FINALIZER, **GOING)
    assert world.protection.waits_for(MAIN) == (
        "Kept until no JWK needs it for its deletion: team/a, team/b, team/c and 2 more; delete them, or set their "
        "spec.deletionPolicy to Retain to leave the remote JWKs as they are."
    )
    for name in ("c", "d", "e"):
        world.jwks.remove(world.seen(name))
    assert "team/a, team/b; delete them" in (world.protection.waits_for(MAIN) or "")
    world.jwks.put(a_jwk("b", version=2, claims=True, going=True))
    assert "deletion: team/a; delete them" in (world.protection.waits_for(MAIN) or "")
    world.have(THEIRS, **GOING)
    assert world.protection.waits_for(MAIN) is None


async def test_jwks_that_are_deleted_with_their_connection_are_no_news() -> None:
    world = World(*(a_jwk(name, claims=True, going=True) for name in ("a", "b")))
    world.have(IN_USE_FINALIZER, **GOING)
    assert world.protection.is_needed(MAIN)
    assert world.protection.waits_for(MAIN) is None
