"""A live microphone without a network: gaps, mute, consent, a journal that fails for a while."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.assembly import Ears
from pipeline.audio import RATE_HZ, Samples, seconds
from pipeline.models import Registry
from server.entries import Draft
from server.errors import ClientError, ErrorCode, JournalUnavailable
from server.events import (
    SYSTEM,
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    Gap,
    Muted,
    RoomConfirmed,
    Segment,
    SessionConfig,
    SessionCreated,
    Unmuted,
    UtteranceFinal,
)
from server.hearing import keeping, track
from server.hearing.ends import REMEMBERED_ENDS
from server.hearing.speaking import QUIET
from server.hearing.tracks import Tracks
from server.journal.protocol import Appended
from server.journal.sqlite.journal import SqliteJournal
from server.ledger import Ledger
from server.media.frames import Frame
from server.messages import Interim, Loudness, Microphone, Signal
from server.operations.metrics import Metrics
from tests.server.fakes import ScriptedExecutor
from tests.server.hearing.coming import Arrival, come, joined
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


class Device:
    """Speaks blocks into a track as if they arrived in time."""

    def __init__(self, track: Arrival, ago_s: float = 60) -> None:
        self._track = track
        self._began = time.monotonic() - ago_s
        self.at = 0

    def say(self, sound: Samples) -> None:
        for start in range(0, sound.size - BLOCK + 1, BLOCK):
            arrived = self._began + seconds(self.at + BLOCK)
            self._track.hear(Frame(sound[start : start + BLOCK], self.at, arrived))
            self.at += BLOCK

    def lose(self, duration_s: float) -> None:
        self.at += int(duration_s * RATE_HZ)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[FlakyJournal]:
    journal = await asyncio.to_thread(FlakyJournal, tmp_path / "journal.sqlite3")
    yield journal
    await journal.close()


async def happen(ledger: Ledger, *events: Event) -> None:
    await ledger.commit(lambda *_: events, by=SYSTEM)


@pytest.fixture
async def ledger(journal: FlakyJournal) -> AsyncIterator[Ledger]:
    ledger = Ledger("s1", journal, "holder", lambda: None)
    await ledger.claim()
    await happen(ledger, SessionCreated(config=SessionConfig()), ConsentGiven(seat=SEAT))
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
    executor = ScriptedExecutor(["들립니다."])
    room = Tracks(ledger, ears, executor, signals.append, evaluate, Metrics())
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
    heard = come(room, "c1", SEAT)
    microphone = Device(heard)
    microphone.say(CLIP[: 2 * RATE_HZ])
    microphone.lose(0.4)
    microphone.say(CLIP[int(2.4 * RATE_HZ) :])
    room.finish(heard.track)
    (final,) = await finals(ledger, journal, 1)
    assert final.end - final.start == pytest.approx(seconds(CLIP.size), abs=0.7)


async def test_a_long_gap_ends_the_utterance_and_keeps_the_clock(
    room: Tracks, ledger: Ledger, journal: FlakyJournal
) -> None:
    heard = come(room, "c1", SEAT)
    microphone = Device(heard)
    microphone.say(CLIP)
    microphone.lose(20)
    microphone.say(CLIP)
    room.finish(heard.track)
    first, second = await finals(ledger, journal, 2)
    apart_s = seconds(CLIP.size) + 20
    assert second.start - first.start == pytest.approx(apart_s, abs=0.3)


async def test_a_microphone_that_falls_silent_ends_its_utterance(
    room: Tracks, ledger: Ledger, journal: FlakyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(track, "WATCH_S", 0.02)
    Device(come(room, "c1", SEAT)).say(CLIP[: 3 * RATE_HZ])
    assert len(await finals(ledger, journal, 1)) == 1


async def test_a_final_waits_for_a_journal_that_fails_for_a_while(
    room: Tracks, ledger: Ledger, journal: FlakyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEEP_PAUSE_S", 0.01)
    heard = come(room, "c1", SEAT)
    journal.failures = 3
    Device(heard).say(CLIP)
    room.finish(heard.track)
    assert len(await finals(ledger, journal, 1)) == 1
    assert journal.failures == 0


async def test_interims_name_the_seat_and_their_place_on_the_session_clock(
    room: Tracks, ledger: Ledger, signals: list[Signal]
) -> None:
    microphone = Device(come(room, "c1", SEAT))
    for second in range(4):
        microphone.say(CLIP[second * RATE_HZ : (second + 1) * RATE_HZ])
        await asyncio.sleep(0.01)
    interim = next(signal for signal in signals if isinstance(signal, Interim))
    assert (interim.speaker, interim.track) == (SEAT, SEAT)
    assert interim.start <= ledger.now()


def levels(signals: list[Signal]) -> list[int]:
    return [signal.level for signal in signals if isinstance(signal, Loudness)]


async def test_everybody_is_told_who_speaks_until_they_are_muted(
    room: Tracks, signals: list[Signal]
) -> None:
    heard = come(room, "c1", SEAT)
    device = Device(heard)
    device.say(CLIP)
    told = levels(signals)
    assert max(told) > -40
    assert len(told) <= 4 * seconds(CLIP.size) + 2
    device.say(CLIP[: 2 * RATE_HZ])
    heard.track.mute(True)
    assert levels(signals)[-1] == QUIET
    signals.clear()
    device.say(CLIP)
    assert levels(signals) == []


async def test_the_level_that_a_sender_tells_is_believed(
    room: Tracks, signals: list[Signal]
) -> None:
    heard = come(room, "c1", SEAT)
    silence = np.zeros(BLOCK, np.float32)
    for number in range(5):
        heard.hear(Frame(silence, number * BLOCK, number * 0.02, level=-17))
    assert levels(signals) == [-17]


async def gaps(ledger: Ledger, count: int) -> list[Gap]:
    """Wait for so many gaps in the record."""

    async def kept() -> bool:
        return len(ledger.session.gaps) >= count

    await eventually(kept)
    return ledger.session.gaps


async def test_a_long_gap_is_kept_and_a_short_one_is_not(room: Tracks, ledger: Ledger) -> None:
    device = Device(come(room, "c1", SEAT))
    device.say(CLIP[: 2 * RATE_HZ])
    device.lose(0.9)
    device.say(CLIP[: 2 * RATE_HZ])
    device.lose(5)
    device.say(CLIP[: 2 * RATE_HZ])
    (gap,) = await gaps(ledger, 1)
    assert (gap.track, gap.reason) == (SEAT, "no_packets")
    assert gap.end - gap.start == pytest.approx(5, abs=0.1)


async def test_what_is_missing_while_muted_is_no_gap(room: Tracks, ledger: Ledger) -> None:
    heard = come(room, "c1", SEAT)
    device = Device(heard)
    device.say(CLIP[: 2 * RATE_HZ])
    heard.track.mute(True)
    device.say(CLIP[: 2 * RATE_HZ])
    device.lose(20)
    device.say(CLIP[: 2 * RATE_HZ])
    device.lose(20)
    heard.track.mute(False)
    device.say(CLIP[: 2 * RATE_HZ])
    room.finish(heard.track)
    await room.settle(10)
    assert ledger.session.gaps == []


async def test_words_after_a_mute_lie_where_they_were_said(
    room: Tracks, ledger: Ledger, journal: FlakyJournal
) -> None:
    heard = come(room, "c1", SEAT)
    device = Device(heard)
    device.say(CLIP)
    heard.track.mute(True)
    for _ in range(3):
        device.say(CLIP)
    heard.track.mute(False)
    device.say(CLIP)
    room.finish(heard.track)
    first, second = await finals(ledger, journal, 2)
    assert second.start - first.start == pytest.approx(4 * seconds(CLIP.size), abs=0.3)
    assert len(ledger.session.spoken) == 2


async def test_a_microphone_that_comes_back_late_leaves_a_gap(room: Tracks, ledger: Ledger) -> None:
    before = come(room, "c1", SEAT)
    Device(before, 60).say(CLIP[: 2 * RATE_HZ])
    after = come(room, "c2", SEAT)  # Before the older connection is known to be dead.
    Device(after, 50).say(CLIP[: 2 * RATE_HZ])
    (gap,) = await gaps(ledger, 1)
    assert (gap.track, gap.reason) == (SEAT, "reconnected")
    assert gap.end - gap.start == pytest.approx(8, abs=0.1)
    assert list(room) == [after.track]


async def test_a_microphone_that_was_muted_when_it_left_leaves_no_gap(
    room: Tracks, ledger: Ledger
) -> None:
    before = come(room, "c1", SEAT)
    device = Device(before, 60)
    device.say(CLIP[: 2 * RATE_HZ])
    before.track.mute(True)
    device.say(CLIP[:BLOCK])
    room.finish(before.track)
    Device(come(room, "c2", SEAT), 50).say(CLIP[: 2 * RATE_HZ])
    await room.settle(10)
    assert ledger.session.gaps == []


async def test_what_a_process_that_died_had_heard_after_the_last_words_is_a_gap(
    room: Tracks, ledger: Ledger
) -> None:
    await happen(ledger, joined(SEAT), joined(None))
    await happen(ledger, said(SEAT, 0, 2), said(SEAT, 3, 5), said("지원자_2", 1, 8))
    room.recall({f"p.{SEAT}", "p.None"})
    device = Device(come(room, "c1", SEAT), 0)
    device.lose(30)
    device.say(CLIP[: 2 * RATE_HZ])
    (gap,) = await gaps(ledger, 1)
    assert (gap.track, gap.start, gap.reason) == (SEAT, 5, "reconnected")


@pytest.mark.parametrize("event", [Muted(track=SEAT), ConsentWithdrawn(seat=SEAT)])
async def test_who_was_not_heard_when_a_process_died_missed_nothing(
    room: Tracks, ledger: Ledger, event: Event
) -> None:
    await happen(ledger, joined(SEAT), said(SEAT, 0, 2), event)
    room.recall({f"p.{SEAT}"})
    await happen(ledger, Unmuted(track=SEAT), ConsentGiven(seat=SEAT))
    device = Device(come(room, "c1", SEAT), 0)
    device.lose(30)
    device.say(CLIP[: 2 * RATE_HZ])
    await room.settle(10)
    assert ledger.session.gaps == []


async def test_nobody_is_listened_to_without_consent(room: Tracks, ledger: Ledger) -> None:
    for speaker in ("지원자_2", None):
        with pytest.raises(ClientError) as caught:
            come(room, "c1", speaker)
        assert caught.value.code is ErrorCode.CONSENT_REQUIRED
    await happen(ledger, RoomConfirmed())
    assert come(room, "c1", None).track.name == "room-c1"


async def test_a_withdrawal_ends_the_persons_track_and_every_room_microphone(
    room: Tracks, ledger: Ledger, signals: list[Signal]
) -> None:
    await happen(ledger, RoomConfirmed(), ConsentGiven(seat="지원자_2"))
    for connection, speaker in (("c1", SEAT), ("c2", "지원자_2"), ("c3", None), ("c4", None)):
        come(room, connection, speaker)
    await happen(ledger, ConsentWithdrawn(seat=SEAT))
    room.follow()
    assert [heard.name for heard in room] == ["지원자_2"]
    assert {signal.track for signal in signals if signal_of(signal) == "off"} == {
        SEAT,
        "room-c3",
        "room-c4",
    }


async def test_the_journal_says_who_is_muted(room: Tracks, ledger: Ledger) -> None:
    heard = come(room, "c1", SEAT)
    await happen(ledger, Muted(track=SEAT))
    room.follow()
    assert heard.track.is_muted
    await happen(ledger, Unmuted(track=SEAT))
    room.follow()
    assert not heard.track.is_muted


async def test_sound_that_comes_after_the_end_of_its_track_is_ignored(
    room: Tracks, ledger: Ledger, journal: FlakyJournal
) -> None:
    heard = come(room, "c1", SEAT)
    device = Device(heard)
    device.say(CLIP[: 3 * RATE_HZ])
    room.finish(heard.track)
    device.say(CLIP)
    await room.settle(10)
    device.say(CLIP)
    (final,) = await finals(ledger, journal, 1)
    assert final.end - final.start < 3.1


async def test_a_track_that_was_replaced_can_be_finished_without_harm_to_the_new_one(
    room: Tracks, ledger: Ledger, signals: list[Signal]
) -> None:
    before = come(room, "c1", SEAT)
    after = come(room, "c2", SEAT)
    room.finish(before.track)
    assert list(room) == [after.track]
    assert room.of("c1") is None
    assert room.of("c2") is after.track
    assert "off" not in map(signal_of, signals)


async def test_only_so_many_microphones_that_have_gone_are_remembered(
    room: Tracks, ledger: Ledger
) -> None:
    await happen(ledger, RoomConfirmed())
    tokens = []
    for number in range(REMEMBERED_ENDS + 1):
        heard = come(room, f"c{number}", None)
        tokens.append(heard.token)
        Device(heard).say(CLIP[: 2 * BLOCK])
        room.finish(heard.track)
    for number in (0, REMEMBERED_ENDS):
        back = come(room, f"back{number}", None, tokens[number])
        Device(back, 50).say(CLIP[: 2 * BLOCK])
    (gap,) = await gaps(ledger, 1)
    assert gap.track == f"room-c{REMEMBERED_ENDS}"


def said(track: str, start: float, end: float) -> UtteranceFinal:
    segment = Segment(
        segment=f"{track} {start}",
        voice=None,
        words=((start, end, "네.", 0.9),),
        text_confidence=0.9,
        voice_confidence=0.0,
    )
    return UtteranceFinal(
        utterance=segment.segment, track=track, start=start, end=end, segments=(segment,)
    )


def signal_of(signal: Signal) -> str | None:
    return signal.state if isinstance(signal, Microphone) else None
