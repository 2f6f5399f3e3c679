"""Sound that nobody else deletes: of sessions that ended, expired or were erased elsewhere."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from server import desk
from server import sweep as sweep_module
from server.entries import Draft
from server.errors import JournalUnavailable
from server.events import (
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    NoteAdded,
    SessionClosed,
    SessionConfig,
    SessionCreated,
    SpeakersChecked,
)
from server.journal.sqlite.journal import SqliteJournal
from server.session import Session
from server.store.protocol import StoreUnavailable
from server.store.retention import DAY_S
from server.store.voices import VoiceFiles
from server.sweep import UNKNOWN_FOR_S, VOICES_S, Sweep
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
    await tell(journal, ConsentGiven(seat=SEAT, keep_audio_days=29))
    assert await swept(journal, store) == []


async def test_sound_of_who_withdrew_goes_at_the_end_though_they_agreed_again(
    journal: SqliteJournal, store: MemoryStore
) -> None:
    await tell(journal, *TOLD, ConsentWithdrawn(seat=SEAT), TOLD[1])
    assert await swept(journal, store) == ["s1"]
    await tell(journal, SessionClosed())
    assert await swept(journal, store) == []


async def test_sound_that_another_process_may_hear_once_more_stays_for_nine_minutes(
    journal: SqliteJournal, store: MemoryStore
) -> None:
    await tell(journal, *TOLD, ConsentGiven(seat=SEAT), SessionClosed(), ago_s=500.0)
    await Sweep(store, journal, is_shared=True).run({})
    assert await store.sessions() == ["s1"]
    await tell(journal, SpeakersChecked(method="whole", through=1.0, changed=0))
    await Sweep(store, journal, is_shared=True).run({})
    assert await store.sessions() == []


async def test_sound_that_nobody_heard_once_more_goes_as_well(
    journal: SqliteJournal, store: MemoryStore
) -> None:
    await tell(journal, *TOLD, ConsentGiven(seat=SEAT), SessionClosed(), ago_s=VOICES_S + 1.0)
    await Sweep(store, journal, is_shared=True).run({})
    assert await store.sessions() == []


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


class CountingStore(MemoryStore):
    """Counts how often somebody looks for tracks."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    async def tracks(self, session: str) -> list[str]:
        self.looks += 1
        return await super().tracks(session)


@pytest.fixture
def counting() -> CountingStore:
    store = CountingStore()
    keep(store.record("s1", SEAT), sound(0, 1))
    return store


async def test_a_folder_is_looked_into_only_when_something_happened_or_a_time_is_over(
    journal: SqliteJournal, counting: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of its thirty days half an hour is left.
    await tell(journal, *TOLD, SessionClosed(), ago_s=30 * DAY_S - 1800)
    sweep = Sweep(counting, journal)
    for _ in range(3):
        await sweep.run({})
    assert (counting.looks, await counting.sessions()) == (1, ["s1"])
    await tell(journal, NoteAdded(about=SEAT, note="나중에", media_at=0.0))
    await sweep.run({})
    assert (counting.looks, await counting.sessions()) == (2, ["s1"])
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 1801)
    await sweep.run({})
    assert await counting.sessions() == []


async def test_a_deletion_that_failed_is_tried_at_the_next_look(
    journal: SqliteJournal, counting: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StoreUnavailable

    await tell(journal, *TOLD, SessionClosed())
    keep(counting.record("s1", "room-c1"), sound(0, 1))
    await tell(journal, ConsentGiven(seat="면접관_1"))
    sweep = Sweep(counting, journal)
    with monkeypatch.context() as patched:
        patched.setattr(counting, "delete", fail)
        await sweep.run({})
    assert await counting.tracks("s1") == ["room-c1", SEAT]
    await sweep.run({})
    assert await counting.tracks("s1") == [SEAT]


async def test_a_folder_is_looked_into_again_after_an_hour_whatever_happened(
    journal: SqliteJournal, counting: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "AGAIN_S", 0.0)
    await tell(journal, *TOLD, SessionClosed())
    sweep = Sweep(counting, journal)
    await sweep.run({})
    keep(counting.record("s1", "면접관_1"), sound(0, 1))  # Out of a backup, for instance.
    await sweep.run({})
    assert await counting.tracks("s1") == [SEAT]


async def test_who_consents_here_while_a_session_is_looked_after_is_kept(
    journal: SqliteJournal,
) -> None:
    await tell(journal, *TOLD)
    state, entries = await desk.read(journal, "s1")

    class Meanwhile(MemoryStore):
        async def tracks(self, session: str) -> list[str]:
            if state.seq == entries[-1].seq:
                event = ConsentGiven(seat="면접관_1")
                state.apply(replace(entries[-1], seq=state.seq + 1, event=event))
                keep(self.record(session, "면접관_1"), sound(0, 1))
            return await super().tracks(session)

    store = Meanwhile()
    keep(store.record("s1", SEAT), sound(0, 1))
    await Sweep(store, journal).run({"s1": state})
    assert set(await store.tracks("s1")) == {SEAT, "면접관_1"}


@pytest.fixture
async def voices(tmp_path: Path) -> VoiceFiles:
    files = VoiceFiles(tmp_path / "voices")
    await files.save("s1", b"voices")
    return files


async def left(journal: SqliteJournal, voices: VoiceFiles) -> list[str]:
    """Return the sessions of which voices are left after a look."""
    await Sweep(MemoryStore(), journal, voices).run({})
    return list(await voices.sessions())


async def test_voices_go_ten_minutes_after_their_session(
    journal: SqliteJournal, voices: VoiceFiles
) -> None:
    await tell(journal, *TOLD, ago_s=DAY_S)
    assert await left(journal, voices) == ["s1"]  # It lives.
    await tell(journal, SessionClosed(), ago_s=500.0)
    assert await left(journal, voices) == ["s1"]  # Its holder may be at the final pass.
    assert VOICES_S + 60.0 <= 600.0  # There is a look every minute.


async def test_voices_of_a_session_that_ended_go(
    journal: SqliteJournal, voices: VoiceFiles
) -> None:
    await tell(journal, *TOLD, SessionClosed(), ago_s=VOICES_S + 1.0)
    assert await left(journal, voices) == []


async def test_voices_of_a_held_session_are_its_holders(
    journal: SqliteJournal, voices: VoiceFiles
) -> None:
    await tell(journal, *TOLD, SessionClosed(), ago_s=VOICES_S + 1.0)
    await Sweep(MemoryStore(), journal, voices).run({"s1": None})
    assert list(await voices.sessions()) == ["s1"]


async def test_voices_that_could_not_be_deleted_at_the_end_go_though_the_room_is_there(
    journal: SqliteJournal, voices: VoiceFiles
) -> None:
    await tell(journal, *TOLD, ago_s=VOICES_S + 2.0)
    state, _ = await desk.read(journal, "s1")
    await Sweep(MemoryStore(), journal, voices).run({"s1": state})
    assert list(await voices.sessions()) == ["s1"]  # It lives.
    await tell(journal, SessionClosed(), ago_s=VOICES_S + 1.0)
    state, _ = await desk.read(journal, "s1")
    await Sweep(MemoryStore(), journal, voices).run({"s1": state})
    assert await voices.sessions() == {}


async def test_voices_that_the_journal_does_not_know_go(
    journal: SqliteJournal, voices: VoiceFiles, tmp_path: Path
) -> None:
    assert await left(journal, voices) == ["s1"]
    [path] = await asyncio.to_thread(lambda: list((tmp_path / "voices").iterdir()))
    await asyncio.to_thread(os.utime, path, (1.0, 1.0))
    assert await left(journal, voices) == []
