"""A room without a network, and a phone in it that loses its connection."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pipeline.models import Registry
from server.clock import SessionClock
from server.events import (
    SYSTEM,
    ConsentGiven,
    SessionConfig,
    SessionCreated,
)
from server.hearing.tracks import Tracks
from server.journal.sqlite.journal import SqliteJournal
from server.ledger import Ledger
from server.operations.metrics import Metrics
from tests.server.fakes import ScriptedExecutor
from tests.server.hearing.phones import (
    SEAT,
    TAPES,
    Phone,
    TapedEars,
)
from tests.server.hearing.uncut import NOW_S, SOUND


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    journal = await asyncio.to_thread(SqliteJournal, tmp_path / "journal.sqlite3")
    yield journal
    await journal.close()


@pytest.fixture
async def ledger(journal: SqliteJournal) -> AsyncIterator[Ledger]:
    ledger = Ledger("s1", journal, "holder", lambda: None)
    await ledger.claim()
    await ledger.commit(
        lambda *_: (SessionCreated(config=SessionConfig()), ConsentGiven(seat=SEAT)), by=SYSTEM
    )
    ledger.clock = SessionClock(NOW_S)
    yield ledger
    await ledger.close()


@pytest.fixture
def hold_s() -> float:
    return 30.0


@pytest.fixture
def executor() -> ScriptedExecutor:
    return ScriptedExecutor(["들립니다."])


@pytest.fixture
async def room(ledger: Ledger, executor: ScriptedExecutor, hold_s: float) -> AsyncIterator[Tracks]:
    async def evaluate() -> None:
        """Nobody judges here."""

    TAPES.clear()
    ears = await asyncio.to_thread(TapedEars.load, Registry.default())
    room = Tracks(
        ledger,
        ears,
        executor,
        lambda _: None,
        evaluate,
        Metrics(),
        hold_s=hold_s,
    )
    yield room
    await room.settle(10)
    await room.close()
    await asyncio.to_thread(ears.close)


@pytest.fixture
def phone(room: Tracks, ledger: Ledger) -> Phone:
    return Phone(room, SOUND, ledger.now())
