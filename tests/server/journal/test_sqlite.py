"""The embedded journal: the contract, and how it keeps, groups, fails and erases."""

import asyncio
import sqlite3
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from server.errors import ErrorCode, JournalUnavailable, Overloaded, StorageFull
from server.events import Entry, Erased, NoteAdded
from server.journal.protocol import Appended, Held
from server.journal.sqlite import SCHEMA_VERSION, SqliteJournal
from tests.server.journal.contract import LONG_S, JournalContract, Open
from tests.server.stories import draft, note


class TestSqliteJournal(JournalContract):
    """Everything a journal promises."""

    @pytest.fixture
    async def open_journal(self, tmp_path: Path) -> AsyncIterator[Open]:
        opened: list[SqliteJournal] = []

        async def open_again() -> SqliteJournal:
            for journal in opened:
                await journal.close()
            opened[:] = [await open_file(tmp_path / "journal")]
            return opened[0]

        yield open_again
        for journal in opened:
            await journal.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[SqliteJournal]:
    journal = await open_file(path)
    yield journal
    await journal.close()


async def open_file(
    path: Path, *, queue_size: int = 1024, max_pages: int | None = None
) -> SqliteJournal:
    return await asyncio.to_thread(
        SqliteJournal, path, queue_size=queue_size, max_pages=max_pages
    )


@contextmanager
def others_write_lock(path: Path) -> Iterator[None]:
    """Hold the file's write lock from a second connection: every commit waits."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def commits_in_wal(path: Path) -> int:
    """Count commit frames: those that name the size of the database after them.

    https://www.sqlite.org/fileformat2.html#the_write_ahead_log
    """
    wal = path.with_name(path.name + "-wal").read_bytes()
    page_size, salts = struct.unpack(">8xI4x8s", wal[:24])
    frames = (wal[at : at + 24] for at in range(32, len(wal), 24 + page_size))
    heads = (struct.unpack(">II8s", frame[:16]) for frame in frames)
    return sum(size > 0 for _, size, frame_salts in heads if frame_salts == salts)


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
    journal = await open_file(path, queue_size=4)
    with others_write_lock(path):
        asked = [
            asyncio.ensure_future(journal.append("a", [draft(note(str(n)))])) for n in range(40)
        ]
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    taken = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Appended)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Overloaded)]
    assert 4 <= len(taken) <= 12
    assert len(taken) + len(refused) == 40
    assert [entry.event for entry in await journal.read("a")] == [note(str(n)) for n in taken]
    assert (await journal.append("a", [draft(note("danach"))])).seqs == (len(taken) + 1,)
    await journal.close()


async def test_leases_of_a_process_that_is_gone_hold_nobody_back(path: Path) -> None:
    journal = await open_file(path)
    epoch = await journal.claim("a", "one", LONG_S)
    with pytest.raises(Held):
        await journal.claim("a", "two", LONG_S)
    await journal.close()
    journal = await open_file(path)
    assert await journal.claim("a", "two", LONG_S) == epoch + 1
    await journal.close()


async def test_a_closed_journal_is_one_file(path: Path) -> None:
    journal = await open_file(path)
    await journal.append("a", [draft(note("1"))])
    await journal.read("a")
    await journal.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


# A full disk


async def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(path: Path) -> None:
    journal = await open_file(path, max_pages=40)
    acknowledged = []
    with pytest.raises(StorageFull) as caught:
        for number in range(1000):
            text = f"{number} " + "가" * 500
            await journal.append("a", [draft(note(text), cmd=f"c{number}")])
            acknowledged.append(text)
    assert caught.value.code is ErrorCode.STORAGE_FULL
    assert 20 < len(acknowledged) < 1000
    assert notes(await journal.read("a")) == acknowledged
    assert await journal.find("a", f"c{len(acknowledged)}") == []
    await journal.close()

    journal = await open_file(path)
    assert notes(await journal.read("a")) == acknowledged
    again = await journal.append("a", [draft(note("Platz"), cmd=f"c{len(acknowledged)}")])
    assert again.seqs == (len(acknowledged) + 1,)
    await journal.close()


async def test_when_the_disk_fills_under_many_each_is_told_the_truth(path: Path) -> None:
    journal = await open_file(path, max_pages=40)
    outcomes: list[object] = []
    for start in range(0, 120, 10):
        outcomes += await asyncio.gather(
            *(
                journal.append("a", [draft(note(f"{n} " + "나" * 600))])
                for n in range(start, start + 10)
            ),
            return_exceptions=True,
        )
    kept = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Appended)]
    full = [outcome for outcome in outcomes if isinstance(outcome, StorageFull)]
    assert kept
    assert full
    assert len(kept) + len(full) == 120
    assert [int(text.split()[0]) for text in notes(await journal.read("a"))] == kept
    await journal.close()


async def test_space_that_comes_back_is_used_without_a_restart(path: Path) -> None:
    """The limit is the connection's own, so it is lifted where a disk would be emptied."""
    journal = await open_file(path, max_pages=12)
    with pytest.raises(StorageFull):
        await journal.append("a", [draft(note("다" * 20_000))])
    assert (await journal.append("a", [draft(note("klein"))])).seqs == (1,)
    await journal.close()


