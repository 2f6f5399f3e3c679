"""A live microphone without a network: gaps, silence, and a journal that fails for a while."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from pipeline.assembly import Ears
from pipeline.audio import RATE_HZ, Samples, seconds
from pipeline.models import Registry
from server import tracks
from server.errors import JournalUnavailable
from server.events import SYSTEM, Draft, SessionConfig, SessionCreated, UtteranceFinal
from server.journal.protocol import Appended
from server.journal.sqlite import SqliteJournal
from server.ledger import Ledger
from server.messages import Interim, Signal
from server.tracks import Track, Tracks
from tests.server.fakes import ScriptedExecutor
from tests.server.talk import eventually
from tests.speech.clips import load

BLOCK = 320
SEAT = "지원자_1"
CLIP = load("applicant1_skills.flac").samples


class FlakyJournal(SqliteJournal):
    """A journal that fails as often as it is told."""

    failures = 0

    async def append(
        self,
        session: str,
        drafts: Sequence[Draft],
        *,
        expect: int | None = None,
        epoch: int | None = None,
    ) -> Appended:
        if self.failures:
            self.failures -= 1
            raise JournalUnavailable
        return await super().append(session, drafts, expect=expect, epoch=epoch)


class Microphone:
    """Speaks blocks into a track as if they arrived in time."""

    def __init__(self, track: Track) -> None:
        self._track = track
        self._began = time.monotonic() - 60
        self.at = 0

    def say(self, sound: Samples) -> None:
        for start in range(0, sound.size - BLOCK + 1, BLOCK):
            arrived = self._began + seconds(self.at + BLOCK)
            self._track.hear(sound[start : start + BLOCK], self.at, arrived)
            self.at += BLOCK

    def lose(self, duration_s: float) -> None:
        self.at += int(duration_s * RATE_HZ)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[FlakyJournal]:
    journal = await asyncio.to_thread(FlakyJournal, tmp_path / "journal.sqlite3")
    yield journal
    await journal.close()


@pytest.fixture
async def ledger(journal: FlakyJournal) -> AsyncIterator[Ledger]:
    ledger = Ledger("s1", journal, "holder", lambda: None)
    await ledger.claim()
    await ledger.commit(lambda *_: [SessionCreated(config=SessionConfig())], by=SYSTEM)
    yield ledger
    await ledger.close()


@pytest.fixture
def signals() -> list[Signal]:
    return []


@pytest.fixture
async def room(ledger: Ledger, signals: list[Signal]) -> AsyncIterator[Tracks]:
    async def evaluate() -> None:
        """Nobody judges here."""

    ears = await asyncio.to_thread(Ears.load, Registry.default())
    room = Tracks(ledger, ears, ScriptedExecutor(["들립니다."]), signals.append, evaluate)
    yield room
    await room.settle(10)
    await room.close()
    await asyncio.to_thread(ears.close)


async def finals(ledger: Ledger, journal: SqliteJournal, count: int) -> list[UtteranceFinal]:
    """Wait for so many finals in the journal."""

    async def spoken() -> bool:
        return len(ledger.session.spoken) >= count

    await eventually(spoken)
    entries = await journal.read("s1")
    return [entry.event for entry in entries if isinstance(entry.event, UtteranceFinal)]


async def test_a_short_gap_is_heard_as_silence_inside_the_utterance(
    room: Tracks, ledger: Ledger, journal: FlakyJournal
) -> None:
    track = room.open("c1", SEAT)
    microphone = Microphone(track)
    microphone.say(CLIP[: 2 * RATE_HZ])
    microphone.lose(0.4)
    microphone.say(CLIP[int(2.4 * RATE_HZ) :])
    room.finish(track)
    (final,) = await finals(ledger, journal, 1)
    assert final.end - final.start == pytest.approx(seconds(CLIP.size), abs=0.7)


async def test_a_long_gap_ends_the_utterance_and_keeps_the_clock(
    room: Tracks, ledger: Ledger, journal: FlakyJournal
) -> None:
    track = room.open("c1", SEAT)
    microphone = Microphone(track)
    microphone.say(CLIP)
    microphone.lose(20)
    microphone.say(CLIP)
    room.finish(track)
    first, second = await finals(ledger, journal, 2)
    apart_s = seconds(CLIP.size) + 20
    assert second.start - first.start == pytest.approx(apart_s, abs=0.3)


async def test_a_microphone_that_falls_silent_ends_its_utterance(
    room: Tracks, ledger: Ledger, journal: FlakyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracks, "WATCH_S", 0.02)
    Microphone(room.open("c1", SEAT)).say(CLIP[: 3 * RATE_HZ])
    assert len(await finals(ledger, journal, 1)) == 1


async def test_a_final_waits_for_a_journal_that_fails_for_a_while(
    room: Tracks, ledger: Ledger, journal: FlakyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracks, "KEEP_PAUSE_S", 0.01)
    track = room.open("c1", SEAT)
    journal.failures = 3
    Microphone(track).say(CLIP)
    room.finish(track)
    assert len(await finals(ledger, journal, 1)) == 1
    assert journal.failures == 0


async def test_interims_name_the_seat_and_their_place_on_the_session_clock(
    room: Tracks, ledger: Ledger, signals: list[Signal]
) -> None:
    microphone = Microphone(room.open("c1", SEAT))
    for second in range(4):
        microphone.say(CLIP[second * RATE_HZ : (second + 1) * RATE_HZ])
        await asyncio.sleep(0.01)
    interim = next(signal for signal in signals if isinstance(signal, Interim))
    assert (interim.speaker, interim.track) == (SEAT, SEAT)
    assert interim.start <= ledger.now()
