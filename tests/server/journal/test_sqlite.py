"""The embedded journal: the contract, how durable it is, and how it groups its commits."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from server.errors import Overloaded
from server.events import Erased, SessionClosed
from server.journal.protocol import Appended, Held, Listing
from server.journal.sqlite.journal import SqliteJournal
from server.journal.sqlite.listing import LISTED_AT_ONCE, PAST_EVERYTHING, listed
from server.journal.sqlite.writer import BATCH
from tests.server.journal.contract import LONG_S, JournalContract, Open
from tests.server.journal.files import commits_in_wal, open_file, opened, others_write_lock
from tests.server.stories import CREATED, draft, note


class TestSqliteJournal(JournalContract):
    """Everything a journal promises."""

    @pytest.fixture
    async def open_journal(self, tmp_path: Path) -> AsyncIterator[Open]:
        running: list[SqliteJournal] = []

        async def open_again() -> SqliteJournal:
            for journal in running:
                await journal.close()
            running[:] = [await open_file(tmp_path / "journal")]
            return running[0]

        yield open_again
        for journal in running:
            await journal.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[SqliteJournal]:
    journal = await open_file(path)
    yield journal
    await journal.close()


# Durable


async def test_the_writing_connection_is_as_durable_as_promised(journal: SqliteJournal) -> None:
    found = await journal.durability()
    assert found["journal_mode"] == "wal"
    assert found["synchronous"] == 2  # FULL: https://www.sqlite.org/pragma.html#pragma_synchronous
    assert found["secure_delete"] == 1


async def test_an_answered_append_is_seen_at_once_by_another_connection(
    journal: SqliteJournal, path: Path
) -> None:
    with closing(sqlite3.connect(path)) as other:
        for number in range(1, 21):
            await journal.append("a", [draft(note(str(number)))])
            assert other.execute("SELECT max(seq) FROM event").fetchone() == (number,)


async def test_nobody_is_answered_before_the_commit(journal: SqliteJournal, path: Path) -> None:
    await journal.append("a", [draft(note("0"))])
    with others_write_lock(path):
        asked = [
            asyncio.ensure_future(journal.append("a", [draft(note(str(n)))])) for n in range(5)
        ]
        # The reading side goes on, and by then the writing thread has met the lock.
        for _ in range(20):
            assert len(await journal.read("a")) == 1
        assert not any(one.done() for one in asked)
    assert sorted(one.seqs[0] for one in await asyncio.gather(*asked)) == [2, 3, 4, 5, 6]


async def test_all_who_wait_share_a_few_commits(journal: SqliteJournal, path: Path) -> None:
    await journal.append("a", [draft(note("0"))])
    before = commits_in_wal(path)
    with others_write_lock(path):
        asked = [
            asyncio.ensure_future(journal.append("a", [draft(note(str(n)))])) for n in range(200)
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*asked)
    assert len(await journal.read("a")) == 201
    # One for whoever was taken out of the queue before the lock was met, one for the rest.
    assert 1 <= commits_in_wal(path) - before <= 2


async def test_one_refused_in_a_group_leaves_the_others_alone(
    journal: SqliteJournal, path: Path
) -> None:
    with others_write_lock(path):
        asked = [
            journal.append("a", [draft(note("1"))]),
            journal.append("a", [draft(note("2"))], expect=7),
            journal.append("a", [draft(note("3"))], epoch=7),
            journal.redact("a", {2**70: None}, draft(Erased(seat=None, events=()))),
            journal.append("a", [draft(note("4"))]),
        ]
        waiting = asyncio.gather(*asked, return_exceptions=True)
        await asyncio.sleep(0)
    found = await waiting
    assert [isinstance(one, Appended) for one in found] == [True, False, False, False, True]
    assert [entry.event for entry in await journal.read("a")] == [note("1"), note("4")]


async def test_a_full_queue_is_told_and_loses_nothing_that_was_taken(path: Path) -> None:
    async with opened(path, queue_size=4) as journal:
        asked: list[asyncio.Future[Appended]] = []
        with others_write_lock(path):
            # The writing thread takes a batch and waits for the lock; then the queue fills.
            while not any(one.done() for one in asked):
                asked.append(
                    asyncio.ensure_future(journal.append("a", [draft(note(str(len(asked))))]))
                )
                await asyncio.sleep(0)
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        taken = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Appended)]
        refused = [outcome for outcome in outcomes if isinstance(outcome, Overloaded)]
        assert refused
        assert 4 <= len(taken) <= BATCH + 4 + 1
        assert len(taken) + len(refused) == len(asked)
        assert [entry.event for entry in await journal.read("a")] == [note(str(n)) for n in taken]
        assert (await journal.append("a", [draft(note("danach"))])).seqs == (len(taken) + 1,)


async def test_leases_of_a_process_that_is_gone_hold_nobody_back(path: Path) -> None:
    async with opened(path) as journal:
        epoch = await journal.claim("a", "one", LONG_S)
        with pytest.raises(Held):
            await journal.claim("a", "two", LONG_S)
    async with opened(path) as journal:
        assert await journal.claim("a", "two", LONG_S) == epoch + 1


async def test_a_closed_journal_is_one_file(path: Path) -> None:
    async with opened(path) as journal:
        await journal.append("a", [draft(note("1"))])
        await journal.read("a")
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_page_of_the_list_costs_the_same_among_many_sessions(path: Path) -> None:
    """Counted in steps of SQLite's machine, which take no longer on a busy computer."""
    costs: list[list[int]] = [[], [], []]
    for count in (300, 900):
        _many_sessions(path.with_name(str(count)), count)
        with closing(sqlite3.connect(path.with_name(str(count)))) as reader:
            # One living session in three: the living ones and the past ones cost no more either.
            for cost, state in zip(costs, (None, "live", "past"), strict=True):
                cost.append(_steps(reader, Listing(state=state, limit=50)))  # type: ignore[arg-type]  # mypy widens the names
    for few, many in costs:
        assert few > 50, "the steps are counted"
        assert many < 1.1 * few


def _many_sessions(path: Path, count: int) -> None:
    async def write() -> None:
        async with opened(path) as journal:
            events = [draft(CREATED), draft(SessionClosed())]
            await asyncio.gather(
                *(journal.append(f"s{n}", events[: 1 + n % 3]) for n in range(count))
            )

    asyncio.run(write())


def _steps(reader: sqlite3.Connection, wanted: Listing) -> int:
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    reader.set_progress_handler(step, 1)
    assert len(listed(reader, wanted, PAST_EVERYTHING)) == LISTED_AT_ONCE
    reader.set_progress_handler(None, 1)
    return steps


async def test_a_journal_of_an_earlier_release_gets_the_indexes_of_the_list(path: Path) -> None:
    async with opened(path) as journal:
        await journal.append("a", [draft(CREATED)])
    with closing(sqlite3.connect(path)) as other:
        for index in ("session_newest", "session_newest_of_state"):
            other.execute(f"DROP INDEX {index}")
    async with opened(path) as journal:
        [info] = await journal.sessions(Listing(state="live"))
        assert info.title == "백엔드 개발자 면접"
    with closing(sqlite3.connect(path)) as other:
        found = other.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE 'session_new%'")
        assert found.fetchone() == (2,)


async def test_a_damaged_first_event_hides_no_other_session(path: Path) -> None:
    async with opened(path) as journal:
        for name in ("a", "b"):
            await journal.append(name, [draft(CREATED)])
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE event SET body=? WHERE session=1", (b'{"config":5}',))
    async with opened(path) as journal:
        assert [info.title for info in await journal.sessions()] == ["백엔드 개발자 면접", ""]
