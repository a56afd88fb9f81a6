"""Lists of projects: one for everybody, and never older than a write."""

from __future__ import annotations

import asyncio

from jwk_operator.api.remote import RemoteEntry
from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.apinizer.budget import Urgency
from jwk_operator.apinizer.client import ManagementClient
from jwk_operator.apinizer.credentials import StaticToken
from jwk_operator.apinizer.lists import BURST, OLDEST, SHORT_WHILE, ProjectLists, Writes
from jwk_operator.apinizer.scrub import Secret
from jwk_operator.apinizer.transport import Endpoint

FOREVER = 1e9
Entries = dict[str, RemoteEntry]


def entry(name: str) -> RemoteEntry:
    return RemoteEntry(name, "URL", None, None, None)


async def entry_of(
    lists: ProjectLists, project: str, name: str, max_age: float = SHORT_WHILE
) -> Answer | RemoteEntry | None:
    """The entry of one name, None when it is free."""
    found = await lists.entries(project, [name], max_age)
    return found if isinstance(found, Answer) else found.get(name)


class Client(ManagementClient):
    """Answers lists when the test says so."""

    def __init__(self) -> None:
        super().__init__(Endpoint("http://127.0.0.1:1"), StaticToken(Secret("token")))
        self.asked: list[asyncio.Future[Answer | Entries]] = []
        self.urgencies: list[Urgency] = []

    async def list_jwks(self, project: str, urgency: Urgency = Urgency.USER) -> Answer | Entries:
        assert project in ("shop", "bank")
        self.urgencies.append(urgency)
        self.asked.append(asyncio.get_running_loop().create_future())
        return await self.asked[-1]


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_all_who_ask_at_once_share_one_list() -> None:
    client = Client()
    lists = ProjectLists(client)
    tasks = [asyncio.ensure_future(entry_of(lists, "shop", name)) for name in ("a", "b", "a")]
    await settle()
    assert len(client.asked) == 1
    client.asked[0].set_result({"a": entry("a")})
    assert await asyncio.gather(*tasks) == [entry("a"), None, entry("a")]
    assert await entry_of(lists, "shop", "a", FOREVER) == entry("a")
    assert len(client.asked) == 1


async def test_projects_have_their_own_lists() -> None:
    client = Client()
    lists = ProjectLists(client)
    tasks = [asyncio.ensure_future(entry_of(lists, project, "a")) for project in ("shop", "bank")]
    await settle()
    assert len(client.asked) == 2
    for asked in client.asked:
        asked.set_result({})
    assert await asyncio.gather(*tasks) == [None, None]


async def test_a_list_of_no_age_is_read_again() -> None:
    client = Client()
    lists = ProjectLists(client)
    for number in (1, 2):
        task = asyncio.ensure_future(entry_of(lists, "shop", "a", 0))
        await settle()
        assert len(client.asked) == number
        client.asked[-1].set_result({})
        assert await task is None


async def test_a_burst_is_served_by_one_list_for_a_while() -> None:
    now, client = [0.0], Client()
    lists = ProjectLists(client, lambda: now[0])

    async def read_for(name: str, after: float) -> int:
        """How many lists were read once a name was asked for, so many seconds after the last."""
        now[0] += after
        task = asyncio.ensure_future(lists.entries("shop", [name], in_burst=BURST))
        await settle()
        if not task.done():
            client.asked[-1].set_result({})
        await task
        return len(client.asked)

    assert await read_for("a", 0) == 1
    for _ in range(int(BURST / SHORT_WHILE) - 1):
        assert await read_for("b", SHORT_WHILE) == 1
    assert await read_for("c", SHORT_WHILE) == 2, "it has become too old"
    assert await read_for("c", SHORT_WHILE) == 2
    assert await read_for("d", SHORT_WHILE + 1) == 3, "there was no burst any more"
    lists.written("shop", "d")
    assert await read_for("a", 0) == 3
    assert await read_for("d", 1) == 4, "never older than the last write to the name"


async def test_who_must_be_sure_that_a_name_is_free_has_a_list_of_now() -> None:
    now, client = [0.0], Client()
    lists = ProjectLists(client, lambda: now[0])

    async def read_for(name: str) -> int:
        task = asyncio.ensure_future(lists.entries("shop", [name], sure_of_absence=True))
        await settle()
        if not task.done():
            client.asked[-1].set_result({"there": entry("there")})
        await task
        return len(client.asked)

    assert await read_for("free") == 1, "the first look is of now already"
    now[0] += 1
    assert await read_for("there") == 1
    assert await read_for("free") == 2


