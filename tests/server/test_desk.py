"""An operator's work on a journal that no server holds."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server import desk
from server.errors import ClientError, ErrorCode, UnknownSession
from server.events import Erased, NoteAdded, SessionClosed
from server.journal.sqlite.journal import SqliteJournal
from server.session import Life
from server.store.protocol import StoreUnavailable
from tests.server.store.memory import MemoryStore, keep, sound
from tests.server.stories import CREATED, draft, interview, note, said, seated


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    journal = await asyncio.to_thread(SqliteJournal, tmp_path / "journal")
    for item in interview():
        await journal.append("s", [draft(item.event, by=item.by, at=item.at)])
    yield journal
    await journal.close()


async def test_a_session_is_read_whole_however_many_pages_it_has(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, entries = await desk.read(journal, "s")
    monkeypatch.setattr(desk, "PAGE", 2)
    assert await desk.read(journal, "s") == (whole, entries)
    assert [item.event for item in entries] == [item.event for item in interview()]


async def test_an_unknown_session_can_be_neither_read_nor_ended_nor_erased(
    journal: SqliteJournal,
) -> None:
    for work in (
        desk.read(journal, "x"),
        desk.end(journal, "x", "me"),
        desk.erase(journal, MemoryStore(), "x", None),
    ):
        with pytest.raises(UnknownSession):
            await work
    assert [info.session for info in await journal.sessions()] == ["s"]


async def test_a_live_session_is_ended_once_by_the_operator(journal: SqliteJournal) -> None:
    await journal.append("live", [draft(CREATED), draft(note("1"), at=5.0)])
    await desk.end(journal, "live", "me")
    await desk.end(journal, "live", "me")
    session, entries = await desk.read(journal, "live")
    assert session.life is Life.REVIEW
    assert [type(item.event) for item in entries[2:]] == [SessionClosed]
    assert (entries[2].by, entries[2].at >= 5.0) == ("operator", True)


async def test_a_session_that_somebody_holds_is_left_to_them(journal: SqliteJournal) -> None:
    await journal.append("live", [draft(CREATED)])
    await journal.claim("live", "a server", 60.0)
    with pytest.raises(ClientError, match="in 90 seconds") as refused:
        await desk.end(journal, "live", "me")
    assert refused.value.code is ErrorCode.SESSION_LIVE
    assert len(await journal.read("live")) == 1


async def test_a_word_that_comes_in_between_is_not_lost(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await journal.append("live", [draft(CREATED)])
    claim = journal.claim

    async def slow_claim(session: str, holder: str, ttl_s: float) -> int:
        if ttl_s:  # Nothing to do with the lease's end.
            await journal.append("live", [draft(note("1"), at=5.0)])
        return await claim(session, holder, ttl_s)

    monkeypatch.setattr(journal, "claim", slow_claim)
    await desk.end(journal, "live", "me")
    session, entries = await desk.read(journal, "live")
    assert session.life is Life.REVIEW
    assert [type(item.event) for item in entries[1:]] == [NoteAdded, SessionClosed]


async def test_an_erased_person_is_in_no_file_and_the_receipt_says_what_went(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    words = ("김하나", "자신감", "업무를", "담당했습니다")
    assert all(word in files(tmp_path) for word in words)
    receipt = await desk.erase(journal, MemoryStore(), "s", "지원자_1")
    assert not any(word in files(tmp_path) for word in words)
    assert all(word in files(tmp_path) for word in ("이두리", "침착함", "목표는", "누구세요"))
    session, entries = await desk.read(journal, "s")
    assert entries[-1].event == receipt
    assert (entries[-1].by, session.life, session.revision) == ("operator", Life.REVIEW, 2)


async def test_a_whole_session_is_erased_and_stays_in_the_list_as_erased(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    receipt = await desk.erase(journal, MemoryStore(), "s", None)
    again = await desk.erase(journal, MemoryStore(), "s", None)
    assert isinstance(receipt, Erased)
    assert again.events == ()
    assert not any(word in files(tmp_path) for word in ("한 팀장", "침착함", "누구세요", "백엔드"))
    [info] = await journal.sessions()
    assert (info.is_closed, info.is_erased) == (True, True)


async def test_a_live_session_is_not_erased(journal: SqliteJournal) -> None:
    await journal.append("live", [draft(CREATED)])
    with pytest.raises(ClientError) as caught:
        await desk.erase(journal, store_with("live"), "live", None)
    assert caught.value.code is ErrorCode.SESSION_LIVE


async def test_sound_is_erased_with_the_person_and_so_is_what_heard_everybody(
    journal: SqliteJournal,
) -> None:
    store = store_with("s", "지원자_1", "지원자_2", "room-c1")
    await desk.erase(journal, store, "s", "지원자_1")
    assert await store.tracks("s") == ["지원자_2"]
    await desk.erase(journal, store, "s", None)
    assert await store.sessions() == []


async def test_a_live_session_that_is_not_erased_keeps_its_sound(journal: SqliteJournal) -> None:
    await journal.append("live", [draft(CREATED)])
    store = store_with("live", "지원자_1")
    with pytest.raises(ClientError):
        await desk.erase(journal, store, "live", None)
    assert await store.tracks("live") == ["지원자_1"]


async def test_sound_that_cannot_be_deleted_is_said(journal: SqliteJournal) -> None:
    store = store_with("s", "지원자_1")
    store.is_broken = True
    with pytest.raises(StoreUnavailable):
        await desk.erase(journal, store, "s", None)
    [info] = await journal.sessions()
    assert info.is_erased


async def test_twenty_thousand_events_are_kept_read_and_folded(journal: SqliteJournal) -> None:
    await journal.append("long", [draft(CREATED), draft(seated("v1", "지원자_1"))])
    for thousand in range(20):
        drafts = [draft(said(f"u{thousand}.{number}", "네")) for number in range(1000)]
        await journal.append("long", drafts)
    session, entries = await desk.read(journal, "long")
    assert [entry.seq for entry in entries] == list(range(1, 20_003))
    assert sum(1 for _ in session.words_of("지원자_1")) == 20_000


def store_with(session: str, *tracks: str) -> MemoryStore:
    store = MemoryStore()
    for track in tracks:
        keep(store.record(session, track), sound(0, 1))
    return store


def files(folder: Path) -> str:
    content = b"".join(file.read_bytes() for file in folder.iterdir())
    return content.decode(errors="replace")
