"""What a start costs whatever there is, what the whole course costs in requests, and that rest costs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from benchmarks.profile.watching import Watched
from benchmarks.world import World, name_of
from harness.audit import AuditLog, Request
from harness.waiting import until

FEW, MANY = 20, 60
STARTING = 32
"""Requests of a start: 24 were measured, half of them kopf's looks at what the API server serves."""
LOOKING = {"list", "environments"}
"""Calls that are no change: the list of a project's JWKs, and the probe of a connection."""


@pytest.fixture
def audit(world: World) -> AuditLog:
    """The operator's requests."""
    return AuditLog(world.cluster, world.account.user)


def kinds(requests: Iterable[Request]) -> Counter[str]:
    """Count requests by verb and resource, or path where there is no resource."""
    return Counter(f"{request.verb} {request.resource or request.uri.partition('?')[0]}" for request in requests)


def calls_since(world: World, before: Counter[str]) -> Counter[str]:
    """Return the calls that the manager has had since."""
    return Counter(world.calls()) - before


def settle(world: World, operator: Watched, count: int) -> None:
    """Have the operator running, and so many JWKs in their place."""
    if not operator.running:
        operator.start()
    there = len(world.space.jwks())
    world.create(range(there, count))
    world.space.wait_all(map(name_of, range(count)))
    operator.wait_idle()


def passed_by(world: World, operator: Watched, audit: AuditLog) -> list[Request]:
    """Ask for a look at one JWK, wait until everything that came before it has been seen, and return its write."""
    world.space.handled(name_of(0), f"look {audit.start}")
    operator.wait_idle()
    return audit.requests(verb="patch", resource="jwks/status", name=name_of(0))[-1:]


def test_requests_of_the_course(world: World, operator: Watched, audit: AuditLog) -> None:
    """Four for each JWK from its creation to its end, and nothing else but the start and the connection's status."""
    numbers = range(MANY, 2 * MANY)
    audit.mark()
    world.create(numbers)
    operator.start()
    world.space.wait_all(map(name_of, numbers))
    world.describe(numbers, "second")
    world.space.wait_all(map(name_of, numbers))
    world.delete(numbers)
    until(lambda: not world.space.jwks(), "all are gone")
    operator.wait_idle()
    found = kinds(audit.requests())
    each = {"patch jwks": found.pop("patch jwks"), "patch jwks/status": found.pop("patch jwks/status")}
    assert each == {"patch jwks": 2 * MANY, "patch jwks/status": 2 * MANY}
    assert not any("jwks" in kind for kind in found if kind not in ("list jwks", "watch jwks"))
    assert found.total() < STARTING
    operator.stop()


def test_a_start_costs_the_same_whatever_is_settled(world: World, operator: Watched, audit: AuditLog) -> None:
    """No write but the one that was asked for, no change of anything remote, and one list and one watch of JWKs."""
    starts = []
    for count in (FEW, MANY):
        settle(world, operator, count)
        operator.stop()
        before = Counter(world.calls())
        audit.mark()
        operator.start()
        asked = passed_by(world, operator, audit)
        assert (len(asked), audit.writes()) == (1, asked)
        assert set(calls_since(world, before)) <= LOOKING
        starts.append(kinds(audit.requests()))
    assert starts[0] == starts[1]
    assert starts[0].total() < STARTING
    assert (starts[0]["list jwks"], starts[0]["watch jwks"]) == (1, 1)


def test_rest_costs_nothing(world: World, operator: Watched, audit: AuditLog) -> None:
    """Events that concern nobody are let pass; a new JWK after them shows that they have been seen."""
    settle(world, operator, MANY)
    before = Counter(world.calls())
    audit.mark()
    world.add_secrets(FEW, 1000)
    for number in range(FEW):
        world.space.annotate(name_of(number), **{"example.com/team": f"team-{number}"})
    marker = 2 * MANY
    world.create(range(marker, marker + 1))
    world.space.wait(name_of(marker))
    operator.wait_idle()
    assert kinds(audit.requests()) == {"patch jwks": 1, "patch jwks/status": 1}
    assert {request.name for request in audit.requests()} == {name_of(marker)}
    calls = calls_since(world, before)
    assert calls.pop("create") == 1
    assert set(calls) <= LOOKING
    assert calls["list"] <= 1