async def test_who_must_be_sure_that_a_name_is_taken_has_a_list_of_the_moment() -> None:
    now = 100.0
    client = Client()
    lists = ProjectLists(client, lambda: now)

    async def sure(name: str) -> Answer | RemoteEntry | None:
        found = await lists.entries("shop", [name], sure_of_presence=True)
        return found if isinstance(found, Answer) else found.get(name)

    first = asyncio.ensure_future(sure("a"))
    await settle()
    client.asked[0].set_result({"a": entry("a")})
    assert await first == entry("a")
    now += 0.5
    assert await sure("a") == entry("a")
    now += 1
    assert await sure("b") is None
    again = asyncio.ensure_future(sure("a"))
    await settle()
    client.asked[1].set_result({})
    assert await again is None


async def test_that_moment_is_longer_where_lists_take_long() -> None:
    now = 100.0
    client = Client()
    lists = ProjectLists(client, lambda: now)
    first = asyncio.ensure_future(lists.entries("shop", ["a"], sure_of_presence=True))
    await settle()
    now += 3
    client.asked[0].set_result({"a": entry("a")})
    await first
    now += 5
    await lists.entries("shop", ["a"], sure_of_presence=True)
    assert len(client.asked) == 1


async def test_a_list_from_before_a_write_does_not_speak_of_that_name() -> None:
    client = Client()
    lists = ProjectLists(client)
    first = asyncio.ensure_future(entry_of(lists, "shop", "a", FOREVER))
    await settle()
    client.asked[0].set_result({})
    assert await first is None
    lists.written("shop", "a")
    assert await entry_of(lists, "shop", "b", FOREVER) is None
    again = asyncio.ensure_future(entry_of(lists, "shop", "a", FOREVER))
    await settle()
    assert len(client.asked) == 2
    client.asked[1].set_result({"a": entry("a")})
    assert await again == entry("a")
    assert await entry_of(lists, "shop", "a", FOREVER) == entry("a")


async def test_writes_are_forgotten_once_nobody_has_a_list_from_before_them() -> None:
    """Names that come and go must not fill the memory; two connections to one manager have lists of their own."""
    now, writes = 0.0, Writes()
    clients = [Client(), Client()]
    first, second = (ProjectLists(client, lambda: now, writes) for client in clients)

    async def read(lists: ProjectLists, client: Client) -> None:
        task = asyncio.ensure_future(entry_of(lists, "shop", "b", 0))
        await settle()
        client.asked[-1].set_result({})
        await task

    for lists, client in zip((first, second), clients, strict=True):
        await read(lists, client)
    now += 1
    first.written("shop", "a")
    first.written("bank", "a")
    now += 1
    await read(first, clients[0])
    assert writes.last("shop", ["a"]) == 1, "the second has a list from before"
    now += 1
    await read(second, clients[1])
    assert writes.last("shop", ["a"]) == float("-inf")
    assert writes.last("bank", ["a"]) == 1


async def test_a_list_that_is_overtaken_keeps_what_was_written_meanwhile() -> None:
    now, writes = 0.0, Writes()
    slow, other = Client(), Client()
    lists, others = (ProjectLists(client, lambda: now, writes) for client in (slow, other))
    checkup = asyncio.ensure_future(lists.entries("shop", ["b"], 0, urgency=Urgency.ROUTINE))
    await settle()
    now += 1
    others.written("shop", "a")
    now += 1
    hurried = asyncio.ensure_future(lists.entries("shop", ["b"], 0, urgency=Urgency.USER))
    task = asyncio.ensure_future(entry_of(others, "shop", "b", 0))
    await settle()
    other.asked[0].set_result({})
    await task
    slow.asked[0].set_result({"a": entry("a")})
    await checkup
    again = asyncio.ensure_future(entry_of(lists, "shop", "a", FOREVER))
    await settle()
    slow.asked[1].set_result({})
    assert await again is None, "not by the list that began before the write"
    await hurried


async def test_a_list_that_began_before_a_write_does_not_speak_of_that_name() -> None:
    client = Client()
    lists = ProjectLists(client)
    early = asyncio.ensure_future(entry_of(lists, "shop", "b", FOREVER))
    await settle()
    lists.written("shop", "a")
    late = asyncio.ensure_future(entry_of(lists, "shop", "a", FOREVER))
    await settle()
    assert len(client.asked) == 1
    client.asked[0].set_result({})
    assert await early is None
    await settle()
    assert len(client.asked) == 2
    assert not late.done()
    client.asked[1].set_result({"a": entry("a")})
    assert await late == entry("a")


async def test_a_write_by_another_client_of_the_manager_counts_as_well() -> None:
    client, writes = Client(), Writes()
    others = ProjectLists(Client(), writes=writes)
    lists = ProjectLists(client, writes=writes)
    early = asyncio.ensure_future(entry_of(lists, "shop", "b", FOREVER))
    await settle()
    client.asked[0].set_result({})
    assert await early is None
    others.written("shop", "a")
    late = asyncio.ensure_future(entry_of(lists, "shop", "a", FOREVER))
    await settle()
    assert len(client.asked) == 2
    client.asked[1].set_result({"a": entry("a")})
    assert await late == entry("a")


