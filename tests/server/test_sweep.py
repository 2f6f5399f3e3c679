"""Sound that nobody else deletes: of sessions that ended, expired or were erased elsewhere."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server import desk
from server.entries import Draft
from server.errors import JournalUnavailable
from server.events import (
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    SessionClosed,
    SessionConfig,
    SessionCreated,
)
from server.journal.sqlite.journal import SqliteJournal
from server.session import Session
from server.store.retention import DAY_S
from server.sweep import UNKNOWN_FOR_S, Sweep
from tests.server.store.memory import MemoryStore, keep, sound

SEAT = "지원자_1"
TOLD: tuple[Event, ...] = (
    SessionCreated(config=SessionConfig()),
    ConsentGiven(seat=SEAT, keep_audio_days=30),
)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    journal = await asyncio.to_thread(SqliteJournal, tmp_path / "journal")
    yield journal
    await journal.close()


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    keep(store.record("s1", SEAT), sound(0, 1))
    return store


async def tell(journal: SqliteJournal, *events: Event, ago_s: float = 0.0) -> None:
    for event in events:
        draft = Draft(at=0.0, wall=time.time() - ago_s, by="operator", event=event)
        await journal.append("s1", [draft])


async def swept(journal: SqliteJournal, store: MemoryStore) -> list[str]:
    """Return the sessions of which sound is left."""
    await Sweep(store, journal).run({})
    return await store.sessions()


async def test_a_live_session_keeps_its_sound(journal: SqliteJournal, store: MemoryStore) -> None:
    await tell(journal, *TOLD, ago_s=10 * DAY_S)
    assert await swept(journal, store) == ["s1"]


async def test_sound_of_an_ended_session_goes(journal: SqliteJournal, store: MemoryStore) -> None:
    await tell(journal, *TOLD, ConsentGiven(seat=SEAT), SessionClosed())
    assert await swept(journal, store) == []


async def test_sound_that_is_kept_goes_when_its_time_is_over(
    journal: SqliteJournal, store: MemoryStore
) -> None:
    await tell(journal, *TOLD, SessionClosed(), ago_s=29.9 * DAY_S)
    assert await swept(journal, store) == ["s1"]
    await tell(journal, ConsentWithdrawn(seat=SEAT), ConsentGiven(seat=SEAT, keep_audio_days=29))
    assert await swept(journal, store) == []


async def test_sound_of_an_erased_session_goes(journal: SqliteJournal, store: MemoryStore) -> None:
    await tell(journal, *TOLD, SessionClosed())
    sweep = Sweep(store, journal)
    await sweep.run({})
    assert await store.sessions() == ["s1"]
    await desk.erase(journal, MemoryStore(), "s1", None)  # By another process, with its folder.
    await sweep.run({})
    assert await store.sessions() == []


async def test_a_withdrawal_that_another_process_heard_is_followed(
    journal: SqliteJournal, store: MemoryStore
) -> None:
    sweep = Sweep(store, journal)
    await tell(journal, *TOLD)
    await sweep.run({})
    await tell(journal, ConsentWithdrawn(seat=SEAT))
    await sweep.run({})
    assert await store.sessions() == []


async def test_sound_of_an_unknown_session_goes_after_a_day_and_is_told(
    journal: SqliteJournal, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    sweep = Sweep(store, journal)
    for _ in range(2):
        await sweep.run({})
    assert await store.sessions() == ["s1"]
    assert len([message for message in caplog.messages if "DAEDAM_JOURNAL" in message]) == 1
    store.wall["s1"] -= UNKNOWN_FOR_S
    await sweep.run({})
    assert await store.sessions() == []
    assert "deleted: s1" in caplog.messages[-1]


class DeafJournal(SqliteJournal):
    """A journal that cannot be read."""

    async def sessions(self, *_: object) -> list[object]:  # type: ignore[override]
        raise JournalUnavailable

    async def read(self, *_: object, **__: object) -> list[object]:  # type: ignore[override]
        raise JournalUnavailable


async def test_a_journal_that_cannot_be_read_deletes_nothing(
    tmp_path: Path, store: MemoryStore
) -> None:
    journal = await asyncio.to_thread(DeafJournal, tmp_path / "journal")
    await tell(journal, *TOLD, SessionClosed())
    store.wall["s1"] -= UNKNOWN_FOR_S
    assert await swept(journal, store) == ["s1"]
    await journal.close()


async def test_what_is_held_here_is_judged_by_what_is_known_here(
    journal: SqliteJournal, store: MemoryStore
) -> None:
    await tell(journal, *TOLD, ConsentGiven(seat=SEAT), SessionClosed())
    sweep = Sweep(store, journal)
    await sweep.run({"s1": None})  # Its last words are not written down yet.
    assert await store.sessions() == ["s1"]
    state, _ = await desk.read(journal, "s1")
    assert isinstance(state, Session)
    await sweep.run({"s1": state})
    assert await store.sessions() == []


async def test_a_session_is_read_again_only_when_something_happened(
    journal: SqliteJournal, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(journal, *TOLD)
    read, reads = desk.read, 0

    async def counted(*wanted: object) -> object:
        nonlocal reads
        reads += 1
        return await read(*wanted)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(desk, "read", counted)
    sweep = Sweep(store, journal)
    for _ in range(3):
        await sweep.run({})
    assert reads == 1
    await tell(journal, SessionClosed())
    await sweep.run({})
    assert reads == 2
