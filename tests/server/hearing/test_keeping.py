"""What a microphone led to on its way into the journal: in order, one after the other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.errors import SessionOver
from server.events import SYSTEM, Event, SessionConfig, SessionCreated
from server.hearing.keeping import Keeper
from server.journal.sqlite.journal import SqliteJournal
from server.ledger import Ledger
from server.operations.metrics import Metrics
from server.session import Session
from tests.server.stories import said


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    journal = await asyncio.to_thread(SqliteJournal, tmp_path / "journal.sqlite3")
    ledger = Ledger("s1", journal, "holder", lambda: None)
    await ledger.claim()
    await ledger.commit(lambda *_: [SessionCreated(config=SessionConfig())], by=SYSTEM)
    yield ledger
    await ledger.close()
    await journal.close()


async def test_everything_is_kept_in_its_order_up_to_the_end(ledger: Ledger) -> None:
    keeper = Keeper("t1", ledger, Metrics())
    keeper.put(lambda *_: [said("u1", "네")])
    keeper.put(lambda *_: [said("u2", "네")])
    keeper.put(lambda *_: [said("u3", "네")])
    keeper.end()
    await keeper.run()
    assert list(ledger.session.utterances) == ["u1", "u2", "u3"]


async def test_what_cannot_be_kept_does_not_hold_back_the_rest(ledger: Ledger) -> None:
    def broken(session: Session, at: float) -> list[Event]:
        raise ArithmeticError

    def refused(session: Session, at: float) -> list[Event]:
        raise SessionOver

    metrics = Metrics()
    keeper = Keeper("t1", ledger, metrics)
    for decide in (broken, refused, lambda *_: [said("u1", "네")]):
        keeper.put(decide)
    keeper.end()
    await keeper.run()
    assert list(ledger.session.utterances) == ["u1"]
    assert b'daedam_drops_total{reason="not_kept"} 2.0' in await metrics.text()
