"""Calls to Apinizer that fail: which calls follow, and what the user is told meanwhile (design section 5).

Elsewhere: outages in test_outages, connections that cannot be made, 400 and a token that lacks rights in
tests/integration/test_connections and test_bad_input, tokens that are revoked in test_credentials.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from harness.fixtures import MakeSpace
from harness.keys import pasted
from harness.objects import Condition, deployed
from harness.simulator import CLIENTS, SimulatorProcess
from harness.space import Space

pytestmark = pytest.mark.usefixtures("operator")

WriteCall = Literal["create", "update", "delete"]

CLOSED = "{url} closed the connection before its answer was complete."
LATE = "{url} did not answer in time."


@dataclass(frozen=True, slots=True)
class Lost:
    """A fault that leaves open what became of a call, and what the user is told of it."""

    kind: str
    told: str
    acted: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    def condition(self, space: Space) -> Condition:
        """What Ready says meanwhile."""
        if self.told.startswith("{url}"):
            return Condition("False", "Unreachable", f"No answer from Apinizer: {self.told.format(url=space.url)}")
        return Condition("False", "ServerError", f"Apinizer failed {self.told}")


LOST = {
    "error": Lost(
        "status", "(500): An unexpected error occurred. Please try again later.", more={"status": 500, "act": False}
    ),
    "error-acted": Lost(
        "status", "(500): An unexpected error occurred. Please try again later.", True, {"status": 500, "act": True}
    ),
    "unavailable": Lost("status", "(503): no explanation was given", more={"status": 503, "body": "<html>gone</html>"}),
    "dropped": Lost("drop", CLOSED),
    "dropped-acted": Lost("drop", CLOSED, True, {"act": True}),
    "truncated": Lost("truncate", CLOSED, True),
    "garbage": Lost("garbage", "(200): Apinizer answered 200 in a form that is not documented", True),
    "redirect": Lost(
        "redirect", "(302): Apinizer answered 302 elsewhere (a redirect)", more={"location": "http://127.0.0.1:9/"}
    ),
    "huge": Lost("huge", "{url} sent an answer that is larger than any the API can mean.", more={"bytes": 5_000_000}),
    "silent": Lost("hang", LATE),
    "late": Lost("delay", LATE, True, {"seconds": 4, "act_first": True}),
}
FOUND = Condition(
    "False", "Updating", "The JWK exists, though the answer to the create call was lost; what is left to do follows."
)


@pytest.fixture
def spaces(make_space: MakeSpace) -> dict[str, Space]:
    """A namespace with a connection of its own for each fault, so that no circuit opens."""
    made = {name: make_space() for name in LOST}
    for space in made.values():
        space.connect(readTimeoutSeconds=2)
    for space in made.values():
        space.wait_seen()
    return made


def do(space: Space, call: WriteCall) -> None:
    """Change the resource so that a call is needed."""
    match call:
        case "create":
            space.jwk("one", pasted(), description="First")
        case "update":
            space.patch("one", description="Second")
        case "delete":
            space.delete("one")


def expected(lost: Lost, call: WriteCall) -> list[tuple[str, bool]]:
    """Each call that is made and whether Apinizer carries it out."""
    # a create that was carried out is followed by a PUT, whose answer tells of the deployment
    again = "update" if call == "create" and lost.acted else call
    last = [] if call == "delete" and lost.acted else [(again, True)]
    return [("list", True), (call, lost.acted), ("list", True), *last]


@pytest.mark.parametrize("call", ["create", "update", "delete"])
def test_a_call_whose_outcome_is_unknown_is_settled_by_the_list(
    spaces: dict[str, Space], simulator: SimulatorProcess, call: WriteCall
) -> None:
    if call != "create":
        for space in spaces.values():
            do(space, "create")
        for space in spaces.values():
            space.wait("one")
    since = {name: space.version() for name, space in spaces.items()}
    before = {name: len(simulator.requests(space.project)) for name, space in spaces.items()}
    for name, space in spaces.items():
        simulator.control.fault(LOST[name].kind, project=space.project, call=call, **LOST[name].more)
        do(space, call)
    for name, space in spaces.items():
        lost = LOST[name]
        if call == "delete":
            space.wait_gone("one")
        else:
            space.wait_message("one", deployed(2))
        calls = [(record["call"], record["acted"]) for record in simulator.requests(space.project)[before[name] :]]
        assert calls == expected(lost, call), name
        told = space.told(since[name])["one"]
        if call != "create":
            assert told.pop(0) == deployed(2), "as it was when the user changed it"
        found = [FOUND] if call == "create" and lost.acted else []
        end = [] if call == "delete" else [deployed(2)]
        assert told == [lost.condition(space), *found, *end], name
        assert space.events("one") == [], name


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_costs_one_token_call_and_is_not_told(
    make_space: MakeSpace, simulator: SimulatorProcess, status: int
) -> None:
    space = make_space()
    metadata = {"name": "client", "namespace": space.name}
    data = {"client_id": "client-one", "client_secret": CLIENTS["client-one"]}
    space.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
    space.connection(auth={"clientCredentialsSecretRef": {"name": "client"}})
    space.jwk("one", pasted())
    space.wait("one")
    since, start = space.version(), len(simulator.control.requests())
    simulator.control.fault("status", project=space.project, call="create", status=status)
    space.jwk("two", pasted())
    space.wait("two")
    calls = [(record["call"], record["status"]) for record in simulator.control.requests()[start:]]
    assert [found for found in calls if found[0] in ("create", "token")] == [
        ("create", status),
        ("token", 200),
        ("create", 200),
    ]
    assert space.told(since)["two"] == [deployed(2)]


def test_a_connection_that_is_asked_to_slow_down_pauses_for_everybody(
    space: Space, simulator: SimulatorProcess
) -> None:
    names = [f"jwk-{number:02}" for number in range(30)]
    since = space.version()
    simulator.control.fault("rate_limit", project=space.project, call="list", retry_after=1, header="3")
    for name in names:
        space.jwk(name, pasted())
    space.wait_all(names)
    pause = Condition(
        "False", "RateLimited", "Apinizer asks this connection to slow down; it pauses for as long as Apinizer said."
    )
    told = space.told(since)
    assert told[names[0]] == [pause, deployed(2)]
    assert all(found in ([pause, deployed(2)], [deployed(2)]) for found in told.values()), "once, if at all"
    records = simulator.requests(space.project)
    assert [record["status"] for record in records if record["status"] != 200] == [429]
    assert sorted(simulator.writes(space.project)) == [("create", name) for name in names]
    limited = next(record for record in records if record["status"] == 429)
    later = [record["monotonic"] for record in records if record["sequence"] > limited["sequence"]]
    assert min(later) - limited["monotonic"] >= 3, "the larger of header and body"
