"""After ``redact`` no file of Redis holds the erased words, whatever was written before."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.entries import Entry
from server.errors import JournalUnavailable
from server.events import Erased, Event
from server.journal.redis import building
from server.journal.redis import files as redis_files
from server.journal.redis.journal import RedisJournal
from tests.server.journal.files import notes
from tests.server.journal.redises import opened
from tests.server.redis_server import RedisServer
from tests.server.stories import draft, note

pytestmark = pytest.mark.redis

COUNT = 60


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "PAGE", 7)


def content(server: RedisServer) -> bytes:
    """Return every byte of every file but the log, which says nothing of the data."""
    files = (file for file in server.folder.rglob("*") if file.suffix != ".log")
    return b"".join(file.read_bytes() for file in files if file.is_file())


def marker(session: str, number: int) -> str:
    return f"표식{session}{number:03}-"


def text(session: str, number: int) -> str:
    return marker(session, number) * (1, 2, 20, 200)[number % 4]


async def fill(journal: RedisJournal, session: str) -> None:
    drafts = [draft(note(text(session, n)), cmd=f"c{n}") for n in range(COUNT)]
    await asyncio.gather(*(journal.append(session, [one]) for one in drafts))


def fate(number: int) -> str:
    return ("blanked", "kept", "shortened")[number % 3]


def bodies() -> dict[int, Event | None]:
    return {
        n + 1: None if fate(n) == "blanked" else note("-")
        for n in range(COUNT)
        if fate(n) != "kept"
    }


async def redact(journal: RedisJournal, session: str) -> None:
    await journal.redact(session, bodies(), draft(Erased(seat=None, events=tuple(bodies()))))


def check(server: RedisServer, session: str, *, is_erased: bool) -> None:
    everything = content(server)
    for number in range(COUNT):
        is_there = marker(session, number).encode() in everything
        assert is_there == (fate(number) == "kept" or not is_erased), number


async def test_no_file_holds_erased_words_and_every_other_word_stays(server: RedisServer) -> None:
    async with opened(server) as journal:
        for session in "ab":
            await fill(journal, session)
        # Part of the words lies in a rewritten file and in a snapshot, part in the newest one.
        server.ask("BGREWRITEAOF")
        await _written(server)
        server.ask("SAVE")
        await fill(journal, "c")
        check(server, "a", is_erased=False)
        await redact(journal, "a")
        await redact(journal, "c")
        for session, is_erased in (("a", True), ("b", False), ("c", True)):
            check(server, session, is_erased=is_erased)
        await journal.append("a", [draft(note("danach"))])
    server.restart()
    check(server, "a", is_erased=True)
    async with opened(server) as journal:
        found = await journal.read("a")
        assert notes(found)[-1] == "danach"
        assert [entry.seq for entry in found] == list(range(1, COUNT + 3))
        assert [entry.event for entry in await journal.find("a", "c1")] == [note(text("a", 1))]
        again = await journal.append("a", [draft(note("noch einmal"), cmd="c0")])
        assert again.is_repeat


async def test_erasing_a_session_does_not_stop_who_reads_or_writes_meanwhile(
    server: RedisServer,
) -> None:
    async with opened(server) as journal, opened(server) as other:
        await fill(journal, "a")
        before = len(await journal.read("a"))
        erasing = asyncio.ensure_future(redact(journal, "a"))
        meanwhile = 0
        while not erasing.done():
            found = await other.read("a", limit=10_000)
            assert [entry.seq for entry in found] == list(range(1, len(found) + 1))
            meanwhile += 1
            await other.append("a", [draft(note(f"währenddessen {meanwhile}"))])
        await erasing
        found = await journal.read("a", limit=10_000)
        assert meanwhile
        assert len(found) == before + 1 + meanwhile
        assert [one for one in notes(found) if one.startswith("w")] == [
            f"währenddessen {n}" for n in range(1, meanwhile + 1)
        ]
        check(server, "a", is_erased=True)


async def test_more_than_fits_into_one_step_comes_in_between_and_is_kept(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_all = building.Replacement.take_all
    pending = [draft(note("währenddessen"))] * 1200

    async with opened(server) as journal:
        await fill(journal, "a")

        async def take_all_and_be_overtaken(replacement: building.Replacement) -> None:
            await take_all(replacement)
            if pending:
                await journal.append("a", pending)
                pending.clear()

        monkeypatch.setattr(building.Replacement, "take_all", take_all_and_be_overtaken)
        monkeypatch.setattr(building, "PAGE", 500)
        await redact(journal, "a")
        found = await journal.read("a", limit=10_000)
        assert [entry.seq for entry in found] == list(range(1, COUNT + 1200 + 2))
        assert notes(found).count("währenddessen") == 1200
        check(server, "a", is_erased=True)


async def test_two_that_erase_at_once_both_erase(server: RedisServer) -> None:
    async with opened(server) as journal, opened(server) as other:
        await fill(journal, "a")
        first, second = {1: None, 2: None}, {3: None, 4: None}
        await asyncio.gather(
            *(
                one.redact("a", some, draft(Erased(seat=None, events=tuple(some))))
                for one, some in ((journal, first), (other, second), (journal, {5: None}))
            )
        )
        assert _blank(await journal.read("a")) == [1, 2, 3, 4, 5]
        everything = content(server)
        assert not any(marker("a", n).encode() in everything for n in range(5))


async def test_what_a_dead_process_was_building_is_forgotten_with_the_words(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(server) as journal:
        await fill(journal, "a")
        with monkeypatch.context() as patch:
            # As if it died before it could put its work in place or take it away.
            patch.setattr(building.Building, "forget", _nothing)
            with pytest.raises(ValueError, match="no event 1000"):
                await journal.redact("a", {1000: None}, draft(Erased(seat=None, events=(1000,))))
        assert b"built:events" in server.ask("KEYS", "daedam:built:*")
        await redact(journal, "a")
        assert server.ask("KEYS", "daedam:buil*") == b"*0\r\n"
        check(server, "a", is_erased=True)


async def test_files_that_cannot_be_written_anew_are_told(server: RedisServer) -> None:
    async with opened(server) as journal:
        await fill(journal, "a")
        server.ask("ACL", "SETUSER", "default", "-bgrewriteaof")
        with pytest.raises(JournalUnavailable, match="Erased, but"):
            await redact(journal, "a")
        assert _blank(await journal.read("a"))
        server.ask("ACL", "SETUSER", "default", "+bgrewriteaof")
        await redact(journal, "a")
        check(server, "a", is_erased=True)


async def test_files_that_take_too_long_are_told(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(server) as journal:
        await fill(journal, "a")
        server.ask("CONFIG", "SET", "rdb-key-save-delay", "10000000")
        monkeypatch.setattr(redis_files, "FILES_S", 0.2)
        with pytest.raises(JournalUnavailable, match="Erased, but"):
            await redact(journal, "a")


async def test_a_snapshot_that_somebody_else_is_writing_is_waited_for(server: RedisServer) -> None:
    async with opened(server) as journal:
        await fill(journal, "a")
        server.ask("CONFIG", "SET", "rdb-key-save-delay", "30000")
        server.ask("BGSAVE")
        server.ask("CONFIG", "SET", "rdb-key-save-delay", "0")
        await redact(journal, "a")
        check(server, "a", is_erased=True)


async def _nothing(*_: object) -> None:
    pass


def _blank(entries: list[Entry]) -> list[int]:
    return [entry.seq for entry in entries if type(entry.event).__name__ == "Blank"]


async def _written(server: RedisServer) -> None:
    async with asyncio.timeout(10):
        while b"aof_rewrite_in_progress:1" in server.ask("INFO", "persistence"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