def notes(entries: list[Entry]) -> list[str]:
    return [entry.event.note for entry in entries if isinstance(entry.event, NoteAdded)]


# Damaged files


async def make_journal(path: Path) -> list[Entry]:
    """Write a journal of some dozen pages, with bodies of one page and of several."""
    journal = await open_file(path)
    for number in range(40):
        text = f"{number} " + "라" * (2500 if number % 8 == 0 else 300)
        await journal.append("a", [draft(note(text), cmd=f"c{number}")])
    entries = await journal.read("a")
    await journal.close()
    return entries


async def use(path: Path) -> list[Entry]:
    """Open the file and do everything with it; return what it says of session ``a``."""
    journal = await open_file(path)
    try:
        await journal.sessions()
        entries = await journal.read("a")
        await journal.find("a", "c3")
        await journal.append("a", [draft(note("neu"), cmd="c3")])
        return entries
    finally:
        await journal.close()


@pytest.mark.parametrize("content", [b"kein Journal" * 1000, b"\x00" * 8192, b"SQLite format 3\x00"])
async def test_a_file_that_is_no_journal_is_refused_in_one_sentence(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalUnavailable, match="damaged; restore it from a backup"):
        await use(path)
    assert path.read_bytes() == content


async def test_another_programs_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE session(x)")
    with pytest.raises(JournalUnavailable):
        await open_file(path)


async def test_a_truncated_file_is_told_in_one_sentence(path: Path) -> None:
    await make_journal(path)
    whole = path.read_bytes()
    for size in (100, 3000, 4096, len(whole) // 2, len(whole) - 4096, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(JournalUnavailable) as caught:
            await use(path)
        assert "damaged" in str(caught.value), size


async def test_any_flipped_page_is_told_or_harmless_and_never_a_raw_error(path: Path) -> None:
    entries = await make_journal(path)
    whole = path.read_bytes()
    told = 0
    for start in range(0, len(whole), 4096):
        path.write_bytes(whole[:start] + bytes(4096 * [0xA5]) + whole[start + 4096 :])
        try:
            assert await use(path) == entries
        except JournalUnavailable as error:
            assert "damaged" in str(error)
            told += 1
    assert told >= len(whole) // 4096 - 2


async def test_a_damaged_file_is_found_by_the_check(path: Path) -> None:
    await make_journal(path)
    journal = await open_file(path)
    assert await journal.check() == "ok"
    await journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: 4096 * 8] + bytes(4096) + whole[4096 * 9 :])
    journal = await open_file(path)
    assert await journal.check() != "ok"
    await journal.close()


async def test_a_journal_of_a_newer_release_is_refused_and_left_alone(path: Path) -> None:
    await make_journal(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    with pytest.raises(JournalUnavailable, match="newer release"):
        await open_file(path)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM event").fetchone() == (40,)