def test_a_write_is_remembered_for_as_long_as_a_list_may_be_old() -> None:
    writes = Writes()
    writes.note("shop", "a", 0)
    writes.note("shop", "b", 1)
    writes.note("shop", "a", 2)
    assert [writes.last("shop", "a"), writes.last("shop", "ab"), writes.last("bank", "a")] == [2, 2, float("-inf")]
    writes.note("bank", "a", OLDEST + 1.5)
    assert [writes.last("shop", "a"), writes.last("shop", "b")] == [2, float("-inf")]


async def test_no_list_is_older_than_what_is_remembered_of_writes() -> None:
    now = 0.0
    client = Client()
    lists = ProjectLists(client, lambda: now)
    first = asyncio.ensure_future(entry_of(lists, "shop", "a", FOREVER))
    await settle()
    client.asked[0].set_result({})
    assert await first is None
    now = OLDEST + 1
    again = asyncio.ensure_future(entry_of(lists, "shop", "a", FOREVER))
    await settle()
    client.asked[1].set_result({"a": entry("a")})
    assert await again == entry("a")


async def test_an_answer_that_is_no_list_is_not_kept() -> None:
    client = Client()
    lists = ProjectLists(client)
    down = Answer(Verdict.UNREACHABLE, "down")
    for answer, seen in ((down, down), ({"a": entry("a")}, entry("a"))):
        task = asyncio.ensure_future(entry_of(lists, "shop", "a", FOREVER))
        await settle()
        client.asked[-1].set_result(answer)
        assert await task == seen
    assert len(client.asked) == 2


async def test_one_who_gives_up_takes_the_list_from_nobody() -> None:
    client = Client()
    lists = ProjectLists(client)
    impatient, patient = (asyncio.ensure_future(entry_of(lists, "shop", "a")) for _ in range(2))
    await settle()
    impatient.cancel()
    await settle()
    client.asked[0].set_result({"a": entry("a")})
    assert await patient == entry("a")
    assert impatient.cancelled()


async def test_a_list_that_breaks_is_asked_for_again() -> None:
    client = Client()
    lists = ProjectLists(client)
    first = asyncio.ensure_future(entry_of(lists, "shop", "a"))
    await settle()
    client.asked[0].set_exception(RuntimeError("a bug"))
    assert isinstance((await asyncio.gather(first, return_exceptions=True))[0], RuntimeError)
    second = asyncio.ensure_future(entry_of(lists, "shop", "a"))
    await settle()
    client.asked[1].set_result({})
    assert await second is None


async def test_an_urgent_one_does_not_wait_for_a_list_that_may_wait_long_for_its_turn() -> None:
    client = Client()
    lists = ProjectLists(client)
    routine = asyncio.ensure_future(lists.entries("shop", ["a"], urgency=Urgency.ROUTINE))
    await settle()
    urgent = asyncio.ensure_future(lists.entries("shop", ["a"], urgency=Urgency.USER))
    also = asyncio.ensure_future(lists.entries("shop", ["a"], urgency=Urgency.REPAIR))
    await settle()
    assert client.urgencies == [Urgency.ROUTINE, Urgency.USER]
    client.asked[1].set_result({"a": entry("a")})
    assert await urgent == await also == {"a": entry("a")}
    client.asked[0].set_result({})
    assert await routine == {}
    assert await lists.entries("shop", ["a"], FOREVER) == {"a": entry("a")}, "the older list does not replace it"


async def test_a_refusal_stands_for_everybody_for_a_moment() -> None:
    now = 100.0
    client = Client()
    lists = ProjectLists(client, lambda: now)
    refusal = Answer(Verdict.PROJECT_MISSING, "Project(shop) was not found", 404)
    first = asyncio.ensure_future(lists.entries("shop", ["a"]))
    await settle()
    client.asked[0].set_result(refusal)
    assert await first == refusal
    assert await lists.entries("shop", ["b"]) == refusal
    assert len(client.asked) == 1
    now += 3
    later = asyncio.ensure_future(lists.entries("shop", ["b"]))
    await settle()
    client.asked[1].set_result({"b": entry("b")})
    assert await later == {"b": entry("b")}


async def test_a_look_that_somebody_asked_for_does_not_trust_an_earlier_refusal() -> None:
    client = Client()
    lists = ProjectLists(client)
    first = asyncio.ensure_future(lists.entries("shop", ["a"]))
    await settle()
    client.asked[0].set_result(Answer(Verdict.FORBIDDEN, "no", 403))
    await first
    requested = asyncio.ensure_future(lists.entries("shop", ["a"], 0.0))
    await settle()
    assert len(client.asked) == 2
    client.asked[1].set_result({})
    assert await requested == {}
