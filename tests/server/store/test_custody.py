"""The sound of a session where it is held."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.entries import Entry
from server.events import (
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    RoomConfirmed,
    SessionClosed,
    SessionConfig,
    SessionCreated,
)
from server.session import Session
from server.store.custody import Custody
from tests.server.store.memory import MemoryStore, keep, kept, sound

ASKING, ANSWERING, ROOM = "면접관_1", "지원자_1", "room-c1"
CREATED = SessionCreated(config=SessionConfig())


class SlowStore(MemoryStore):
    """Lists tracks as they were when it was asked, but only when ``goes_on``."""

    def __init__(self) -> None:
        super().__init__()
        self.is_looking, self.goes_on = asyncio.Event(), asyncio.Event()

    async def tracks(self, session: str) -> list[str]:
        found = await super().tracks(session)
        self.is_looking.set()
        await self.goes_on.wait()
        return found


def happen(session: Session, *events: Event) -> None:
    for event in events:
        number = session.seq + 1
        session.apply(
            Entry(
                seq=number,
                at=0.0,
                wall=2e9,
                by="system",
                v=1,
                type=event.type(),
                cmd=None,
                event=event,
            )
        )


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def session() -> Session:
    session = Session("s1")
    given = (ConsentGiven(seat=seat, keep_audio_days=1) for seat in (ASKING, ANSWERING))
    happen(session, CREATED, *given, RoomConfirmed())
    return session


@asynccontextmanager
async def custody_of(session: Session, store: MemoryStore) -> AsyncIterator[Custody]:
    custody = Custody(session, store)
    for track in (ASKING, ANSWERING, ROOM):
        recorder = custody.record(track)
        assert recorder is not None
        keep(recorder, sound(0, 1))
    yield custody
    await custody.close()


async def test_a_withdrawal_deletes_what_heard_the_person(
    session: Session, store: MemoryStore
) -> None:
    async with custody_of(session, store) as custody:
        custody.follow()
        happen(session, ConsentWithdrawn(seat=ANSWERING))
        custody.follow()
    assert await store.tracks("s1") == [ASKING]


async def test_a_withdrawal_that_was_taken_back_at_once_is_one(
    session: Session, store: MemoryStore
) -> None:
    async with custody_of(session, store) as custody:
        happen(session, ConsentWithdrawn(seat=ANSWERING), ConsentGiven(seat=ANSWERING))
        custody.follow()
    assert await store.tracks("s1") == [ASKING]


async def test_who_goes_on_after_a_withdrawal_is_kept(session: Session, store: MemoryStore) -> None:
    async with custody_of(session, store) as custody:
        happen(session, ConsentWithdrawn(seat=ANSWERING), ConsentGiven(seat=ANSWERING))
        custody.follow()
        await asyncio.sleep(0)
        recorder = custody.record(ANSWERING)
        assert recorder is not None
        keep(recorder, sound(9, 1))
        custody.follow()
    assert await store.tracks("s1") == [ASKING, ANSWERING]


@pytest.mark.parametrize(("days", "stay"), [(0, [ASKING]), (1, [ROOM, ASKING, ANSWERING])])
async def test_the_end_deletes_all_that_may_not_stay(
    session: Session, store: MemoryStore, days: float, stay: list[str]
) -> None:
    async with custody_of(session, store) as custody:
        happen(session, ConsentGiven(seat=ANSWERING, keep_audio_days=days), SessionClosed())
        await custody.settle()
    assert await store.tracks("s1") == stay


async def test_nothing_is_recorded_where_consent_is_seen_to_elsewhere(store: MemoryStore) -> None:
    session = Session("s1")
    happen(session, SessionCreated(config=SessionConfig(consent="external")))
    assert Custody(session, store).record(ANSWERING) is None


async def test_who_comes_back_while_the_disk_is_looked_through_is_kept(session: Session) -> None:
    store = SlowStore()
    async with custody_of(session, store) as custody:
        happen(session, ConsentWithdrawn(seat=ANSWERING))
        custody.follow()
        async with asyncio.timeout(5):
            await store.is_looking.wait()
        happen(session, ConsentGiven(seat=ANSWERING))
        recorder = custody.record(ANSWERING)
        assert recorder is not None
        keep(recorder, sound(9, 1))
        store.goes_on.set()
        custody.follow()
    assert await kept(store, "s1", ANSWERING) == sound(9, 1)
    assert await store.tracks("s1") == [ASKING, ANSWERING]


async def test_a_deletion_that_was_never_carried_out_is_at_the_end(
    session: Session, store: MemoryStore
) -> None:
    async with custody_of(session, store) as custody:
        store.is_broken = True
        happen(session, ConsentWithdrawn(seat=ANSWERING))
        custody.follow()
        happen(session, ConsentGiven(seat=ANSWERING, keep_audio_days=1), SessionClosed())
    store.is_broken = False
    await Custody(session, store).settle()
    assert await store.tracks("s1") == [ASKING]


async def test_a_disk_that_fails_ends_nothing(
    session: Session, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    async with custody_of(session, store) as custody:
        store.is_broken = True
        happen(session, ConsentWithdrawn(seat=ANSWERING), SessionClosed())
        custody.follow()
        await custody.settle()
    assert len([one for one in caplog.messages if "not deleted yet" in one]) == 2
