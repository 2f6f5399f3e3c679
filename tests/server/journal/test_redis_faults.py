"""A Redis that is lost, slow, restarted, read-only, full or locked is told of and survived."""

import asyncio
import contextlib
import logging
import re
import resource
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.exceptions import ResponseError

from server.errors import ClientError, JournalUnavailable, OutcomeUnknown, Overloaded, StorageFull
from server.journal.protocol import Appended, Held
from server.journal.redis import asking, writer
from server.journal.redis.journal import RedisJournal
from server.journal_address import Durability
from server.redis import connection, pubsub
from server.redis.errors import told
from tests.server.journal.contract import LONG_S
from tests.server.journal.files import notes
from tests.server.journal.redises import opened
from tests.server.redis_server import RedisServer
from tests.server.stories import draft, note

pytestmark = pytest.mark.redis

PATIENCE_S = 1.0
ANSWER_S = 0.3


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is waited for, five times as fast."""
    monkeypatch.setattr(writer, "PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(writer, "REPLICATION_S", ANSWER_S / 3)
    monkeypatch.setattr(asking, "PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(connection, "ANSWER_S", ANSWER_S)
    monkeypatch.setattr(connection, "CONNECT_S", ANSWER_S)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def journal(server: RedisServer) -> AsyncIterator[RedisJournal]:
    async with opened(server) as journal:
        await journal.append("a", [draft(note("0"))])
        yield journal


async def kept(journal: RedisJournal) -> list[str]:
    return notes(await journal.read("a"))


# Lost


async def test_without_redis_nothing_is_saved_and_everybody_is_told_in_time(
    server: RedisServer, journal: RedisJournal
) -> None:
    server.kill()
    async with asyncio.timeout(PATIENCE_S + 1):
        outcomes = await asyncio.gather(
            journal.append("a", [draft(note("1"))]),
            journal.append("a", [draft(note("1"), cmd="c")]),
            journal.claim("a", "one", LONG_S),
            journal.read("a"),
            journal.sessions(),
            return_exceptions=True,
        )
    for outcome in outcomes:
        # Nothing was sent, so this is known.
        assert type(outcome) is JournalUnavailable
    server.start()
    assert await kept(journal) == ["0"]
    assert (await journal.append("a", [draft(note("1"))])).seqs == (2,)


async def test_a_restart_within_the_patience_is_not_noticed(
    server: RedisServer, journal: RedisJournal
) -> None:
    for number in range(1, 4):
        server.restart()
        # Scripts are forgotten and every connection is dead.
        assert (await journal.append("a", [draft(note(str(number)))])).seqs == (number + 1,)
        assert len(await journal.read("a")) == number + 1
        assert (await journal.sessions())[0].last_seq == number + 1


async def test_what_was_asked_while_redis_was_away_is_kept_once_and_in_order(
    server: RedisServer, journal: RedisJournal
) -> None:
    server.stop()
    asked = [asyncio.ensure_future(journal.append("a", [draft(note(str(n)))])) for n in range(1, 9)]
    await asyncio.sleep(0.05)
    server.start()
    found = await asyncio.gather(*asked)
    assert [one.seqs for one in found] == [(n + 1,) for n in range(1, 9)]
    assert await kept(journal) == [str(n) for n in range(9)]


async def test_a_redis_that_is_still_reading_its_file_is_waited_for(
    server: RedisServer, journal: RedisJournal
) -> None:
    await asyncio.gather(*(journal.append(f"s{n}", [draft(note("1"))]) for n in range(100)))
    # What was rewritten is read key by key, and that can be slowed down.
    server.ask("BGREWRITEAOF")
    async with asyncio.timeout(10):
        while b"aof_rewrites:1\r" not in server.ask("INFO", "persistence"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while b"aof_rewrite_in_progress:1" in server.ask("INFO", "persistence"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    server.stop()
    starting = asyncio.ensure_future(asyncio.to_thread(server.start, key_load_delay="600"))
    answers = set()
    async with asyncio.timeout(10):
        while b"-LOADING" not in answers:
            await asyncio.sleep(0.01)
            with contextlib.suppress(OSError):
                answers.add(server.ask("GET", "x")[:8])
    appended, entries = await asyncio.gather(
        journal.append("a", [draft(note("1"))]), journal.read("s7")
    )
    await starting
    assert appended.seqs == (2,)
    assert len(entries) == 1


async def test_forgotten_scripts_are_sent_again(server: RedisServer, journal: RedisJournal) -> None:
    for number in range(1, 4):
        server.ask("SCRIPT", "FLUSH")
        assert (await journal.append("a", [draft(note(str(number)))])).seqs == (number + 1,)
        server.ask("SCRIPT", "FLUSH")
        assert len(await journal.read("a")) == number + 1


# Slow


async def test_a_silent_redis_leaves_the_outcome_open_and_what_comes_later_is_there_once(
    server: RedisServer, journal: RedisJournal
) -> None:
    server.pause()
    async with asyncio.timeout(PATIENCE_S + 1):
        with pytest.raises(OutcomeUnknown):
            await journal.append("a", [draft(note("1"))])
    server.resume()
    await journal.append("a", [draft(note("2"))])
    # It had been sent several times.
    assert await kept(journal) == ["0", "1", "2"]


@pytest.mark.parametrize("cmd", [None, "c"])
async def test_an_append_whose_answer_was_lost_is_executed_once_and_is_no_repeat(
    server: RedisServer, journal: RedisJournal, cmd: str | None
) -> None:
    server.pause()
    asked = asyncio.ensure_future(journal.append("a", [draft(note("1"), cmd=cmd)] * 2))
    await asyncio.sleep(1.5 * ANSWER_S)  # The first attempt is given up, its words are under way.
    server.resume()
    assert await asked == Appended((2, 3))
    assert await kept(journal) == ["0", "1", "1"]


async def test_a_silent_redis_is_no_reason_to_ask_for_ever(
    server: RedisServer, journal: RedisJournal
) -> None:
    server.pause()
    async with asyncio.timeout(PATIENCE_S + 1):
        with pytest.raises(JournalUnavailable):
            await journal.read("a")
    server.resume()
    assert await kept(journal) == ["0"]


# Full, read-only, forbidden


async def test_a_full_redis_is_told_and_goes_on_when_there_is_room(
    server: RedisServer, journal: RedisJournal
) -> None:
    epoch = await journal.claim("a", "one", LONG_S)
    server.ask("CONFIG", "SET", "maxmemory", "1mb")
    for _ in range(3):
        with pytest.raises(StorageFull):
            await journal.append("a", [draft(note("1"))])
    assert await journal.claim("a", "one", LONG_S) == epoch  # A holder stays one.
    assert await kept(journal) == ["0"]
    server.ask("CONFIG", "SET", "maxmemory", "0")
    assert (await journal.append("a", [draft(note("1"))])).seqs == (2,)


async def test_a_full_redis_answers_what_it_already_did(
    server: RedisServer, journal: RedisJournal
) -> None:
    await journal.append("a", [draft(note("1"), cmd="c")])
    server.ask("CONFIG", "SET", "maxmemory", "1mb")
    assert await journal.append("a", [draft(note("1"), cmd="c")]) == Appended((2,), is_repeat=True)


async def test_a_redis_that_cannot_write_its_file_takes_nothing_until_it_can(
    server: RedisServer, journal: RedisJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pubsub, "PING_S", 0.02)
    heard: list[int | None] = []
    journal.follow("a", heard.append)
    await journal.append("a", [draft(note("1"))])
    largest = max(file.stat().st_size for file in server.folder.rglob("*.aof"))
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (largest + 100, resource.RLIM_INFINITY))
    acknowledged = ["0", "1"]

    async def fill() -> None:
        while True:
            text = str(len(acknowledged))
            await journal.append("a", [draft(note(text))])
            acknowledged.append(text)

    with pytest.raises(StorageFull):
        await fill()
    assert await kept(journal) == acknowledged
    # It refuses pings as well: no reason to believe that news are missed.
    async with asyncio.timeout(10):
        while not _refused_pings(server):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert heard.count(None) == 1
    infinity = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, infinity)
    # Redis tries its file again every second.
    assert (await _when_possible(journal, "danach")).seqs == (len(acknowledged) + 1,)
    server.restart()
    assert await kept(journal) == [*acknowledged, "danach"]


@pytest.mark.parametrize(
    "message",
    [
        "MISCONF Errors writing to the AOF file: No space left on device",
        "MISCONF Errors writing to the AOF file: No space left on device script: 1f, on @x:3.",
    ],
)
def test_a_full_disk_under_redis_is_told_as_one(message: str) -> None:
    assert isinstance(told(ResponseError(message)), StorageFull)


async def test_a_redis_that_became_a_replica_takes_nothing_until_it_is_master_again(
    server: RedisServer, journal: RedisJournal
) -> None:
    server.ask("REPLICAOF", "127.0.0.1", "1")
    for _ in range(2):
        with pytest.raises(JournalUnavailable) as caught:
            await journal.append("a", [draft(note("1"))])
        assert type(caught.value) is JournalUnavailable
    assert await kept(journal) == ["0"]
    server.ask("REPLICAOF", "NO", "ONE")
    assert (await journal.append("a", [draft(note("1"))])).seqs == (2,)


async def test_a_password_that_was_changed_is_told_without_showing_it(
    server: RedisServer, journal: RedisJournal, caplog: pytest.LogCaptureFixture
) -> None:
    server.restart(requirepass="neues-geheimnis")
    with caplog.at_level(logging.DEBUG):
        for work in (journal.append("a", [draft(note("privat"))]), journal.read("a")):
            with pytest.raises(JournalUnavailable):
                await work
    assert "geheimnis" not in caplog.text
    assert "privat" not in caplog.text
    assert "Auth" in caplog.text


# What the journal was promised


async def test_a_redis_that_keeps_less_than_promised_is_not_written_to(
    server: RedisServer, journal: RedisJournal, caplog: pytest.LogCaptureFixture
) -> None:
    server.restart(appendonly="no")
    with pytest.raises(JournalUnavailable):
        await journal.append("a", [draft(note("1"))])
    assert "appendonly yes" in caplog.text


async def test_nothing_is_acknowledged_before_the_replicas_have_it(
    server: RedisServer, tmp_path: Path
) -> None:
    async with opened(server, Durability("everysec", replicas=1)) as journal:
        with pytest.raises(OutcomeUnknown):
            await journal.append("a", [draft(note("0"))])
        with RedisServer(tmp_path / "replica", replicaof=f"127.0.0.1 {server.port}"):
            assert (await _when_replicated(journal, "1", "d")).seqs == (2,)
            assert await kept(journal) == ["0", "1"]


async def test_a_repeat_is_not_acknowledged_before_the_replicas_have_the_first(
    server: RedisServer, tmp_path: Path
) -> None:
    durability = Durability("everysec", replicas=1)
    with RedisServer(tmp_path / "replica", replicaof=f"127.0.0.1 {server.port}") as replica:
        async with opened(server, durability) as journal:
            assert (await _when_replicated(journal, "0", "c")).seqs == (1,)
            replica.pause()
            with pytest.raises(OutcomeUnknown):
                await journal.append("a", [draft(note("1"), cmd="d")])
        # From a connection that has written nothing itself yet, as another process's.
        async with opened(server, durability) as journal:
            with pytest.raises(OutcomeUnknown):
                await journal.append("a", [draft(note("1"), cmd="d")])
            replica.resume()
            found = await _when_replicated(journal, "1", "d")
            assert found == Appended((2,), is_repeat=True)


# Too much at once


async def test_more_than_the_queue_takes_is_refused_and_what_was_taken_is_kept(
    server: RedisServer,
) -> None:
    async with opened(server, queue_size=4) as journal:
        asked = [
            asyncio.ensure_future(journal.append("a", [draft(note(str(n)))])) for n in range(9)
        ]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert [isinstance(one, Overloaded) for one in outcomes] == [False] * 4 + [True] * 5
        assert await kept(journal) == ["0", "1", "2", "3"]


async def test_too_many_questions_at_once_are_refused(journal: RedisJournal) -> None:
    outcomes = await asyncio.gather(
        *(journal.read("a") for _ in range(asking.AT_ONCE + 10)), return_exceptions=True
    )
    assert sum(isinstance(one, Overloaded) for one in outcomes) == 10
    assert sum(isinstance(one, list) for one in outcomes) == asking.AT_ONCE


async def test_closing_while_redis_is_away_ends(server: RedisServer) -> None:
    async with asyncio.timeout(2 * PATIENCE_S + 2):
        async with opened(server) as journal:
            await journal.append("a", [draft(note("0"))])
            server.kill()
            asked = asyncio.ensure_future(journal.append("a", [draft(note("1"))]))
            await asyncio.sleep(0)
        with pytest.raises(ClientError):
            await asked


# Leases


async def test_a_lease_outlives_redis(server: RedisServer, journal: RedisJournal) -> None:
    epoch = await journal.claim("a", "one", LONG_S)
    server.restart()
    with pytest.raises(Held):
        await journal.claim("a", "two", LONG_S)
    assert await journal.claim("a", "one", LONG_S) == epoch


async def _when_replicated(journal: RedisJournal, text: str, cmd: str) -> Appended:
    """Append one command until it is acknowledged."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await journal.append("a", [draft(note(text), cmd=cmd)])
            except OutcomeUnknown:
                pass


def _refused_pings(server: RedisServer) -> bool:
    return bool(re.search(rb"_ping:.*rejected_calls=[3-9]", server.ask("INFO", "commandstats")))


async def _when_possible(journal: RedisJournal, text: str) -> Appended:
    async with asyncio.timeout(10):
        while True:
            try:
                return await journal.append("a", [draft(note(text))])
            except JournalUnavailable:
                await asyncio.sleep(0.05)
