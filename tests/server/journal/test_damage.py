"""Files that are damaged, foreign or too new are refused in one clear sentence."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from server.entries import Entry
from server.errors import JournalUnavailable
from server.journal.sqlite import journal as sqlite
from server.journal.sqlite.journal import SCHEMA_VERSION
from tests.server.journal.files import open_file, opened
from tests.server.stories import draft, note

PAGE = 4096
"""SQLite's page size, https://www.sqlite.org/pragma.html#pragma_page_size."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


async def make_journal(path: Path) -> list[Entry]:
    """Write a journal of some dozen pages, with bodies of one page and of several."""
    async with opened(path) as journal:
        for number in range(40):
            text = f"{number} " + "라" * (2500 if number % 8 == 0 else 300)
            await journal.append("a", [draft(note(text), cmd=f"c{number}")])
        entries = await journal.read("a")
    return entries


async def use(path: Path) -> list[Entry]:
    """Open the file and do everything with it; return what it says of session ``a``."""
    async with opened(path) as journal:
        await journal.sessions()
        entries = await journal.read("a")
        await journal.find("a", "c3")
        await journal.append("a", [draft(note("neu"), cmd="c3")])
        return entries


def complaint(path: Path) -> str | None:
    """Return the sentence with which using the file fails, None when nothing fails."""
    try:
        asyncio.run(use(path))
    except JournalUnavailable as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "content", [b"kein Journal" * 1000, b"\x00" * 8192, b"SQLite format 3\x00"]
)
def test_a_file_that_is_no_journal_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalUnavailable, match="damaged; restore it from a backup"):
        asyncio.run(open_file(path))
    assert path.read_bytes() == content


async def test_another_programs_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE session(x)")
    with pytest.raises(JournalUnavailable):
        await open_file(path)


def test_a_truncated_file_is_told_in_one_sentence(path: Path) -> None:
    asyncio.run(make_journal(path))
    whole = path.read_bytes()
    for size in (100, 3000, PAGE, len(whole) // 2, len(whole) - PAGE, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert "damaged" in str(complaint(path)), size


@pytest.mark.parametrize("garbage", [b"\xa5", b"\x00"])
def test_any_flipped_page_is_told_in_one_sentence(path: Path, garbage: bytes) -> None:
    asyncio.run(make_journal(path))
    whole = path.read_bytes()
    for start in range(0, len(whole), PAGE):
        path.write_bytes(whole[:start] + garbage * PAGE + whole[start + PAGE :])
        assert "damaged" in str(complaint(path)), start // PAGE


def test_the_undamaged_file_raises_no_complaint(path: Path) -> None:
    asyncio.run(make_journal(path))
    assert complaint(path) is None


def test_a_damaged_file_is_found_by_the_check(path: Path) -> None:
    async def verdict() -> str:
        async with opened(path) as journal:
            return await journal.check()

    asyncio.run(make_journal(path))
    assert asyncio.run(verdict()) == "ok"
    _damage(path, _root(path, "event_cmd"))
    with pytest.raises(JournalUnavailable, match="damaged"):
        asyncio.run(verdict())
    with pytest.MonkeyPatch.context() as patch:  # As if it were too large to check at every start.
        patch.setattr(sqlite, "CHECKED_SIZE", 0)
        assert asyncio.run(verdict()) != "ok"


async def test_a_journal_that_became_empty_is_refused(path: Path) -> None:
    await asyncio.to_thread(path.touch)
    with pytest.raises(JournalUnavailable, match="restore"):
        await open_file(path)


async def test_a_journal_of_a_newer_release_is_refused_and_left_alone(path: Path) -> None:
    await make_journal(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    with pytest.raises(JournalUnavailable, match="newer release"):
        await open_file(path)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM event").fetchone() == (40,)


async def test_a_command_is_looked_up_in_its_index_and_not_in_the_whole_session(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without timing: only who uses the index meets the damage in it."""
    await make_journal(path)
    monkeypatch.setattr(sqlite, "CHECKED_SIZE", 0)
    await asyncio.to_thread(_damage, path, _root(path, "event_cmd"))
    async with opened(path) as journal:
        assert len(await journal.read("a")) == 40
        with pytest.raises(JournalUnavailable):
            await journal.find("a", "c3")
        with pytest.raises(JournalUnavailable):
            await journal.append("a", [draft(note("neu"), cmd="c3")])


def _root(path: Path, index: str) -> int:
    with closing(sqlite3.connect(path)) as other:
        (root,) = other.execute(
            "SELECT rootpage FROM sqlite_master WHERE name=?", (index,)
        ).fetchone()
    return int(root)


def _damage(path: Path, page: int) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: PAGE * (page - 1)] + b"\xa5" * PAGE + whole[PAGE * page :])
