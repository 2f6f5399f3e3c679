"""The journal in Redis: the contract on a real redis-server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from server.errors import JournalUnavailable
from server.events import Blank, Erased, SessionClosed
from server.journal.protocol import Appended, Conflict, Fenced, Held, Listing
from server.journal.redis.journal import RedisJournal
from tests.server.journal.contract import LONG_S, JournalContract, Open
from tests.server.journal.redises import opened
from tests.server.redis_server import RedisServer
from tests.server.stories import CREATED, WALL, draft, note

pytestmark = pytest.mark.redis


class TestRedisJournal(JournalContract):
    """Everything a journal promises."""

    @pytest.fixture
    async def open_journal(self, redis_server: RedisServer) -> AsyncIterator[Open]:
        async with AsyncExitStack() as stack:
            running: list[RedisJournal] = []

            async def open_again() -> RedisJournal:
                for journal in running:
                    await journal.close()
                running[:] = [await stack.enter_async_context(opened(redis_server))]
                return running[0]

            yield open_again


# Several processes


async def test_processes_share_sessions_decisions_and_commands(redis_server: RedisServer) -> None:
    async with opened(redis_server) as one, opened(redis_server) as other:
        await one.append("a", [draft(note("1"), cmd="c")], expect=0)
        with pytest.raises(Conflict):
            await other.append("a", [draft(note("2"))], expect=0)
        assert (await other.append("a", [draft(note("1"), cmd="c")])) == Appended((1,), True)
        assert (await other.append("a", [draft(note("2"))], expect=1)).seqs == (2,)
        assert await one.read("a") == await other.read("a")
        assert await one.find("a", "c") == await other.find("a", "c")
        assert await one.sessions() == await other.sessions()


async def test_many_that_append_from_several_processes_leave_no_gap(
    redis_server: RedisServer,
) -> None:
    async with opened(redis_server) as one, opened(redis_server) as other:
        found = await asyncio.gather(
            *((one, other)[n % 2].append("a", [draft(note(str(n)))] * 2) for n in range(100))
        )
        assert sorted(seq for appended in found for seq in appended.seqs) == list(range(1, 201))
        kept = {entry.seq: entry.event for entry in await one.read("a")}
        for number, appended in enumerate(found):
            assert {kept[seq] for seq in appended.seqs} == {note(str(number))}


async def test_a_process_learns_what_another_appends(redis_server: RedisServer) -> None:
    heard: asyncio.Queue[int | None] = asyncio.Queue()
    async with opened(redis_server) as one, opened(redis_server) as other:
        one.follow("a", heard.put_nowait)
        async with asyncio.timeout(10):
            assert await heard.get() is None  # Now it is listening.
            for seq in (1, 2):
                await other.append("a", [draft(note("1"))])
                assert await heard.get() == seq


async def test_a_holder_whose_process_is_gone_is_waited_for_and_then_fenced_off(
    redis_server: RedisServer,
) -> None:
    async with opened(redis_server) as one, opened(redis_server) as other:
        old = await one.claim("a", "one", LONG_S)
        with pytest.raises(Held) as caught:
            await other.claim("a", "two", LONG_S)
        assert caught.value.holder == "one"
        # As if the time of the lease had passed.
        redis_server.ask("DEL", "daedam:lease:a")
        new = await other.claim("a", "two", LONG_S)
        with pytest.raises(Fenced):
            await one.append("a", [draft(note("1"))], epoch=old)
        assert (await other.append("a", [draft(note("1"))], epoch=new)).seqs == (1,)


async def test_a_lease_that_ran_out_unnoticed_is_renewed_with_its_epoch(
    redis_server: RedisServer,
) -> None:
    async with opened(redis_server) as journal:
        epoch = await journal.claim("a", "one", LONG_S)
        redis_server.ask("DEL", "daedam:lease:a")
        assert await journal.claim("a", "one", LONG_S) == epoch


async def test_a_redis_that_forgot_the_last_claim_gives_nobody_two_holders(
    redis_server: RedisServer,
) -> None:
    """With ``everysec`` a crash of Redis takes back its last second, and epochs with it."""
    async with opened(redis_server) as one, opened(redis_server) as other:
        first = await one.claim("a", "one", LONG_S)
        redis_server.ask("DEL", "daedam:lease:a", "daedam:session:a")
        assert await other.claim("a", "two", LONG_S) == first
        with pytest.raises(Fenced):
            await one.append("a", [draft(note("1"))], epoch=first)
        assert (await other.append("a", [draft(note("1"))], epoch=first)).seqs == (1,)


# What is kept where


async def test_times_come_back_to_the_last_digit(redis_server: RedisServer) -> None:
    walls = [WALL + 1 / 3, WALL + 0.1 + 0.2, 0.1, 1e-9, 4102444800.123456]
    async with opened(redis_server) as journal:
        for number, wall in enumerate(walls):
            await journal.append(f"s{number}", [draft(note("1"), at=wall - WALL)])
        expected = [draft(note("1"), at=wall - WALL) for wall in walls]
        for number, one in enumerate(expected):
            [entry] = await journal.read(f"s{number}")
            assert (entry.at, entry.wall) == (one.at, one.wall)
            [info] = await journal.sessions(Listing(session=f"s{number}"))
            assert (info.created_wall, info.last_wall) == (one.wall, one.wall)
            before = await journal.sessions(Listing(before=one.wall))
            assert info.session not in {found.session for found in before}


async def test_an_append_without_a_command_leaves_nothing_behind_for_ever(
    redis_server: RedisServer,
) -> None:
    async with opened(redis_server) as journal:
        await journal.append("a", [draft(note("1"))])
        names = redis_server.ask("KEYS", "daedam:append:*").split()
        [token] = [name for name in names if name.startswith(b"daedam:")]
        assert 0 < int(redis_server.ask("PTTL", token)[1:]) <= 60_000


async def test_only_keys_of_this_program_are_used(redis_server: RedisServer) -> None:
    async with opened(redis_server) as journal:
        await journal.claim("a", "one", LONG_S)
        await journal.append("a", [draft(CREATED, cmd="c")])
        await journal.append("a", [draft(SessionClosed())])
        await journal.redact("a", {1: None}, draft(Erased(seat=None, events=(1,))))
        await journal.restore("b", await journal.read("a"))
    keys = [word for word in redis_server.ask("KEYS", "*").split() if word[:1] not in b"*$"]
    assert keys
    assert all(key.startswith(b"daedam:") for key in keys)


async def test_a_page_of_the_list_costs_the_same_among_many_sessions(
    redis_server: RedisServer,
) -> None:
    """Counted in commands of Redis, which are no more on a busy computer."""
    async with opened(redis_server) as journal:
        costs: list[list[int]] = [[], [], []]
        for start, count in ((0, 300), (300, 900)):
            for n in range(start, count):
                events = [draft(CREATED, at=float(n)), draft(SessionClosed(), at=float(n))]
                await journal.append(f"s{n}", events[: 1 + n % 3])
            for cost, state in zip(costs, (None, "live", "past"), strict=True):
                before = _spent(redis_server)
                found = await journal.sessions(Listing(state=state, limit=50))  # type: ignore[arg-type]  # mypy widens the names
                assert len(found) >= 50
                cost.append(_spent(redis_server) - before)
    for few, many in costs:
        assert few > 50, "the commands are counted"
        assert many <= 1.2 * few


def _spent(server: RedisServer) -> int:
    """Return how many commands that read Redis has run, those within scripts too."""
    lines = server.ask("INFO", "commandstats").decode().splitlines()
    names = ("cmdstat_hmget:calls=", "cmdstat_xrange:calls=", "cmdstat_zrange:calls=")
    return sum(
        int(line.removeprefix(name).partition(",")[0])
        for line in lines
        for name in names
        if line.startswith(name)
    )


async def test_a_damaged_event_is_told_and_hides_no_other_session(
    redis_server: RedisServer,
) -> None:
    async with opened(redis_server) as journal:
        for number, name in enumerate(("a", "b", "c")):
            await journal.append(name, [draft(CREATED, at=float(number))])
        for name, head in (("a", "kein JSON"), ("b", '[0,0,"x",1,"session_created",null]')):
            redis_server.ask("DEL", f"daedam:events:{name}")
            redis_server.ask("XADD", f"daedam:events:{name}", "1-0", "h", head, "b", '{"config":5}')
        titles = [info.title for info in await journal.sessions()]
        assert titles == ["백엔드 개발자 면접", "", ""]
        for name in ("a", "b"):
            with pytest.raises(JournalUnavailable, match="damaged"):
                await journal.read(name)


async def test_who_goes_away_does_not_stop_an_erasure(redis_server: RedisServer) -> None:
    async with opened(redis_server) as journal:
        await journal.append("a", [draft(note("1"))])
        receipt = draft(Erased(seat=None, events=(1,)))
        asked = asyncio.ensure_future(journal.redact("a", {1: None}, receipt))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait([asked])
    async with opened(redis_server) as journal:
        assert [entry.event for entry in await journal.read("a")] == [Blank(), receipt.event]
