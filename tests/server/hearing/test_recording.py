"""Which packets of a live microphone are kept: those that are heard, and no others."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.assembly import Ears
from pipeline.models import Registry
from server.events import (
    SYSTEM,
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    Muted,
    SessionConfig,
    SessionCreated,
    Unmuted,
)
from server.hearing.outlets import Outlets
from server.hearing.tracks import Tracks
from server.journal.sqlite.journal import SqliteJournal
from server.ledger import Ledger
from server.media.frames import Frame, Origin
from server.operations.metrics import Metrics
from server.store.custody import Custody
from tests.server.fakes import ScriptedExecutor
from tests.server.hearing.coming import Arrival, come
from tests.server.store.memory import MemoryStore, kept

SEAT = "지원자_1"
BLOCK = 320


class Device:
    """Sends one packet after the other into a track."""

    def __init__(self) -> None:
        self._began = time.monotonic() - 30
        self._number = 0

    def say(self, track: Arrival, count: int = 10, origin: Origin = Origin.DECODED) -> None:
        for _ in range(count):
            at = self._number * BLOCK
            self._number += 1
            arrived = self._began + self._number * 0.02
            packet = f"{self._number}".encode() if origin is Origin.DECODED else None
            track.hear(Frame(np.zeros(BLOCK, np.float32), at, arrived, origin, packet))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    journal = await asyncio.to_thread(SqliteJournal, tmp_path / "journal.sqlite3")
    ledger = Ledger("s1", journal, "holder", lambda: None)
    await ledger.claim()
    await happen(ledger, SessionCreated(config=SessionConfig()), ConsentGiven(seat=SEAT))
    yield ledger
    await ledger.close()
    await journal.close()


async def happen(ledger: Ledger, *events: Event) -> None:
    await ledger.commit(lambda *_: events, by=SYSTEM)


@pytest.fixture
async def room(ledger: Ledger, store: MemoryStore) -> AsyncIterator[Tracks]:
    async def evaluate() -> None:
        """Nobody judges here."""

    ears = await asyncio.to_thread(Ears.load, Registry.default())
    outlets = Outlets(record=Custody(ledger.session, store).record)
    executor = ScriptedExecutor()
    room = Tracks(ledger, ears, executor, lambda _: None, evaluate, Metrics(), outlets)
    yield room
    await room.settle(10)
    await room.close()
    await asyncio.to_thread(ears.close)


async def numbers(store: MemoryStore) -> list[int]:
    return [int(one.packet) for one in await kept(store, "s1", SEAT)]


async def test_packets_lie_where_the_session_heard_them(
    room: Tracks, ledger: Ledger, store: MemoryStore
) -> None:
    track = come(room, "c1", SEAT)
    Device().say(track, 50)
    found = await kept(store, "s1", SEAT)
    assert [int(one.packet) for one in found] == list(range(1, 51))
    assert np.diff([one.start_s for one in found]) == pytest.approx(np.full(49, 0.02), abs=0.001)
    assert track.track.end_s == pytest.approx(found[-1].start_s + 0.02, abs=0.001)


async def test_a_muted_microphone_is_not_kept(
    room: Tracks, ledger: Ledger, store: MemoryStore
) -> None:
    track, device = come(room, "c1", SEAT), Device()
    device.say(track)
    await happen(ledger, Muted(track=SEAT))
    room.follow()
    device.say(track)
    await happen(ledger, Unmuted(track=SEAT))
    room.follow()
    device.say(track)
    assert await numbers(store) == [*range(1, 11), *range(21, 31)]


async def test_what_was_made_up_for_a_lost_packet_is_not_kept(
    room: Tracks, store: MemoryStore
) -> None:
    track, device = come(room, "c1", SEAT), Device()
    device.say(track, 2)
    for origin in (Origin.RECOVERED, Origin.CONCEALED, Origin.SILENT):
        device.say(track, 1, origin)
    device.say(track, 2)
    assert await numbers(store) == [1, 2, 6, 7]


async def test_nothing_is_kept_after_a_withdrawal(
    room: Tracks, ledger: Ledger, store: MemoryStore
) -> None:
    track, device = come(room, "c1", SEAT), Device()
    device.say(track)
    await happen(ledger, ConsentWithdrawn(seat=SEAT))
    room.follow()
    device.say(track)
    assert await numbers(store) == list(range(1, 11))


async def test_nothing_is_kept_of_a_microphone_that_has_gone_or_is_heard_elsewhere(
    room: Tracks, store: MemoryStore
) -> None:
    gone, device = come(room, "c1", SEAT), Device()
    room.finish(gone.track)
    device.say(gone)
    deposed = come(room, "c2", SEAT)
    await room.close()
    device.say(deposed)
    assert await numbers(store) == []
